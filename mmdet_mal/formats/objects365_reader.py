"""Objects365 v2 JSON: COCO's layout, names of a folder that nobody has."""

import re
from collections.abc import Sequence
from typing import Any

from .coco_reader import CocoReader, check_images
from .image_folder import ImageFolder
from .probe import Probe
from .tally import Tally

# images/v1/patch8/objects365_v1_00420917.jpg, unpacked as patch8/objects365_….
_NAME = re.compile(r'(?:.*/)?(patch\d+/objects365_v\d_\d+\.jpg)')
# Named in the file and in no archive; stock mmdet leaves them out too.
_ABSENT = frozenset((
    'patch16/objects365_v2_00908726.jpg', 'patch6/objects365_v1_00320532.jpg',
    'patch6/objects365_v1_00320534.jpg'))


class Objects365Reader(CocoReader):
    """Objects365 v2.

    Images get the names under which the archives unpack (``patch8/….jpg``),
    and three that no archive holds are left out with their boxes.
    """

    name = 'objects365'
    summary = ('Objects365 v2 JSON; images as patchN/….jpg (all in memory: for '
               'parts of it)')
    refines = ('coco', )

    def recognise(self, probe: Probe) -> bool:
        if not super().recognise(probe):
            return False
        image = probe.json_outline['images']
        name = image.get('file_name') if isinstance(image, dict) else None
        return isinstance(name, str) and bool(_NAME.fullmatch(name))

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             **options: Any) -> dict[str, Any]:
        data = super().read(path, None, tally, **options)
        absent = {entry.get('id') for entry in data['images']
                  if entry.get('file_name') in _ABSENT}
        if absent:
            tally.add('images that no archive of Objects365 holds are left out, '
                      'with their boxes', path, len(absent))
            data['images'] = [entry for entry in data['images']
                              if entry.get('id') not in absent]
            data['annotations'] = [entry for entry in data['annotations']
                                   if entry.get('image_id') not in absent]
        if images is not None:
            check_images(data, images, path, options.get('exif'), tally)
        return data

    def _name_images(self, entries: Sequence[dict[str, Any]]) -> None:
        for entry in entries:
            name = entry.get('file_name')
            found = _NAME.fullmatch(name) if isinstance(name, str) else None
            if found:
                entry['file_name'] = found[1]

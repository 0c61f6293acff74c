"""LVIS v1 JSON."""

from collections.abc import Sequence
from typing import Any

from .coco_reader import CocoReader
from .probe import Probe

_COCO_HOST = 'http://images.cocodataset.org/'


class LvisReader(CocoReader):
    """LVIS v1: COCO's layout, image names within ``coco_url``."""

    name = 'lvis'
    summary = 'LVIS v1 JSON; masks in it are dropped, its extra keys are kept'
    refines = ('coco', )

    def recognise(self, probe: Probe) -> bool:
        if not super().recognise(probe):
            return False
        image = probe.json_outline['images']
        category = probe.json_outline.get('categories')
        return ((isinstance(image, dict) and 'neg_category_ids' in image)
                or (isinstance(category, dict) and 'synset' in category
                    and 'frequency' in category))

    def _name_images(self, entries: Sequence[dict[str, Any]]) -> None:
        for entry in entries:
            address = entry.get('coco_url')
            if not entry.get('file_name') and isinstance(address, str):
                # 'train2017/000000391895.jpg', as stock mmdet reads it.
                entry['file_name'] = address.removeprefix(_COCO_HOST)

"""LVIS v1 JSON."""

import collections
import json
from collections.abc import Iterator
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import MaskWriter
from .coco_file import write_lines
from .mask import Annotation
from .mask_set import MaskSet
from .tally import Tally

_COCO_HOST = 'http://images.cocodataset.org/'
# Images of a class: up to 10 are rare, up to 100 common, else frequent.
_RARE, _COMMON = 10, 100


class LvisWriter(MaskWriter):
    """LVIS v1: what the input lacks of its members is filled in."""

    name = 'lvis'
    summary = 'LVIS v1 JSON with masks (RLE)'
    out_kind = 'file'

    def write(self, masks: MaskSet, out: str, tally: Tally,
              **options: Any) -> None:
        instances: collections.Counter = collections.Counter()
        images_of: dict[Any, set] = collections.defaultdict(set)

        def kept() -> Iterator[Annotation]:
            for annotation in masks.annotations():
                where = f"annotation {annotation.get('id')}"
                if annotation.get('iscrowd') == 1 or annotation.get('ignore'):
                    tally.add('crowd and ignored regions are left out: LVIS has '
                              'none', where)
                elif not annotation.get('segmentation'):
                    tally.add('annotations have no mask and are left out', where)
                else:
                    instances[annotation.get('category_id')] += 1
                    images_of[annotation.get('category_id')].add(
                        annotation.get('image_id'))
                    yield {key: value for key, value in annotation.items()
                           if key != 'iscrowd'}

        with open(out, 'w', encoding='utf-8') as file:
            file.write('{')
            for key in masks.source.keys():
                # Classes count their images, so they come behind annotations.
                if key in ('images', 'annotations', 'categories'):
                    continue
                file.write(f'{json.dumps(key)}: ')
                if masks.source.is_list(key):
                    write_lines(file, masks.source.entries(key))
                else:
                    value = masks.source.value(key)
                    file.write(json.dumps(masks.annotate(key, value)))
                file.write(',\n')
            file.write('"images": ')
            write_lines(file, (_as_image(entry, masks.path, tally)
                               for entry in masks.source.entries('images')))
            file.write(',\n"annotations": ')
            write_lines(file, kept())
            file.write(',\n"categories": ')
            write_lines(file, (
                _as_category(entry, len(images_of[entry.get('id')]),
                             instances[entry.get('id')], tally)
                for entry in masks.categories))
            file.write('}\n')


def _as_image(entry: dict[str, Any], path: str, tally: Tally) -> dict[str, Any]:
    """An image with the members of LVIS."""
    if 'coco_url' not in entry:
        if not isinstance(entry.get('file_name'), str):
            raise UserError(f"{path}: image {entry.get('id')}: has no file_name")
        tally.add("images get a 'coco_url' made of their file name, as mmdet reads "
                  'it', f"image {entry.get('id')}")
        entry = {**entry, 'coco_url': _COCO_HOST + entry['file_name']}
    return {'neg_category_ids': [], 'not_exhaustive_category_ids': [], **entry}


def _as_category(entry: dict[str, Any], images: int, instances: int,
                 tally: Tally) -> dict[str, Any]:
    """A class with the members of LVIS; those that it has stay."""
    name = str(entry.get('name'))
    frequency = 'r' if images <= _RARE else 'c' if images <= _COMMON else 'f'
    if 'frequency' not in entry:
        tally.add('classes get a frequency (r, c, f) by their images in this file, '
                  'which is not that of LVIS', f'class {name}')
    return {'synset': name, 'synonyms': [name], 'def': '', 'frequency': frequency,
            **entry, 'image_count': images, 'instance_count': instances}

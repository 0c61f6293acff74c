"""PASCAL VOC: pictures of classes and of objects, by palette."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from mmdet_mal.utils.errors import UserError

from .base import MaskWriter
from .mask_set import ImageMasks, MaskSet
from .output_names import OutputNames
from .progress import watch_images
from .tally import Tally

_VOID = 255
# 0 is background, 255 is void.
_MOST = 254
_REGIONS = 'crowd and ignored regions are drawn as void (255)'


class VocWriter(MaskWriter):
    """SegmentationClass and SegmentationObject, with VOC's palette."""

    name = 'voc-png'
    summary = ('folder with SegmentationClass/ and SegmentationObject/ (PNG with '
               'palette), labelmap.txt, ImageSets/')

    def write(self, masks: MaskSet, out: str, tally: Tally,
              **options: Any) -> None:
        if len(masks.class_names) > _MOST:
            raise UserError(f'{masks.path}: has {len(masks.class_names)} classes; PNG '
                            f'with palette holds {_MOST}; take --to png')
        palette = voc_palette()
        names, stems = OutputNames(), []
        for found in watch_images(masks.by_image(), masks.num_images):
            stem = names.stem(found.image['file_name'])
            stems.append(stem)
            for folder, picture in zip(('SegmentationClass', 'SegmentationObject'),
                                       _draw(found, tally), strict=True):
                path = os.path.join(out, folder, f'{stem}.png')
                os.makedirs(os.path.dirname(path), exist_ok=True)
                image = Image.fromarray(picture)
                image.putpalette(palette.reshape(-1).tolist())
                image.save(path, 'PNG')
        sets = os.path.join(out, 'ImageSets', 'Segmentation')
        os.makedirs(sets, exist_ok=True)
        with open(os.path.join(sets, 'all.txt'), 'w', encoding='utf-8') as file:
            file.writelines(f'{stem}\n' for stem in stems)
        _write_labels(out, masks.class_names, palette,
                      bool(tally.count(_REGIONS)))


def _write_labels(out: str, class_names: Sequence[str], palette: np.ndarray,
                  void: bool) -> None:
    """Write the list of colours as CVAT and Datumaro read it.

    Args:
        out: Folder.
        class_names: In the order of their numbers, from 1.
        palette: (256, 3).
        void: Whether void was drawn; else it has no colour in the list.
    """
    names = list(enumerate(['background', *class_names]))
    names += [(_VOID, 'ignored')] if void else []
    with open(os.path.join(out, 'labelmap.txt'), 'w', encoding='utf-8') as file:
        file.write('# label:color_rgb:parts:actions\n')
        for number, name in names:
            text = ' '.join(name.replace(':', ' ').split())
            file.write(f"{text}:{','.join(map(str, palette[number]))}::\n")


def voc_palette() -> np.ndarray:
    """VOC's colours, shape (256, 3), uint8: the bits of a number, three by three,
    become the high bits of red, green and blue."""
    numbers = np.arange(256)
    colours = np.zeros((256, 3), np.uint8)
    for bit in range(8):
        for channel in range(3):
            colours[:, channel] |= (
                (numbers >> (3 * (bit % 8) + channel) & 1) << (7 - bit)
                ).astype(np.uint8)
    return colours


def _draw(found: ImageMasks, tally: Tally) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of the classes and the objects of an image, (h, w) uint8."""
    width, height = found.size
    classes = np.zeros((height, width), np.uint8)
    objects = np.zeros((height, width), np.uint8)
    for region in found.regions:
        pixels, x, y = region.window()
        spot = np.s_[y:y + pixels.shape[0], x:x + pixels.shape[1]]
        for picture in (classes, objects):
            picture[spot][pixels] = _VOID
        tally.add(_REGIONS, f'annotation {region.id}')
    areas = [int(mask.runs[1::2].sum()) for mask in found.masks]
    # Large ones first, so that small ones, which lie in front, stay whole.
    order = sorted(range(len(areas)), key=lambda i: -areas[i])
    drawn = np.zeros((height, width), bool)
    for number, i in enumerate(order):
        mask = found.masks[i]
        where = f'annotation {mask.id}'
        pixels, x, y = mask.window()
        spot = np.s_[y:y + pixels.shape[0], x:x + pixels.shape[1]]
        covered = int((drawn[spot] & pixels).sum())
        if covered:
            tally.add('pixels belong to several masks and go to the smallest',
                      where, covered)
        drawn[spot] |= pixels
        classes[spot][pixels] = mask.label_index + 1
        # The numbers are those of the file's order as long as they suffice.
        objects[spot][pixels] = i + 1 if len(order) <= _MOST else min(
            number + 1, _MOST + 1)
        if len(order) > _MOST and number >= _MOST:
            tally.add('masks are more than the 254 objects that an image can have '
                      'and are void in SegmentationObject (the smallest)', where)
        if mask.score is not None:
            tally.add('scores are left out: PNG has none', where)
    for i, mask in enumerate(found.masks):
        if len(order) <= _MOST and not (objects == i + 1).any():
            tally.add('masks are hidden wholly by smaller ones',
                      f'annotation {mask.id}')
    return classes, objects

"""YOLO-seg: a text file an image, an outline a line."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
import yaml

from mmdet_mal.utils.errors import UserError

from .base import MaskWriter
from .fidelity import Fidelity
from .mask import Mask
from .mask_set import MaskSet
from .option import Option
from .outlines import join_rings, simplify_ring
from .output_names import OutputNames, open_output
from .polygon_options import simplify_option
from .progress import watch_images
from .tally import Tally

_MIN_POINTS = 3


class YoloWriter(MaskWriter):
    """YOLO segmentation labels and their data.yaml.

    Trainers fill a polygon with its border (``cv2.fillPoly``), so outlines run
    through the centres of the outermost pixels, as those of Ultralytics do.
    A line holds one polygon.  Parts of an object are joined by bridges of no
    width, as Ultralytics' own converter does; holes too, unless they are to be
    filled.
    """

    name = 'yolo-seg'
    summary = 'folder with labels/*.txt (outlines) and data.yaml'
    options = (
        simplify_option(1.),
        Option('holes', 'cut holes out by bridges of no width, or fill them',
               choices=('bridge', 'fill'), default='bridge'),
        Option('link_images', 'folder of the images, which is linked to where '
               'data.yaml looks for them', metavar='DIR'))

    def write(self, masks: MaskSet, out: str, tally: Tally, simplify: float = 1.,
              holes: str = 'bridge', link_images: str | None = None,
              **options: Any) -> None:
        if link_images is not None and not os.path.isdir(link_images):
            raise UserError(f'{link_images}: no such folder of images '
                            '(--link-images)')
        names, fidelity = OutputNames(), Fidelity(tally, fill_as_trainers)
        folders: dict[str, None] = {}  # of images, in order
        for found in watch_images(masks.by_image(), masks.num_images):
            prefix, inside = _split(names.stem(found.image['file_name']))
            folders.setdefault(prefix)
            lines = []
            for mask in found.masks:
                ring = _outline(mask, simplify, holes, fidelity, tally)
                if ring is not None:
                    numbers = (ring / found.size).reshape(-1)
                    text = ' '.join(f'{number:.6f}' for number in numbers)
                    lines.append(f'{mask.label_index} {text}\n')
                    if mask.score is not None:
                        tally.add('scores are left out: YOLO labels have none',
                                  f'annotation {mask.id}')
            for mask in found.regions:
                tally.add('crowd and ignored regions are left out: YOLO has none',
                          f'annotation {mask.id}')
            labels = prefix.removesuffix('images') + 'labels'
            with open_output(out, f'{labels}/{inside}.txt') as file:
                file.writelines(lines)
        with open_output(out, 'data.yaml') as file:
            yaml.safe_dump(
                dict(train=list(folders), val=list(folders),
                     names=dict(enumerate(masks.class_names))),
                file, sort_keys=False, allow_unicode=True)
        if link_images is not None:
            _link(out, link_images, folders)
        else:
            tally.note(f"data.yaml looks for the images in {', '.join(folders)} beside "
                       'it: put or link them there (--link-images does)')
        tally.note('train and val are the same in data.yaml: set them')
        fidelity.report()


def _split(stem: str) -> tuple[str, str]:
    """Folder of the images that a trainer exchanges for 'labels', and the rest.

    Trainers exchange the last folder 'images' of an image's path, so where the
    names of the images have such a folder, it must be that one.
    """
    folders, _, name = stem.rpartition('/')
    parts = folders.split('/')
    if 'images' not in parts:
        return 'images', stem
    last = len(parts) - parts[::-1].index('images')
    return '/'.join(parts[:last]), '/'.join([*parts[last:], name])


def _link(out: str, images: str, folders: Iterable[str]) -> None:
    """Link the folders of the images to where a trainer looks for them."""
    for folder in folders:
        source = os.path.join(images, folder)
        if not os.path.isdir(source):  # the names had no folder 'images'
            source = images
        place = os.path.join(out, folder)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        os.symlink(os.path.abspath(source), place, target_is_directory=True)


def _outline(mask: Mask, simplify: float, holes: str, fidelity: Fidelity,
             tally: Tally) -> np.ndarray | None:
    """One polygon of a mask, in pixels of the image; None if it is empty.

    A pixel's centre lies half a pixel from its borders.
    """
    where = f'annotation {mask.id}'
    pixels, left, top = mask.window()
    if not pixels.size:
        tally.add('masks are empty and are left out', where)
        return None
    contours, tree = cv2.findContours(pixels.astype(np.uint8), cv2.RETR_CCOMP,
                                      cv2.CHAIN_APPROX_SIMPLE)
    rings = [contour.reshape(-1, 2) for contour in contours]
    parts = [ring for ring, (_, _, _, parent) in zip(rings, tree[0], strict=True)
             if parent < 0]
    if len(parts) > 1:
        tally.add('masks have several parts, joined by bridges of no width, which '
                  'trainers draw as lines', where)
    if len(parts) < len(rings):
        tally.add('masks have holes, which are filled' if holes == 'fill' else
                  'masks have holes, cut out by bridges of no width, which '
                  'trainers draw as lines', where)
    if holes == 'fill':
        rings = parts
    ring, = fidelity.simplify(mask, pixels, simplify, lambda pixel: [
        join_rings([simplify_ring(ring, pixel) for ring in rings])])
    # Of one or two pixels; a reader asks for three points.
    ring = np.concatenate([ring] + [ring[-1:]] * (_MIN_POINTS - len(ring)))
    return ring + (left + .5, top + .5)


def fill_as_trainers(rings: Sequence[np.ndarray],
                     shape: tuple[int, int]) -> np.ndarray:
    """Draw polygons through pixel centres by parity, borders included."""
    canvas = np.zeros(shape, np.uint8)
    cv2.fillPoly(canvas, [ring.astype(np.int32) for ring in rings], 1)
    return canvas > 0

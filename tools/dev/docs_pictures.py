"""Draw the picture of README.md from label runs on two free data sets.

    python tools/label.py configs/mal/instant_deit-ti.py --ann CATS.json \\
        --images CATS/ --out cats_masks.json          # likewise for the nuclei
    python tools/dev/docs_pictures.py docs/img/boxes_to_masks.jpg \\
        cats_masks.json CATS.json CATS/ 2  nuclei_masks.json NUCLEI.json NUCLEI/ 1

For each set it takes the images whose mean IoU lies at the middle of the set (for
two images: at a third and at two thirds), so that the picture is typical and not
the best.  feral_cats (dev part, 41 images) is in the public domain; of nuclei
(CC0) every fourth dev image was labelled.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

import mmdet_mal  # noqa: F401  its shields come first
from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.datasets.images import read_image
from mmdet_mal.demo.pictures import xyxy
from mmdet_mal.evaluation.mask_iou import mask_ious
from mmdet_mal.structures.rle import rle_to_mask, segmentation_to_rle
from mmdet_mal.visualization import (draw_boxes, instance_colours, overlay_masks,
                                     picture_grid)

CAPTIONS = ('boxes (input)', 'masks, without training', 'drawn by people')
CELL_PX = (300, 300)
JPEG_QUALITY = 80


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('out', help='JPEG to write')
    parser.add_argument('sets', nargs='+', metavar='MASKS HUMAN IMAGES ROWS',
                        help='four words a data set')
    args = parser.parse_args()
    if len(args.sets) % 4:
        parser.error('four words a data set: MASKS HUMAN IMAGES ROWS')
    return args


def typical_images(masks: str, human: dict, count: int) -> list[int]:
    """Ids of the images in the middle of the set, by mean IoU."""
    columns = mask_ious(masks, human)
    by_image = {image_id: columns.ious[columns.image_ids == image_id].mean()
                for image_id in np.unique(columns.image_ids)}
    ranked = sorted(by_image, key=by_image.get)
    places = [(number + 1) / (count + 1) for number in range(count)]
    chosen = [ranked[int(place * len(ranked))] for place in places]
    for image_id in chosen:
        print(f'image {image_id}: mean IoU {by_image[image_id]:.3f}')
    print(f'set: {columns.ious.mean():.3f}')
    return chosen


def row_of(image_id: int, masks: dict, human: dict, image_dir: str) -> list:
    """Image with boxes, with our masks, with people's masks."""
    entry = next(e for e in human['images'] if e['id'] == image_id)
    img = read_image(str(Path(image_dir) / entry['file_name']), 'the picture')
    people = {ann['id']: ann for ann in human['annotations']
              if ann['image_id'] == image_id and not ann.get('iscrowd')}
    ours = {ann['id']: ann for ann in masks['annotations'] if ann['id'] in people}
    # Large ones first, or they would hide the others.
    order = sorted(people, key=lambda key: -people[key]['area'])
    colours = instance_colours(len(order))
    row = [draw_boxes(img, [xyxy(people[key]['bbox']) for key in order], colours,
                      thickness=2)]
    for anns in (ours, people):
        row.append(overlay_masks(img, [
            rle_to_mask(segmentation_to_rle(anns[key]['segmentation'],
                                            *img.shape[:2])) for key in order],
            colours))
    return row


def main() -> None:
    args = parse_args()
    rows = []
    for start in range(0, len(args.sets), 4):
        masks_file, human_file, image_dir, count = args.sets[start:start + 4]
        human = load_annotation_file(human_file)
        masks = load_annotation_file(masks_file)
        for image_id in typical_images(masks_file, human, int(count)):
            rows.append(row_of(image_id, masks, human, image_dir))
    grid = picture_grid(rows, CAPTIONS, CELL_PX)
    if not cv2.imwrite(args.out, grid, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise OSError(f'{args.out}: the picture could not be written')


if __name__ == '__main__':
    main()

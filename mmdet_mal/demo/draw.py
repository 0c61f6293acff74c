"""Draw a small data set for the demo: pictures, boxes, and masks for scoring."""

import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from mmdet_mal.demo.scene import Scene, draw_scene
from mmdet_mal.demo.shapes import SHAPES
from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.structures.rle import encode_window, rle_area

IMAGE_SIDES = (256, 320)
OBJECTS = (4, 8)
JPEG_QUALITY = 92
# The files of a drawn set, by what they hold.
FILES = dict(
    boxes_train='boxes_train.json', instances_train='instances_train.json',
    boxes_val='boxes_val.json', instances_val='instances_val.json')


def draw_dataset(folder: str | Path, seed: int = 0,
                 num_train: int = 200, num_val: int = 40,
                 show_progress: bool = True) -> dict[str, str]:
    """Draw pictures and write their annotations in COCO form.

    Writes ``images/*.jpg`` and the JSON files of ``FILES``.  ``boxes_*`` hold
    no masks (``area`` is the area of the box), ``instances_*`` the same
    annotations with the visible part of each object as RLE.  A picture
    depends on the seed, its split and its number only, so a larger set begins
    with the pictures of a smaller one.

    Args:
        folder (str | Path): where to write; files of an earlier drawing are
            replaced, JSON files last.
        seed (int): at least 0.
        num_train (int): pictures to train on, at least 1.
        num_val (int): pictures to score on, at least 1.
        show_progress (bool): whether to draw a progress bar on stderr.

    Returns:
        dict: path of each JSON by its key in ``FILES``.

    Raises:
        ValueError: a negative seed or no pictures.
        OSError: the folder cannot be written.
    """
    if seed < 0 or min(num_train, num_val) < 1:
        raise ValueError(
            f'seed {seed}, num_train {num_train}, num_val {num_val}: the seed '
            'must be at least 0, the numbers at least 1')
    folder = Path(folder)
    (folder / 'images').mkdir(parents=True, exist_ok=True)
    paths = {key: str(folder / name) for key, name in FILES.items()}
    for path in paths.values():
        Path(path).unlink(missing_ok=True)

    first_id = 1
    for split, count in (('train', num_train), ('val', num_val)):
        numbers: Iterable[int] = range(count)
        if show_progress:
            numbers = tqdm(numbers, f'draw {split}', unit='picture')
        images: list[dict] = []
        annotations: list[dict] = []
        for number in numbers:
            rng = np.random.default_rng([seed, split == 'val', number])
            shape = tuple(int(side) for side in
                          rng.integers(*IMAGE_SIDES, 2, endpoint=True))
            scene = draw_scene(
                shape, int(rng.integers(*OBJECTS, endpoint=True)), rng)
            image_id = number + 1 + (num_train if split == 'val' else 0)
            name = f'{split}_{number + 1:05d}.jpg'
            _write_image(folder / 'images' / name, scene.img)
            images.append(dict(id=image_id, file_name=name,
                               height=shape[0], width=shape[1]))
            annotations += scene_annotations(
                scene, image_id, first_id + len(annotations))
        first_id += len(annotations)
        info = dict(description=f'drawn by mmdet-mal, {split}, seed {seed}')
        _write_json(paths[f'instances_{split}'], info, images, annotations)
        _write_json(paths[f'boxes_{split}'], info, images,
                    [_without_mask(ann) for ann in annotations])
    return paths


def scene_annotations(scene: Scene, image_id: int, first_id: int) -> list[dict]:
    """COCO annotations of a scene: visible masks, boxes tight on them.

    Args:
        scene (Scene): the picture.
        image_id (int): its id.
        first_id (int): id of its first annotation; the others follow.

    Returns:
        list[dict]: bbox in integers xywh, segmentation as compressed RLE,
        area in px; category ids count from 1 in the order of ``SHAPES``.
    """
    shapes = list(SHAPES)
    annotations = []
    for mask, name in zip(scene.masks, scene.names, strict=True):
        rows = np.flatnonzero(mask.any(1))
        columns = np.flatnonzero(mask.any(0))
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        left, right = int(columns[0]), int(columns[-1]) + 1
        rle = encode_window(mask[top:bottom, left:right],
                            (left, top, right, bottom), mask.shape)
        annotations.append(dict(
            id=first_id + len(annotations), image_id=image_id,
            category_id=shapes.index(name) + 1, iscrowd=0,
            bbox=[left, top, right - left, bottom - top],
            segmentation=rle, area=rle_area(rle)))
    return annotations


def _without_mask(ann: dict) -> dict:
    """The annotation as a person who only draws boxes would leave it."""
    kept = {key: value for key, value in ann.items() if key != 'segmentation'}
    return dict(kept, area=ann['bbox'][2] * ann['bbox'][3])


def _write_image(path: Path, img: np.ndarray) -> None:
    """Write a JPEG; OpenCV only returns False where it cannot."""
    if not cv2.imwrite(str(path), img,
                       [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]):
        raise OSError(f'{path}: the picture could not be written')


def _write_json(path: str, info: dict, images: list[dict],
                annotations: list[dict]) -> None:
    categories = [dict(id=number, name=name, supercategory='shape')
                  for number, name in enumerate(SHAPES, 1)]
    with write_then_rename(path) as file:
        json.dump(dict(info=info, images=images, annotations=annotations,
                       categories=categories), file)

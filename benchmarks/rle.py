"""Encoding the mask of a 200 px box: at the box's cost and at the image's.

    python benchmarks/rle.py [--repeats 30]

Compares ``encode_window`` with the textbook way (paste the mask into a canvas,
encode the canvas with pycocotools).  Both run in turn, so that a busy machine
slows both; the ratio is the median of the pairs.  (In turn ours is slower than
alone, since a large canvas leaves nothing in the processor's cache.)  Also times
``segmentation_to_rle`` on uncompressed RLEs and polygons.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from mmdet_mal.structures.rle import (encode_window, rle_counts,
                                      segmentation_to_rle)

_BOX = 200
_IMAGES = ((480, 640), (4000, 4000), (10_000, 10_000))


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Encoding a mask at the cost of its box')
    parser.add_argument('--repeats', type=int, default=30,
                        help='pairs of measurements (%(default)s)')
    parser.add_argument('--out', help='JSON file for the figures')
    args = parser.parse_args()
    mask = draw_mask()
    rows = []
    for shape in _IMAGES:
        y, x = shape[0] // 3, shape[1] // 3
        window = (x, y, x + _BOX, y + _BOX)
        assert encode_window(mask, window, shape) == textbook(mask, window, shape)
        ours, plain = in_turn(
            lambda w=window, s=shape: encode_window(mask, w, s),
            lambda w=window, s=shape: textbook(mask, w, s), args.repeats)
        alone, _ = in_turn(
            lambda w=window, s=shape: encode_window(mask, w, s),
            lambda: None, args.repeats)
        rle = encode_window(mask, window, shape)
        loose = dict(size=list(shape), counts=rle_counts(rle).tolist())
        polygons = [p.astype(float).reshape(-1).tolist()
                    for p in outline(mask, window) if len(p) >= 3]
        loose_s, polygon_s = in_turn(
            lambda i=loose, s=shape: segmentation_to_rle(i, *s),
            lambda i=polygons, s=shape: segmentation_to_rle(i, *s),
            args.repeats)
        rows.append(dict(
            image=list(shape), alone_us=1e6 * median(alone),
            window_us=1e6 * median(ours),
            textbook_us=1e6 * median(plain),
            ratio=median(b / a for a, b in zip(ours, plain, strict=True)),
            uncompressed_us=1e6 * median(loose_s),
            polygon_us=1e6 * median(polygon_s)))
        print('{image[0]:>6} x {image[1]:<6} window {alone_us:4.0f} us; in turn '
              '{window_us:4.0f} us, textbook {textbook_us:7.0f} us, ratio '
              '{ratio:6.1f}; from '
              'uncompressed RLE {uncompressed_us:5.0f} us, polygons '
              '{polygon_us:5.0f} us'.format(**rows[-1]))
    if args.out:
        Path(args.out).write_text(json.dumps(rows, indent=1) + '\n')


def draw_mask() -> np.ndarray:
    """A blob with a ragged border, shape (200, 200), bool."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:_BOX, :_BOX] / _BOX - .5
    blob = (x**2 + y**2 < .2) + rng.normal(0, .4, (_BOX, _BOX))
    return cv2.GaussianBlur(blob.astype(np.float32), (0, 0), 3) > .5


def textbook(mask: np.ndarray, window: tuple[int, int, int, int],
             shape: tuple[int, int]) -> dict:
    """Paste into a canvas of the image's size and encode that."""
    canvas = np.zeros(shape, np.uint8, order='F')
    x0, y0, x1, y1 = window
    canvas[y0:y1, x0:x1] = mask
    rle = coco_mask.encode(canvas)
    return dict(size=rle['size'], counts=rle['counts'].decode('ascii'))


def outline(mask: np.ndarray,
            window: tuple[int, int, int, int]) -> list[np.ndarray]:
    """Contours of a mask in image pixels, each of shape (n, 1, 2)."""
    return cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL,
                            cv2.CHAIN_APPROX_SIMPLE, offset=window[:2])[0]


def in_turn(first: Callable, second: Callable,
            repeats: int) -> tuple[list[float], list[float]]:
    """Seconds of two functions, called in turn."""
    seconds: tuple[list[float], list[float]] = [], []
    for call in (first, second):
        call()
    for _ in range(repeats):
        for call, kept in zip((first, second), seconds, strict=True):
            start = time.perf_counter()
            call()
            kept.append(time.perf_counter() - start)
    return seconds


if __name__ == '__main__':
    main()

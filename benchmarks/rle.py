"""Encoding the mask of a 200 px box: at the box's cost and at the image's.

    python -m benchmarks.rle [--rounds 7]

Compares ``encode_window`` with the textbook way (paste the mask into a canvas,
encode the canvas with pycocotools).  Both run in turn, so that a busy machine
slows both.  (In turn ours is slower than alone, since a large canvas leaves
nothing in the processor's cache.)  Also times ``segmentation_to_rle`` on
uncompressed RLEs and polygons.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from benchmarks.commandline import make_parser, run
from benchmarks.side_by_side import side_by_side
from mmdet_mal.structures.rle import (encode_window, rle_counts,
                                      segmentation_to_rle)

_BOX = 200
_IMAGES = ((480, 640), (4000, 4000), (10_000, 10_000))
_CALLS = 20  # of each in a round
TARGET, _TARGET_IMAGE = 20., (4000, 4000)


def measure(args: argparse.Namespace) -> list[dict]:
    """Time each size of image."""
    mask = draw_mask()
    results = []
    for shape in _IMAGES:
        y, x = shape[0] // 3, shape[1] // 3
        window = (x, y, x + _BOX, y + _BOX)
        if encode_window(mask, window, shape) != textbook(mask, window, shape):
            raise AssertionError(f'the two encodings differ for {shape}')
        ours = repeat(encode_window, mask, window, shape)
        result = side_by_side(
            f'mask to RLE, {_CALLS} times',
            dict(textbook=repeat(textbook, mask, window, shape), ours=ours),
            args.rounds, inputs=f'200 px box in {shape[1]} x {shape[0]} px')
        if shape == _TARGET_IMAGE:
            result['target'] = TARGET
        rle = encode_window(mask, window, shape)
        loose = dict(size=list(shape), counts=rle_counts(rle).tolist())
        polygons = [p.astype(float).reshape(-1).tolist()
                    for p in outline(mask, window) if len(p) >= 3]
        alone = [microseconds(call, args.rounds) for call in (
            ours, repeat(segmentation_to_rle, loose, *shape),
            repeat(segmentation_to_rle, polygons, *shape))]
        result['alone_us'] = dict(zip(('window', 'uncompressed', 'polygons'),
                                      alone, strict=True))
        result['notes'] = [
            'a mask alone {:.0f} us; from uncompressed RLE {:.0f} us, from '
            'polygons {:.0f} us'.format(*alone)]
        results.append(result)
    return results


def repeat(function: Callable, *args: object) -> Callable[[], None]:
    """The function called ``_CALLS`` times, as one call is too short to time."""
    def call() -> None:
        for _ in range(_CALLS):
            function(*args)
    return call


def microseconds(call: Callable[[], None], rounds: int) -> float:
    """Median time of one of the calls that :func:`repeat` makes."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return 1e6 * median(seconds) / _CALLS


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


def main() -> None:
    run(make_parser(__doc__), measure)


if __name__ == '__main__':
    main()

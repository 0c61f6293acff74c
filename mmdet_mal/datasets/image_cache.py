"""Decoded images of a small set, in memory."""

from collections.abc import Sequence

import numpy as np

from .annotations import AnnotationError
from .images import check_size, read_image

# Above this many bytes of decoded pixels a cache is refused: it is meant for
# sets of hundreds of images, and every process of a run would hold its own.
CACHE_LIMIT = 4 * 1024**3


class ImageCache:
    """Decoded images in one flat array, which forked workers share.

    A worker's fork only reads the array, so its pages are never copied; a
    list of arrays would do as well until Python counts references in it.

    Args:
        paths (Sequence[str]): Files to decode, in the order of their index.
        shapes (Sequence[tuple[int, int]]): Height and width each must have.
        backend_args (dict, optional): File backend of mmengine.

    Raises:
        ValueError: If the pixels take more than ``CACHE_LIMIT``.
        AnnotationError: If images cannot be read; all of them are listed.
    """

    def __init__(self,
                 paths: Sequence[str],
                 shapes: Sequence[tuple[int, int]],
                 backend_args: dict | None = None) -> None:
        sizes = np.array([h * w * 3 for h, w in shapes], dtype=np.int64)
        total = int(sizes.sum())
        if total > CACHE_LIMIT:
            raise ValueError(
                f'cache_images would hold {total / 1024**3:.1f} GiB of pixels '
                f'({len(paths)} images), more than {CACHE_LIMIT / 1024**3:.0f}'
                ' GiB; set cache_images=False')
        self._shapes = [tuple(shape) for shape in shapes]
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self._pixels = np.empty(total, dtype=np.uint8)
        problems = []
        for i, path in enumerate(paths):
            try:
                img = read_image(path, 'the image cache',
                                 backend_args=backend_args)
                check_size(path, 'the image cache', img.shape[:2], shapes[i])
            except AnnotationError as error:
                problems.append(str(error))
                continue
            self._pixels[self._starts[i]:self._starts[i + 1]] = img.reshape(-1)
        if problems:
            raise AnnotationError.of_many(
                f'{len(problems)} of {len(paths)} images cannot be used',
                problems)
        self._pixels.flags.writeable = False

    def __getitem__(self, index: int) -> np.ndarray:
        """A read-only view of image ``index``, shape (H, W, 3), BGR."""
        height, width = self._shapes[index]
        flat = self._pixels[self._starts[index]:self._starts[index + 1]]
        return flat.reshape(height, width, 3)

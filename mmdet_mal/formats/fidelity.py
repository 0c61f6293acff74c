"""How well polygons keep the masks that they were made of."""

from collections.abc import Callable, Sequence

import numpy as np

from .mask import Mask
from .outlines import cut_into_polygons, simplify_ring
from .tally import Tally

Fill = Callable[[Sequence[np.ndarray], tuple[int, int]], np.ndarray]

_LEAST_IOU = .95
# Px; below it, nothing of a border along pixels is left out.
_LEAST_TOLERANCE = .4


class Fidelity:
    """Draws polygons as their readers will and compares them with the masks.

    Args:
        tally: Gets the result when :meth:`report` is called.
        fill: Draws polygons, (n, 2) each, into a mask of a shape (h, w), as
            whoever reads the format does.
    """

    def __init__(self, tally: Tally, fill: Fill | None = None) -> None:
        self._tally = tally
        self._fill = fill or fill_as_coco
        self._sum = 0.
        self._count = 0
        self._lowest = (2., '')

    def polygons(self, mask: Mask, tolerance: float) -> list[np.ndarray]:
        """Polygons without holes of a mask.

        Args:
            mask: A mask.
            tolerance: As in :func:`.outlines.simplify_ring`, px.

        Returns:
            (n, 2) points x, y in pixels of the image, each; none for an empty
            mask.
        """
        pixels, left, top = mask.window()
        if not pixels.size:
            self._tally.add('masks are empty and are left out', _where(mask))
            return []
        exact = cut_into_polygons(pixels)
        rings = self.simplify(mask, pixels, tolerance, lambda pixel: [
            simplify_ring(ring, pixel) for ring in exact])
        return [ring + (left, top) for ring in rings]

    def simplify(self, mask: Mask, pixels: np.ndarray, tolerance: float,
                 draw: Callable[[float], list[np.ndarray]]) -> list[np.ndarray]:
        """Simplify polygons as far as their mask allows, and note their IoU.

        The tolerance is halved until the polygons have an IoU of at least .95
        with the mask: a pixel is little of a bus and much of a distant face.

        Args:
            mask: For its id.
            pixels: (h, w) bool, its window.
            tolerance: The largest, px.
            draw: Gives the polygons, in pixels of the window, for a tolerance.

        Returns:
            Polygons, in pixels of the window.
        """
        rings = draw(tolerance)
        iou = self._iou(pixels, rings)
        if iou < _LEAST_IOU and tolerance:
            exact = draw(0.)  # less than the mask where holes are filled
            best = self._iou(pixels, exact)
            while iou < _LEAST_IOU * best and tolerance > _LEAST_TOLERANCE:
                tolerance /= 2
                rings = draw(tolerance)
                iou = self._iou(pixels, rings)
            if iou < _LEAST_IOU * best:
                rings, iou = exact, best
        self._sum += iou
        self._count += 1
        self._lowest = min(self._lowest, (iou, _where(mask)))
        return rings

    def _iou(self, pixels: np.ndarray, rings: Sequence[np.ndarray]) -> float:
        """IoU of a window's mask with polygons."""
        drawn = self._fill(rings, pixels.shape)
        return float((drawn & pixels).sum() / (drawn | pixels).sum())

    def report(self) -> None:
        """Say the result, if anything was measured."""
        if self._count:
            lowest, where = self._lowest
            self._tally.note(
                f'IoU of the polygons with their masks: mean '
                f'{self._sum / self._count:.4f}, lowest {lowest:.4f} ({where})')


def fill_as_coco(rings: Sequence[np.ndarray],
                 shape: tuple[int, int]) -> np.ndarray:
    """Draw the union of polygons as pycocotools does, (h, w) bool."""
    from pycocotools import mask as coco_mask
    return coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects(
        [ring.astype(float).reshape(-1).tolist() for ring in rings],
        *shape))).astype(bool)


def _where(mask: Mask) -> str:
    return f'annotation {mask.id}'

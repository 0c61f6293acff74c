"""What a picture and a box say about a mask, whoever made it.

Pure functions of a :class:`~mmdet_mal.best_of.view.BoxView`.  Nothing here
comes from the labeller: the masks of any tool are measured by one rule.
What several candidates say of each other is in :mod:`.agreement`.
"""

import cv2
import numpy as np

from mmdet_mal.labelling.postprocess import sides_reached

from .colours import colour_bins, colour_components
from .outline import gradient_rank, outline_components
from .view import BoxView

OWN = ('edge', 'rim_contrast', 'colour_gap', 'colour_fit', 'left_out',
       'tightness', 'gap', 'spill', 'fill_prior', 'roundness', 'convexity',
       'parts', 'holes')
# More of these speaks against a mask, more of all others for it: the signs that
# the weights of a scale must have.
AGAINST = ('gap', 'spill', 'holes')
# Share of a box that human masks fill, by the middle of coco_mini's training set.
TYPICAL_FILL = .6


def own_components(view: BoxView) -> dict[str, np.ndarray]:
    """Measure each candidate by itself.

    Args:
        view: of K masks.

    Returns:
        By name, float64 (K,), in [0, 1] each; an empty mask has 0 everywhere
        but in ``gap``, which is 1:

        * ``edge``: mean percentile of the picture's gradient along the outline;
        * ``rim_contrast``: mean colour difference across the outline, as a
          share of that and the crop's colour deviation;
        * ``colour_gap``: 1 - Bhattacharyya coefficient of the colours inside
          and outside the mask;
        * ``colour_fit``: share of the box's pixels on whose side of the mask
          their colour is likelier, mean of object and ground;
        * ``left_out``: likeness of the colours of what the mask leaves of the
          box to those around the box (1 if it leaves nothing: 0);
        * ``tightness``: share of the four box sides that the mask reaches;
          ``gap``: mean distance to them, as a share of the box's side;
        * ``spill``: share of the mask outside the box;
        * ``fill_prior``: 1 where the mask fills as much of the box as masks do,
          0 where it fills nothing;
        * ``roundness``: 4π area / perimeter²; ``convexity``: area over that of
          the convex hull of its largest part;
        * ``parts``: share of the mask in its largest part;
        * ``holes``: enclosed ground as a share of mask and holes.
    """
    count = len(view.masks)
    table = {name: np.zeros(count) for name in OWN}
    table['gap'][:] = 1.
    gradient = gradient_rank(view.image)
    lab = cv2.cvtColor(view.image, cv2.COLOR_BGR2Lab)
    bins = colour_bins(lab)
    for row, mask in enumerate(view.masks):
        if mask.any():
            found = {**outline_components(mask, gradient, lab),
                     **colour_components(mask, view.box, bins),
                     **_box_parts(mask, view.box), **_shape(mask)}
            for name, value in found.items():
                table[name][row] = min(max(value, 0.), 1.)
    return table


def _box_parts(mask: np.ndarray,
               box: tuple[int, int, int, int]) -> dict[str, float]:
    """How the mask lies in its box, which promises to be tight."""
    x0, y0, x1, y1 = box
    inside = mask[y0:y1, x0:x1]
    filled, area = int(inside.sum()), int(mask.sum())
    share = filled / inside.size
    if not filled:
        return dict(spill=1., gap=1.)
    columns, rows = (np.flatnonzero(inside.any(axis=a)) for a in (0, 1))
    gap = ((columns[0] + inside.shape[1] - 1 - columns[-1]) / inside.shape[1]
           + (rows[0] + inside.shape[0] - 1 - rows[-1]) / inside.shape[0]) / 4
    return dict(tightness=sides_reached(inside, (x0, y0), box), gap=float(gap),
                spill=1 - filled / area,
                fill_prior=1 - abs(share - TYPICAL_FILL) / TYPICAL_FILL)


def _shape(mask: np.ndarray) -> dict[str, float]:
    """How compact the mask is."""
    pixels = mask.view(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(pixels, connectivity=8)
    area = float(pixels.sum())
    largest = float(stats[1:, cv2.CC_STAT_AREA].max())
    contours, tree = cv2.findContours(pixels, cv2.RETR_CCOMP,
                                      cv2.CHAIN_APPROX_NONE)
    outer = [c for c, link in zip(contours, tree[0], strict=True) if link[3] < 0]
    filled = cv2.drawContours(np.zeros_like(pixels), outer, -1, 1, cv2.FILLED)
    perimeter = sum(cv2.arcLength(c, True) for c in contours)
    hull = cv2.convexHull(max(outer, key=cv2.contourArea))
    drawn = cv2.fillConvexPoly(np.zeros_like(pixels), hull, 1)
    enclosed = float(filled.sum())
    return dict(
        # A pixel has no perimeter by this measure; it is as compact as can be.
        roundness=4 * np.pi * area / max(perimeter + 4, 1)**2,
        convexity=largest / max(float(drawn.sum()), 1.),
        parts=largest / area, holes=(enclosed - area) / enclosed)

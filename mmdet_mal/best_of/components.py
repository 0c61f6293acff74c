"""What a picture and a box say about a mask, whoever made it.

Pure functions of a :class:`~mmdet_mal.best_of.view.BoxView`.  Nothing here
comes from the labeller: the masks of any tool are measured by one rule.
"""

import cv2
import numpy as np

from mmdet_mal.labelling.postprocess import sides_reached

from .view import BoxView

# Bins a channel of Lab: few enough that a mask of 100 px fills them.
_BINS = (6, 8, 8)
# The bins cover the crop's own range but for these tails, and never less than
# so many grey levels: noise of a plain picture is no colour.
_COLOUR_TAILS = (.01, .99)
_LEAST_RANGE = 8
# Pixels added to every colour bin, spread evenly: a colour seen once is no proof.
_PRIOR_PX = 30.
# Gradients are ranked by whole grey levels; a step of black to white has 1766.
_GRADIENT_LEVELS = 2048
# Radius in px of the bands inside and outside the outline, and of their means.
_BAND = 2
_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_BAND_KERNEL = cv2.getStructuringElement(
    cv2.MORPH_ELLIPSE, (2 * _BAND + 1, ) * 2)

OWN = ('edge', 'rim_contrast', 'colour_gap', 'colour_fit', 'left_out',
       'tightness', 'gap', 'spill', 'fill_prior', 'roundness', 'convexity',
       'parts', 'holes')
SHARED = ('agreement', 'nearest', 'farthest', 'vote_iou', 'dispute_colour',
          'dispute_place')
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
    gradient = _gradient_rank(view.image)
    lab = cv2.cvtColor(view.image, cv2.COLOR_BGR2Lab)
    bins = _colour_bins(lab)
    for row, mask in enumerate(view.masks):
        if mask.any():
            found = {**_edges(mask, gradient, lab),
                     **_colours(mask, view.box, bins),
                     **_box_parts(mask, view.box), **_shape(mask)}
            for name, value in found.items():
                table[name][row] = min(max(value, 0.), 1.)
    return table


def pair_components(view: BoxView) -> dict[str, np.ndarray]:
    """Measure each pair of candidates, above all where they differ.

    Args:
        view: of K masks.

    Returns:
        By name, float64 (K, K), in [0, 1] each:

        * ``iou``: 1 on the diagonal, and for two empty masks;
        * ``colour``: of the pixels of the box that one of the two holds, how
          far their colours, likened to what both hold and to what none does,
          speak for the first mask: .5 if they do not say;
        * ``place``: the same by their distance to the box's middle.

        The last two add up to 1 with the pair turned round.
    """
    masks, count = view.masks, len(view.masks)
    bins = _colour_bins(cv2.cvtColor(view.image, cv2.COLOR_BGR2Lab))
    place = _middleness(view)
    in_box = np.zeros(masks.shape[1:], bool)
    in_box[view.box[1]:view.box[3], view.box[0]:view.box[2]] = True
    pairs = dict(iou=pairwise_ious(masks), colour=np.full((count, count), .5),
                 place=np.full((count, count), .5))
    for i in range(count):
        for j in range(i):
            mine, theirs = masks[i] & ~masks[j] & in_box, masks[j] & ~masks[i] & in_box
            total = int(mine.sum()) + int(theirs.sum())
            if not total:
                continue
            colour = _likeness(masks[i] & masks[j], ~(masks[i] | masks[j]), bins)
            for name, sign in (('colour', colour), ('place', place)):
                said = float(sign[mine].sum() - sign[theirs].sum()) / total
                pairs[name][i, j] = (1 + said) / 2
                pairs[name][j, i] = (1 - said) / 2
    return pairs


def pairwise_ious(masks: np.ndarray) -> np.ndarray:
    """IoU of every pair of masks, float64 (K, K).

    Args:
        masks: bool (K, h, w).
    """
    flat = masks.reshape(len(masks), -1).astype(np.float32)
    both = (flat @ flat.T).astype(np.float64)
    areas = np.diag(both)
    either = areas[:, None] + areas[None] - both
    return np.where(either > 0, both / np.maximum(either, 1), 1.)


def shared_components(view: BoxView) -> dict[str, np.ndarray]:
    """Measure how far the candidates agree, and who is right where they do not.

    Args:
        view: of K masks.

    Returns:
        By name, float64 (K,), in [0, 1] each; all .5 where there is but one:

        * ``agreement``: mean IoU with the others; ``nearest`` and
          ``farthest``: the largest and the smallest;
        * ``vote_iou``: IoU with the majority of the pixels' votes;
        * ``dispute_colour``, ``dispute_place``: mean of :func:`pair_components`
          over the others.
    """
    count = len(view.masks)
    if count < 2:
        return {name: np.full(count, .5) for name in SHARED}
    pairs = pair_components(view)
    vote = view.masks.mean(axis=0) > .5
    with_vote = pairwise_ious(np.concatenate([view.masks, vote[None]]))
    return summarise_pairs(pairs, with_vote[:-1, -1])


def summarise_pairs(pairs: dict[str, np.ndarray],
                    vote_iou: np.ndarray) -> dict[str, np.ndarray]:
    """Shared components of K candidates from those of their pairs.

    Args:
        pairs: see :func:`pair_components`; K at least 2.
        vote_iou: (K,) IoU with the vote.
    """
    count = len(vote_iou)
    others = ~np.eye(count, dtype=bool)
    ious, colour, place = (pairs[name][others].reshape(count, count - 1)
                           for name in ('iou', 'colour', 'place'))
    return dict(agreement=ious.mean(axis=1), nearest=ious.max(axis=1),
                farthest=ious.min(axis=1), vote_iou=vote_iou,
                dispute_colour=colour.mean(axis=1),
                dispute_place=place.mean(axis=1))


def _likeness(inside: np.ndarray, outside: np.ndarray,
              bins: np.ndarray) -> np.ndarray:
    """How much likelier each pixel's colour is inside, (h, w) in [-1, 1]."""
    total = int(np.prod(_BINS))
    one, other = (np.bincount(bins[part], minlength=total).astype(np.float64)
                  for part in (inside, outside))
    prior = _PRIOR_PX * (one + other) / max(float((one + other).sum()), 1.)
    one = (one + prior) / (one.sum() + _PRIOR_PX)
    other = (other + prior) / (other.sum() + _PRIOR_PX)
    return ((one - other) / np.maximum(one + other, 1e-12))[bins]


def _middleness(view: BoxView) -> np.ndarray:
    """1 in the middle of the box, 0 on an ellipse, -1 in the corners, (h, w)."""
    x0, y0, x1, y1 = view.box
    height, width = view.masks.shape[1:]
    columns = (np.arange(width) + .5 - (x0 + x1) / 2) / ((x1 - x0) / 2)
    rows = (np.arange(height) + .5 - (y0 + y1) / 2) / ((y1 - y0) / 2)
    distance = rows[:, None]**2 + columns[None]**2
    return np.clip(1 - distance, -1, 1)


def _gradient_rank(image: np.ndarray) -> np.ndarray:
    """Percentile of each pixel's gradient within the crop, (h, w) in [0, 1]."""
    smooth = cv2.GaussianBlur(image, (3, 3), 0)
    size = np.zeros(image.shape[:2], np.float32)
    for by_x, by_y in ((1, 0), (0, 1)):
        step = cv2.Sobel(smooth, cv2.CV_32F, by_x, by_y)
        size += np.einsum('hwc,hwc->hw', step, step)
    level = np.minimum(np.sqrt(size), _GRADIENT_LEVELS - 1).astype(np.int64)
    count = np.bincount(level.reshape(-1), minlength=_GRADIENT_LEVELS)
    # The middle of equal values: a flat picture has .5 everywhere.
    below = np.cumsum(count) - count / 2
    return (below / level.size)[level].astype(np.float32)


def _edges(mask: np.ndarray, gradient: np.ndarray,
           lab: np.ndarray) -> dict[str, float]:
    """How well the outline follows the picture."""
    pixels = mask.view(np.uint8)
    # Beyond the crop counts as mask: the crop's border is no outline.
    inner = cv2.erode(pixels, _CROSS, borderValue=1)
    outline = (pixels & ~inner & 1).astype(bool)
    if not outline.any():
        return dict(edge=0., rim_contrast=0.)
    # The edge of a picture lies between two pixels: the better side counts.
    best = cv2.dilate(gradient, _CROSS)
    inside = (pixels & ~cv2.erode(pixels, _BAND_KERNEL, borderValue=1)) & 1
    outside = (cv2.dilate(pixels, _BAND_KERNEL) & ~pixels) & 1
    colours = lab.astype(np.float32)
    difference = (_local_mean(colours, inside, outline)
                  - _local_mean(colours, outside, outline))
    contrast = float(np.linalg.norm(difference, axis=1).mean())
    spread = float(np.linalg.norm(cv2.meanStdDev(lab)[1]))
    return dict(edge=float(best[outline].mean()),
                rim_contrast=contrast / max(contrast + spread, 1e-6))


def _local_mean(colours: np.ndarray, where: np.ndarray,
                at: np.ndarray) -> np.ndarray:
    """Mean colour of the chosen pixels around each of n pixels, (n, 3)."""
    side = (4 * _BAND + 1, ) * 2
    framed = cv2.merge([*cv2.split(colours * where[..., None]),
                        where.astype(np.float32)])
    total = cv2.boxFilter(framed, -1, side, normalize=False,
                          borderType=cv2.BORDER_CONSTANT)[at]
    return total[:, :3] / np.maximum(total[:, 3:], 1)


def _colour_bins(lab: np.ndarray) -> np.ndarray:
    """Index of each pixel's colour bin within the crop's own range, (h, w)."""
    index = np.zeros(lab.shape[:2], np.int64)
    for channel, count in enumerate(_BINS):
        values = lab[..., channel]
        seen = np.cumsum(np.bincount(values.reshape(-1), minlength=256))
        low, high = np.searchsorted(seen, np.array(_COLOUR_TAILS) * seen[-1])
        part = (np.arange(256) - low) / max(high - low, _LEAST_RANGE) * count
        index *= count
        index += np.clip(part, 0, count - 1).astype(np.int64)[values]
    return index


def _colours(mask: np.ndarray, box: tuple[int, int, int, int],
             bins: np.ndarray) -> dict[str, float]:
    """How far the mask parts the colours."""
    in_box = np.zeros(mask.shape, bool)
    in_box[box[1]:box[3], box[0]:box[2]] = True
    total = int(np.prod(_BINS))

    def counts(where: np.ndarray) -> np.ndarray:
        return np.bincount(bins[where], minlength=total).astype(np.float64)

    inside, outside = counts(mask), counts(~mask)
    prior = _PRIOR_PX * (inside + outside) / bins.size
    likely_in = (inside + prior) / (inside.sum() + _PRIOR_PX)
    likely_out = (outside + prior) / (outside.sum() + _PRIOR_PX)
    object_like = (likely_in > likely_out)[bins]
    left = in_box & ~mask
    fit = [float(object_like[part].mean() if wanted else
                 1 - object_like[part].mean())
           for part, wanted in ((mask & in_box, True), (left, False))
           if part.any()]
    around = counts(~in_box)
    rest = counts(left)
    likeness = 0.
    if around.any() and rest.any():
        likeness = np.sqrt((rest + prior) / (rest.sum() + _PRIOR_PX)
                           * (around + prior) / (around.sum() + _PRIOR_PX)).sum()
    return dict(colour_gap=1 - float(np.sqrt(likely_in * likely_out).sum()),
                colour_fit=float(np.mean(fit)) if len(fit) == 2 else .5,
                left_out=float(likeness))


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

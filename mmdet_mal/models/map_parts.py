"""What probability maps say about the quality of their masks.

Components of the quality score (DESIGN section 3) that need whole maps,
computed for a batch at the maps' resolution.  None of them sees a human mask.
"""

import math
from collections.abc import Mapping

import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmdet_mal.labelling.postprocess import grow_box
from mmdet_mal.models.box_geometry import rectangle_mask

# How far the two masks of the stability stand from the threshold, as a share
# of the way to 0 and to 1: .3 and .7 for a threshold of .5.
_STABILITY_REACH = .4


def map_parts(raw: Tensor, region: Tensor, threshold: float,
              pairs: Mapping[str, tuple[Tensor, Tensor]] | None = None,
              refined: Tensor | None = None,
              valid: Tensor | None = None) -> dict[str, Tensor]:
    """Components of the quality score from the maps of a batch.

    Args:
        raw (Tensor): fp32 (N, h, w) in [0, 1], probabilities before any
            refinement: a mean field drives them to 0 and 1, and then they
            tell nothing.
        region (Tensor): bool (N, h, w), the cells that count, see
            :func:`box_region`.
        threshold (float): A cell is foreground above it; in [0, 1).
        pairs (Mapping[str, tuple[Tensor, Tensor]], optional): By name of a
            component, two opinions on the same crops, (N, h, w) each.
        refined (Tensor, optional): (N, h, w), the maps that the masks are cut
            from, if they are others than ``raw``.
        valid (Tensor, optional): bool (N, h, w), cells that show the image;
            to be left out if ``raw`` says nothing of what is not in the box.

    Returns:
        dict[str, Tensor]: fp64 (N,) in [0, 1] each:

        * ``raw_mask_score``: square root of the mean probability over the
          foreground (BoxTeacher's mask-aware score); 0 without foreground;
        * ``stability``: IoU of the masks at a lower and a higher threshold;
        * ``sharpness``: mean of abs(2 p - 1);
        * ``entropy``: mean of the binary entropy of p, in bits;
        * ``map_fill``: share of the region that is foreground at last;
        * ``spill``, with ``valid``: share of the foreground that lies outside
          the region, where a tight box promises that there is none;
        * for each pair, the IoU of their masks, and with ``refined``
          ``refine_iou``, that of ``raw`` and ``refined``.

        An IoU of two empty masks is 0, and so is all of an empty region.
    """
    foreground = (raw > threshold) & region
    low = threshold * (1 - _STABILITY_REACH)
    high = threshold + (1 - threshold) * _STABILITY_REACH
    entropy = (torch.special.entr(raw) + torch.special.entr(1 - raw)) / math.log(2)
    parts = dict(
        raw_mask_score=_mean_over(raw, foreground).sqrt(),
        stability=_mask_iou((raw > low) & region, (raw > high) & region),
        sharpness=_mean_over((2 * raw - 1).abs(), region),
        entropy=_mean_over(entropy, region),
        map_fill=_mean_over((raw if refined is None else refined) > threshold,
                            region))
    if valid is not None:
        parts['spill'] = _mean_over(~region, (raw > threshold) & valid)
    pairs = dict(pairs or {})
    if refined is not None:
        pairs['refine_iou'] = raw, refined
    for name, (one, other) in pairs.items():
        parts[name] = _mask_iou((one > threshold) & region,
                                (other > threshold) & region)
    return {name: values.clamp(0, 1) for name, values in parts.items()}


def box_region(data_samples: list[DetDataSample], like: Tensor,
               margin: float = 0.) -> Tensor:
    """Cells of the maps whose centre lies in the box and in the image.

    Args:
        data_samples (list[DetDataSample]): With ``bbox`` and ``crop_window``
            (xyxy in image pixels) and ``ori_shape`` (height, width).
        like (Tensor): Maps (N, h, w); they show all of the window.
        margin (float): Share of the box's width and height by which the region
            goes beyond it on each side.

    Returns:
        Tensor: bool (N, h, w).
    """
    height, width = like.shape[-2:]
    boxes = []
    for sample in data_samples:
        left, top, right, bottom = (float(v) for v in sample.crop_window)
        x0, y0, x1, y1 = grow_box(sample.bbox, margin)
        image_h, image_w = (float(v) for v in sample.ori_shape)
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, image_w), min(y1, image_h)
        scale_x, scale_y = width / (right - left), height / (bottom - top)
        boxes.append([(x0 - left) * scale_x, (y0 - top) * scale_y,
                      (x1 - left) * scale_x, (y1 - top) * scale_y])
    boxes = torch.tensor(boxes, dtype=torch.float32, device=like.device)
    return rectangle_mask(boxes.reshape(-1, 4), (height, width), stride=1)


def _mean_over(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the cells of a mask, (N,); 0 where it is empty.

    In double precision: the order of the sum, which depends on the number of
    threads, then stays far below the digits that are written.
    """
    total = (values * mask).sum(dim=(-2, -1), dtype=torch.float64)
    return total / mask.sum(dim=(-2, -1)).clamp(min=1)


def _mask_iou(one: Tensor, other: Tensor) -> Tensor:
    """IoU of masks (N, h, w), (N,) fp64; 0 where both are empty."""
    both = (one & other).sum(dim=(-2, -1))
    either = (one | other).sum(dim=(-2, -1))
    return both.double() / either.clamp(min=1)

"""Everything that is said of one labeller's masks, as plain numbers."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from mmdet_mal.utils.json_values import finite_number

from .bootstrap import bootstrap_interval, paired_interval
from .mask_iou import MaskIoUs, mean_or_nan, size_ranges
from .neighbours import neighbour_cover, overlap_ranges

# COCO's thresholds .50, .55, ... .95; a mask counts where its IoU reaches one.
THRESHOLDS = np.round(np.arange(.5, 1, .05), 2)
HISTOGRAM_BINS = 20
WORST = 50


def labeller_scores(columns: MaskIoUs, data: Mapping,
                    pred_scores: Mapping[int, float] | None = None,
                    worst: int = WORST) -> dict[str, Any]:
    """Score one labeller.

    Args:
        columns (MaskIoUs): its IoUs.
        data (Mapping): the human COCO dictionary, for names.
        pred_scores (Mapping[int, float], optional): the labeller's own score
            by annotation id, shown in the worst list.
        worst (int): length of that list.

    Returns:
        dict: plain JSON values (nan where there is nothing to average):

        * ``sizes``: by key of ``SIZE_RANGES``, a dict of ``miou``, ``miou_low``
          and ``miou_high`` (95 % by bootstrap over images), ``boundary_iou``
          with its two bounds likewise, and ``n``;
        * ``overlap``: the same by key of ``OVERLAP_RANGES``: boxes by how far
          a neighbour's box covers them;
        * ``classes``: by class name, most boxes first, ``miou``,
          ``boundary_iou``, ``n``;
        * ``curve``: ``thresholds``, ``share`` of masks at or above each, and
          their ``mean`` (an AP without detection);
        * ``histogram``: ``edges`` (of IoU) and ``counts``;
        * ``worst``: the lowest IoUs, each with annotation, image, file, class,
          box area in px², IoU, boundary IoU and the labeller's score.
    """
    return dict(
        sizes=_by_range(columns, size_ranges(columns.box_areas)),
        overlap=_by_range(columns, overlap_ranges(_covers(columns, data))),
        classes=_by_class(columns, data),
        curve=share_curve(columns.ious),
        histogram=_histogram(columns.ious),
        worst=_worst(columns, data, pred_scores or {}, worst))


def share_curve(ious: np.ndarray,
                thresholds: np.ndarray = THRESHOLDS) -> dict[str, Any]:
    """Share of masks whose IoU reaches each threshold.

    Args:
        ious (np.ndarray): (n,), in [0, 1].
        thresholds (np.ndarray): (t,), ascending.

    Returns:
        dict: ``thresholds`` and ``share``, lists of t floats, and ``mean`` of
        the shares; nan without masks.
    """
    if len(ious):
        # 1 - 1e-9: an IoU of exactly .7 is stored as .7 less a rounding error.
        share = (ious[None] >= thresholds[:, None] - 1e-9).mean(axis=1)
    else:
        share = np.full(len(thresholds), math.nan)
    return dict(thresholds=thresholds.tolist(), share=share.tolist(),
                mean=float(share.mean()))


def paired_differences(columns: Mapping[str, MaskIoUs],
                       main: str) -> dict[str, dict[str, dict[str, float]]]:
    """By how much one labeller's masks are better than the others'.

    Args:
        columns (Mapping[str, MaskIoUs]): of the same boxes in the same order.
        main (str): the labeller that is compared with the others.

    Returns:
        dict: by name of the other and key of ``SIZE_RANGES``, ``difference``
        of the mean IoU (positive where ``main`` is better), ``low`` and
        ``high``, 95 % by bootstrap over images, paired by box.
    """
    own = columns[main]
    found: dict[str, dict] = {}
    for name, other in columns.items():
        if name == main:
            continue
        found[name] = {}
        for size, chosen in size_ranges(own.box_areas):
            ious, theirs = own.ious[chosen], other.ious[chosen]
            low, high = paired_interval(ious, theirs, own.image_ids[chosen])
            found[name][size] = dict(difference=mean_or_nan(ious - theirs),
                                     low=low, high=high)
    return found


def _covers(columns: MaskIoUs, data: Mapping) -> np.ndarray:
    covers = neighbour_cover(data) if data.get('annotations') else {}
    return np.array([covers.get(key, 0.) for key in columns.ann_ids.tolist()])


def _by_range(columns: MaskIoUs,
              ranges: Iterable[tuple[str, np.ndarray]]) -> dict[str, dict]:
    found = {}
    for name, chosen in ranges:
        entry: dict[str, float] = dict(n=int(chosen.sum()))
        for key, values in (('miou', columns.ious),
                            ('boundary_iou', columns.boundary_ious)):
            entry[key] = mean_or_nan(values[chosen])
            entry[f'{key}_low'], entry[f'{key}_high'] = bootstrap_interval(
                values[chosen], columns.image_ids[chosen])
        found[name] = entry
    return found


def _by_class(columns: MaskIoUs, data: Mapping) -> dict[str, dict]:
    names = _class_names(data)
    ids, counts = np.unique(columns.category_ids, return_counts=True)
    classes = {}
    for category in ids[np.argsort(-counts, kind='stable')].tolist():
        chosen = columns.category_ids == category
        classes[names.get(category, f'category {category}')] = dict(
            n=int(chosen.sum()), miou=mean_or_nan(columns.ious[chosen]),
            boundary_iou=mean_or_nan(columns.boundary_ious[chosen]))
    return classes


def _histogram(ious: np.ndarray) -> dict[str, list]:
    # As in share_curve: .6 belongs to the bin that begins there.
    counts, edges = np.histogram(np.minimum(ious + 1e-9, 1), HISTOGRAM_BINS,
                                 range=(0, 1))
    return dict(edges=np.round(edges, 3).tolist(), counts=counts.tolist())


def _worst(columns: MaskIoUs, data: Mapping,
           pred_scores: Mapping[int, float], number: int) -> list[dict]:
    names = _class_names(data)
    files = {image['id']: image.get('file_name', '')
             for image in data['images'] if 'id' in image}
    rows = np.argsort(columns.ious, kind='stable')[:number].tolist()
    return [dict(
        annotation_id=int(columns.ann_ids[row]),
        image_id=int(columns.image_ids[row]),
        file_name=files.get(int(columns.image_ids[row]), ''),
        category=names.get(int(columns.category_ids[row]), ''),
        box_area=float(columns.box_areas[row]),
        iou=float(columns.ious[row]),
        boundary_iou=float(columns.boundary_ious[row]),
        score=finite_number(pred_scores.get(int(columns.ann_ids[row]))))
        for row in rows]


def _class_names(data: Mapping) -> dict[int, str]:
    """Names by category id; two classes of one name keep their ids apart."""
    names: dict[int, str] = {}
    for entry in data['categories']:
        name = str(entry.get('name'))
        if name in names.values():
            name = f"{name} ({entry.get('id')})"
        names[entry.get('id')] = name
    return names


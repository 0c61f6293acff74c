"""From an annotation of the input and its record to the one that is written."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.id_column import is_id
from mmdet_mal.structures.rle import RLE, bbox_rle, encode_window, rle_area

from .input_rows import InputRows
from .summary import LabelSummary

# Kinds of fallback that only the merge can see; the others come from the
# labeller (``empty_mask``, ``image_unreadable``) and from the data's faults.
NOT_LABELLED = 'not_labelled'
SIZE_MISMATCH = 'mask_size_mismatch'
CROWD_BOX = 'crowd_box'

Lookup = Callable[[Any], dict[str, Any] | None]


class Annotator:
    """Turns an input annotation into the one that is written.

    Args:
        rows: what the input says of each of its annotations.
        lookup: gives the record of an annotation id, or None.
        summary: counts what is done.
    """

    def __init__(self, rows: InputRows, lookup: Lookup,
                 summary: LabelSummary) -> None:
        self._rows = rows
        self._lookup = lookup
        self._summary = summary

    def __call__(self, row: int, annotation: dict[str, Any]) -> dict[str, Any]:
        """Return the annotation with its mask; a crowd region as it is.

        Args:
            row: position of the annotation in the input.
            annotation: not changed.
        """
        self._summary.annotations += 1
        size = self._rows.image_size(row)
        if is_crowd(annotation):
            return self._complete_crowd(annotation, size)
        record = self._lookup(annotation.get('id'))
        if record is not None and 'segmentation' in record:
            # An image entry without a usable size takes the size of the mask.
            if size is None or record['segmentation']['size'] == list(size):
                return self._add_mask(annotation, record)
            return self._add_fallback(annotation, size, SIZE_MISMATCH)
        if record is not None:
            if record['reason'] != record['fallback']:
                self._summary.add_reason(record['reason'])
            return self._add_fallback(annotation, size, record['fallback'])
        return self._add_fallback(annotation, size,
                                  self._fault_of(row, annotation))

    def _complete_crowd(self, annotation: dict[str, Any],
                        size: tuple[int, int] | None) -> dict[str, Any]:
        """Return a crowd region, with its box filled if it has no mask.

        Stock loaders fail (KeyError) on an annotation without ``segmentation``
        or ``area``, crowd or not, and an input of boxes has no masks.  What is
        there stays as it is.
        """
        self._summary.crowds += 1
        if annotation.get('segmentation') and 'area' in annotation:
            return annotation
        self._summary.crowds_completed += 1
        filled = fallback_rle(annotation.get('bbox'), size)
        return {**annotation,
                'segmentation': annotation.get('segmentation') or filled,
                'area': annotation.get('area', rle_area(filled)),
                'mal': dict(fallback=CROWD_BOX)}

    def _add_mask(self, annotation: dict[str, Any],
                  record: dict[str, Any]) -> dict[str, Any]:
        fallback = record['mal'].get('fallback')
        if fallback:
            self._summary.fallbacks[fallback] += 1
        else:
            self._summary.masks += 1
            self._summary.score_sum += record['score']
        return {**annotation, **{k: record[k] for k in
                                 ('segmentation', 'area', 'score', 'mal')}}

    def _add_fallback(self, annotation: dict[str, Any],
                      size: tuple[int, int] | None,
                      kind: str) -> dict[str, Any]:
        self._summary.fallbacks[kind] += 1
        rle = fallback_rle(annotation.get('bbox'), size)
        return {**annotation, 'segmentation': rle, 'area': rle_area(rle),
                'score': 0., 'mal': dict(fallback=kind)}

    def _fault_of(self, row: int, annotation: dict[str, Any]) -> str:
        """Return why no chunk held this box."""
        if not is_id(annotation.get('id')):
            return 'ann_id_missing'
        return self._rows.error(row) or NOT_LABELLED


def fallback_rle(bbox: Any, size: tuple[int, int] | None) -> RLE:
    """Return the mask that stands in for a missing one: never empty.

    Stock loaders drop an annotation whose area is 0 and fail on one without
    ``segmentation``, so something has to be there: the filled box, clipped to
    the image; where the box shows no pixel of the image (NaN, reversed,
    outside), the one pixel nearest to it.  Stock loaders skip such boxes by
    their own rule, so that pixel trains nothing.

    Args:
        bbox: xywh in image pixels as found in the input; anything at all.
        size: (height, width) of the image, None if unknown: then the mask is
            one pixel of a 1 x 1 image.

    Returns:
        Compressed RLE of the image's size with at least one pixel.
    """
    height, width = size or (1, 1)
    try:
        x, y, w, h = (float(v) for v in bbox)
    except (TypeError, ValueError, OverflowError):
        x = y = w = h = 0.
    if size is not None:
        try:
            return bbox_rle((x, y, x + w, y + h), (height, width))
        except ValueError:
            pass
    # NaN goes to pixel 0; infinities to the border.
    x, y = np.nan_to_num([x, y], posinf=width, neginf=0)
    column = int(np.clip(np.floor(x), 0, width - 1))
    row = int(np.clip(np.floor(y), 0, height - 1))
    return encode_window(np.ones((1, 1), dtype=bool),
                         (column, row, column + 1, row + 1), (height, width))

"""Reads the file that is to be judged."""

from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.id_column import IdLookup
from mmdet_mal.utils.errors import UserError

from .annotation import id_text, mal_details, read_mal, read_mask, read_score
from .images import ReviewImages
from .label_file import LabelFile
from .rows import ReviewRows, score_keys
from .spool import MaskSpool
from .summary import ReviewSummary

# Above this number a page would be gigabytes of pictures, and its list higher
# than browsers can scroll.
MAX_ROWS = 300_000


def read_rows(file: LabelFile, images: ReviewImages, spool_path: str,
              summary: ReviewSummary, worst: int | None,
              watch: Any) -> tuple[ReviewRows, MaskSpool]:
    """Read the file that is judged; its masks go to a spool.

    Args:
        file: the label file.
        images: its images.
        spool_path: a new file for the masks.
        summary: gets the counts.
        worst: only so many masks of the lowest scores.
        watch: a function (entries, number, words) that yields the entries
            under a progress bar.

    Returns:
        The rows, and for each row ``[counts, outside, details, RLE]``: run
        lengths of the view (None without a mask), mask pixels outside it,
        pairs of texts, and the RLE of the image.

    Raises:
        UserError: if not one annotation has a mask, or there are too many.
        AnnotationError: if the file cannot be read.
    """
    total = file.source.count('annotations')
    chosen = _choose_worst(file, worst, summary) if worst is not None else None
    count = total if chosen is None else len(chosen)
    if count > MAX_ROWS:
        raise UserError(
            f'{file.path}: {count} annotations are more than a page can show '
            f'({MAX_ROWS}); take the worst of them with --worst 10000')
    lookup = IdLookup(images.ids)
    names, class_rows = _read_classes(file)
    rows = ReviewRows(names)
    spool = MaskSpool(spool_path, count)
    seen: set[str] = set()
    with_mask = 0
    summary.unfit[file.name] = 0
    entries = watch(file.source.entries('annotations'), total, 'read masks')
    for position, entry in enumerate(entries):
        ann_id = _reviewed_id(entry, seen, summary)
        if ann_id is None or (chosen is not None and position not in chosen):
            continue
        image = lookup.row(entry.get('image_id'))
        rle, window, counts, outside = read_mask(
            entry, images.shapes[image] if image >= 0 else None)
        with_mask += rle is not None
        summary.unfit[file.name] += rle is None and bool(entry.get('segmentation'))
        row = rows.add(ann_id, entry, image,
                       class_rows.get(id_text(entry.get('category_id'))), window)
        spool.put(row, [counts, outside, mal_details(read_mal(entry)), rle])
    if not with_mask:
        spool.close()
        raise UserError(
            f'{file.path}: none of its {total} annotations ({summary.crowds} crowd '
            'regions among them) has a mask that can be reviewed; label the boxes '
            'first, then review the masks JSON')
    return rows, spool


def _reviewed_id(entry: dict, seen: set[str],
                 summary: ReviewSummary) -> str | None:
    """The id of an annotation; None, and counted, if it is not reviewed."""
    if is_crowd(entry):
        summary.crowds += 1
        return None
    ann_id = id_text(entry.get('id'))
    if ann_id is None:
        summary.without_id += 1
    elif ann_id in seen:
        summary.repeated += 1
        return None
    else:
        seen.add(ann_id)
    return ann_id


def _read_classes(file: LabelFile) -> tuple[list[str], dict[str | None, int]]:
    """Names of the categories, and their positions by id."""
    names: list[str] = []
    positions: dict[str | None, int] = {}
    for entry in file.source.entries('categories'):
        key = id_text(entry.get('id'))
        if key is not None and key not in positions:
            positions[key] = len(names)
            names.append(str(entry.get('name', f'class {key}')))
    return names, positions


def _choose_worst(file: LabelFile, worst: int,
                  summary: ReviewSummary) -> set[int]:
    """Positions of the annotations of the lowest scores."""
    if worst < 1:
        raise UserError(f'--worst {worst}: expected a number of masks, 1 or more')
    positions, scores = [], []
    for position, entry in enumerate(file.source.entries('annotations')):
        if not is_crowd(entry):
            positions.append(position)
            scores.append(read_score(entry))
    order = np.argsort(score_keys(scores), kind='stable')[:worst]
    summary.left_out = len(positions) - len(order)
    return {positions[i] for i in order.tolist()}

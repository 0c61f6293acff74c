"""A copy of a masks JSON without, or with marks on, its worst masks."""

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.utils.errors import UserError

from .export_summary import ExportSummary
from .files import check_writable, write_then_rename
from .progress import show_progress

BELOW = ('drop', 'crowd', 'ignore')


def export_labels(masks_json: str, out_file: str, min_score: float,
                  below: str = 'drop') -> ExportSummary:
    """Write a copy of a masks JSON for training; the input stays as it is.

    Crowd regions and annotations without a score, which no labeller made,
    are copied.  Images stay, also those that lose all annotations.  The file
    is read and written as a stream.

    Args:
        masks_json: as a label run writes it.
        out_file: the copy; it gets its name when it is whole.
        min_score: masks of a lower score are bad; in [0, 1].
        below: what becomes of a bad mask: ``'drop'``: its annotation is left
            out; ``'crowd'``: it gets ``iscrowd`` 1: it is no target, and
            detectors that heed crowd regions (``ignore_iof_thr`` > 0) do not
            learn that it is ground either; ``'ignore'``: it gets ``ignore`` 1,
            which stock MMDetection leaves out while loading.

    Returns:
        What was done.

    Raises:
        UserError: if an option is wrong, the copy cannot be written, or no
            annotation has a score.
        AnnotationError: if the input cannot be read or a score is no number.
    """
    if below not in BELOW:
        raise UserError(f"--below {below}: expected one of {', '.join(BELOW)}")
    if not 0 <= min_score <= 1:
        raise UserError(f'--min-score {min_score}: expected a number in [0, 1]')
    source = AnnotationFile(masks_json)
    summary = ExportSummary(out_file, min_score, below)
    total = source.count('annotations')
    check_writable(out_file, 'the copy')
    with write_then_rename(out_file) as file:
        separator = '{'
        for key in source.keys():
            file.write(f'{separator}{json.dumps(key)}: ')
            separator = ',\n'
            if key == 'annotations':
                entries = show_progress(source.entries(key), total, 'export')
                _write_lines(file, _choose(entries, source.path, summary))
            elif source.is_list(key):
                _write_lines(file, source.entries(key))
            else:
                file.write(json.dumps(_note(key, source.value(key), summary)))
        file.write('}\n')
        if total and not summary.scored:
            raise UserError(
                f"{masks_json}: none of its {total} annotations has a 'score'; "
                'give the file that a label run wrote')
    return summary


def _choose(annotations: Iterable[dict], path: str,
            summary: ExportSummary) -> Iterator[dict]:
    """Yield the annotations of the copy and count them."""
    for annotation in annotations:
        summary.annotations += 1
        score = annotation.get('score')
        if is_crowd(annotation) or score is None:
            summary.unscored += 1
            summary.count_kept(annotation)
            yield annotation
            continue
        number = isinstance(score, (int, float)) and not isinstance(score, bool)
        if not number or not math.isfinite(score):
            raise AnnotationError(
                f"{path}: annotation {annotation.get('id')} has score "
                f'{score!r}, expected a number; label the boxes anew')
        if score >= summary.min_score:
            summary.kept += 1
            summary.count_kept(annotation)
            yield annotation
            continue
        summary.bad += 1
        summary.bad_fallbacks += bool(
            (annotation.get('mal') or {}).get('fallback'))
        if summary.below == 'crowd':
            yield {**annotation, 'iscrowd': 1}
        elif summary.below == 'ignore':
            yield {**annotation, 'ignore': 1}
        else:
            summary.count_dropped(annotation)


def _note(key: str, value: Any, summary: ExportSummary) -> Any:
    """Say in ``info`` what was done, where a label run has its own entry."""
    if (key != 'info' or not isinstance(value, dict)
            or not isinstance(value.get('mal'), dict)):
        return value
    done = dict(min_score=summary.min_score, below=summary.below)
    return {**value, 'mal': {**value['mal'], 'export': done}}


def _write_lines(file: TextIO, entries: Iterable[Any]) -> None:
    """Write a JSON list, an entry a line."""
    separator = '[\n'
    for entry in entries:
        file.write(separator + json.dumps(entry))
        separator = ',\n'
    file.write('[]' if separator == '[\n' else '\n]')

"""The part of ``report.html`` that compares with human masks."""

import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.comparison.views import comparison_views

from .gallery import to_jpeg
from .sections import MAX_CLASSES, data_uri, number

_MAX_WORST = 8
# The labeller in the scores, if its name is not known.
_MAIN = 'MAL'


def evaluation(scores: str | Mapping | None, masks_json: str | None,
               human: str | None, images: str | None) -> dict[str, Any]:
    """Tables and plots of the scores against human masks.

    Raises:
        UserError: neither scores nor masks and human masks, or scores of
            another form.
    """
    # Loads torch, which a report without an evaluation does not need.
    from mmdet_mal.evaluation.plots import write_plots
    from mmdet_mal.evaluation.report import class_rows, curve_rows, size_rows
    if scores is None:
        if masks_json is None or human is None:
            raise UserError('--human needs the masks that it is compared with')
        entries = _compare(masks_json, human)
    else:
        entries = _read_scores(scores)
    main = _MAIN if _MAIN in entries else list(entries)[-1]
    with tempfile.TemporaryDirectory() as folder:
        plot = Path(write_plots(Path(folder) / 'plot', entries, main))
        plot = data_uri(plot.read_bytes())
    worst = None
    if human is not None and masks_json is not None and images is not None:
        worst = _worst(entries[main]['worst'], masks_json, human, images)
    everything = entries[main]['sizes']['all']
    return dict(
        mean=number(everything['miou']),
        note=f"{everything['n']} boxes with human masks; each counts once, and "
        'one without a mask counts as IoU 0.',
        iou=size_rows(entries, 'miou', 'show'),
        boundary=size_rows(entries, 'boundary_iou', 'show'),
        curve=curve_rows(entries),
        classes=class_rows(entries)[:MAX_CLASSES + 1], plot=plot, worst=worst)


def _compare(masks_json: str, human: str) -> dict[str, Mapping]:
    """Score masks against human ones."""
    from mmdet_mal.datasets.annotations import load_annotation_file
    from mmdet_mal.evaluation.mask_iou import mask_ious
    from mmdet_mal.evaluation.scores import labeller_scores
    true = load_annotation_file(human)
    pred = load_annotation_file(masks_json)
    columns = mask_ious(pred, true)
    own = {ann.get('id'): ann.get('score') for ann in pred['annotations']}
    if not len(columns) or columns.missing.all():
        raise UserError(f'{human}: no annotation id of it has a mask in '
                        f'{masks_json}; are they of the same boxes?')
    return {_MAIN: labeller_scores(columns, true, own)}


def _read_scores(scores: str | Mapping) -> dict[str, Any]:
    """The scores of each labeller, read back from their file."""
    name = 'scores' if isinstance(scores, Mapping) else scores
    if not isinstance(scores, Mapping):
        try:
            scores = json.loads(Path(scores).read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise UserError(f'{name}: cannot be read as JSON ({error})') from error
    entries = scores.get('scores', scores) if isinstance(scores, Mapping) else {}
    wanted = ('sizes', 'classes', 'curve', 'histogram', 'worst')
    if not entries or not isinstance(entries, Mapping) or not all(
            isinstance(entry, Mapping) and set(wanted) <= set(entry)
            for entry in entries.values()):
        raise UserError(
            f'{name}: no scores as mal evaluate writes them (for each labeller '
            f"{', '.join(wanted)}); write them anew with mal evaluate … --out")
    return {key: _with_nan(entry) for key, entry in entries.items()}


def _with_nan(value: Any) -> Any:
    """The same with nan for null among numbers, as before it was stored."""
    if isinstance(value, Mapping):
        return {key: math.nan if entry is None and key != 'score'
                else _with_nan(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [math.nan if entry is None else _with_nan(entry)
                for entry in value]
    return value


def _worst(worst: list, masks_json: str, human: str,
           images: str) -> list[dict]:
    """The lowest IoUs, each as box, mask and human mask."""
    views = comparison_views(worst[:_MAX_WORST], {'mask': masks_json}, human,
                             images)
    return [dict(
        iou=number(entry['iou']), class_name=entry['category'],
        annotation_id=entry['annotation_id'], file_name=entry['file_name'],
        note=view.note,
        sources=[data_uri(to_jpeg(picture), 'jpeg') for picture in view.pictures])
        for entry, view in zip(worst, views, strict=False)]

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
_FORM = ('no scores as mal evaluate writes them ({found}); write them anew with mal '
         'evaluate … --out')


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
        entries, differences = _compare(masks_json, human), {}
    else:
        entries, differences = _read_scores(scores)
    main = _main(entries, differences)
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
        main=main, **_newer_tables(entries, differences, main),
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


def _read_scores(
        scores: str | Mapping) -> tuple[dict[str, Any], dict[str, Any]]:
    """The scores of each labeller, read back from their file, and by how much
    one of them is better than each other (empty if the file does not tell)."""
    name = 'scores' if isinstance(scores, Mapping) else scores
    if not isinstance(scores, Mapping):
        try:
            scores = json.loads(Path(scores).read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise UserError(f'{name}: cannot be read as JSON ({error})') from error
    scores = scores if isinstance(scores, Mapping) else {}
    entries = scores.get('scores', scores)
    wanted = ('sizes', 'classes', 'curve', 'histogram', 'worst')
    if not entries or not isinstance(entries, Mapping) or not all(
            isinstance(entry, Mapping) and set(wanted) <= set(entry)
            for entry in entries.values()):
        found = f"expected for each labeller {', '.join(wanted)}"
        raise UserError(f'{name}: {_FORM.format(found=found)}')
    differences = {} if entries is scores else scores.get('differences') or {}
    if not isinstance(differences, Mapping) or (
            differences and len(set(entries) - set(differences)) != 1):
        found = 'its differences are not those of one labeller to all others'
        raise UserError(f'{name}: {_FORM.format(found=found)}')
    return ({key: _with_nan(entry) for key, entry in entries.items()},
            _with_nan(differences))


def _main(entries: Mapping, differences: Mapping) -> str:
    """The labeller that a page is about."""
    if differences:  # of the one labeller to all others
        return next(name for name in entries if name not in differences)
    return _MAIN if _MAIN in entries else list(entries)[-1]


def _newer_tables(entries: Mapping, differences: Mapping,
                  main: str) -> dict[str, list | None]:
    """Tables that scores of older versions have no numbers for.

    Raises:
        UserError: the numbers are there in another form.
    """
    from mmdet_mal.evaluation.report import difference_rows, overlap_rows
    try:
        return dict(
            differences=difference_rows(differences, main) if differences else None,
            overlap=overlap_rows(entries) if all(
                'overlap' in entry for entry in entries.values()) else None)
    except (KeyError, TypeError, ValueError) as error:
        found = f'differences or overlap have another form: {error}'
        raise UserError(f'scores: {_FORM.format(found=found)}') from error


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

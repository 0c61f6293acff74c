"""``report.html``: one page about a run, to be sent to a colleague."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.utils.errors import UserError
from mmdet_mal.version import __version__
from mmdet_mal.visualization.mask_columns import MaskColumns, read_columns
from mmdet_mal.visualization.run_facts import (RunFacts, images_of_run, is_run_folder,
                                               read_doctor, read_run_facts,
                                               run_folder_of)
from mmdet_mal.visualization.training.log import TrainingLog, read_training_log

from . import sections
from .evaluation import evaluation
from .next_steps import next_steps

_TEMPLATE = 'run_report.html.j2'
_NAMES = dict(done='What was done', masks='Masks', gallery='Masks to look at',
              evaluation='Against human masks', training='Training',
              doctor='The boxes', next='What to do next')

PathLike = str | os.PathLike


def write_run_report(out_html: PathLike, *,
                     work_dir: PathLike | None = None,
                     masks: PathLike | None = None,
                     images: PathLike | None = None,
                     scores: PathLike | Mapping | None = None,
                     doctor: PathLike | Mapping | None = None,
                     human: PathLike | None = None,
                     run_dir: PathLike | None = None,
                     title: str | None = None) -> Path:
    """Write a self-contained page: pictures inside, no script, no network.

    Each part is there if its source is: at least one of ``work_dir``,
    ``masks`` and ``run_dir`` is needed.

    Args:
        out_html (PathLike): The page; written whole or not at all.
        work_dir (PathLike, optional): Work folder of the training: curves, and
            the strip of ``mmdet_mal.MaskMosaicHook``.
        masks (PathLike, optional): Masks JSON of a label run: counts, score
            histogram, best, median and worst masks.
        images (PathLike, optional): Folder, archive or address of the images;
            by default where the run's own logs say they were.  Without them
            there are no pictures of masks.
        scores (PathLike | Mapping, optional): What ``mal evaluate --out``
            wrote, or its ``scores``.
        doctor (PathLike | Mapping, optional): The doctor's report; by default
            that of the run folder.
        human (PathLike, optional): COCO JSON with human masks of the same
            boxes: compares here unless ``scores`` are given, and shows the
            lowest IoUs.
        run_dir (PathLike, optional): Run folder; by default the ``.run``
            beside the masks, if it is there.
        title (str, optional): By default the name of the masks or the folder.

    Returns:
        Path: The page.

    Raises:
        UserError: nothing to report on, or a source is missing or broken.
    """
    if work_dir is None and masks is None and run_dir is None:
        raise UserError('nothing to report on: give the work folder of a '
                        'training, a masks JSON or its run folder')
    out_html = Path(out_html)
    check_writable(str(out_html), 'the report')
    log = _training(work_dir)
    facts = _facts(masks, run_dir)
    columns = None if masks is None else _columns(masks)
    if doctor is not None:
        report = read_doctor(_path_or_mapping(doctor))
    else:
        report = facts.doctor if facts else {}
    if images is None and facts is not None:
        images = images_of_run(facts.folder)
    images = None if images is None else os.fspath(images)

    weights, licence = sections.encoder_weights(log, facts)
    values: dict[str, Any] = dict(
        title=title or _title(work_dir, masks, run_dir),
        subtitle=_subtitle(log, facts),
        footer=f'mmdet-mal {__version__}, {datetime.now():%Y-%m-%d %H:%M}. '
        'The page needs no network and holds nothing but text and pictures.',
        done=sections.done(log, facts, columns, weights, licence),
        masks=None, gallery=None, gallery_note='', evaluation=None,
        training=None, doctor=None)
    if columns is not None and len(columns):
        values['masks'] = sections.masks(columns, facts)
        if images is None:
            values['gallery_note'] = (
                'The page was made without the images; say --images to see the '
                'best, median and worst masks.')
        else:
            values['gallery'] = sections.gallery(columns, images)
    if scores is not None or human is not None:
        values['evaluation'] = evaluation(
            None if scores is None else _path_or_mapping(scores),
            None if masks is None else os.fspath(masks),
            None if human is None else os.fspath(human), images)
    if log is not None:
        values['training'] = sections.training(log, Path(work_dir))
    if report:
        values['doctor'] = sections.doctor(report)
    values['cards'] = sections.cards(log, columns, values['evaluation'])
    values['steps'] = next_steps(
        licence=licence, log=log, facts=facts, columns=columns,
        doctor=report, images=images, has_human=values['evaluation'] is not None)
    values['sections'] = [
        (key, name) for key, name in _NAMES.items()
        if key in ('done', 'next') or values[key]
        or key == 'gallery' and values['gallery_note']]
    page = _environment().get_template(_TEMPLATE).render(values)
    with write_then_rename(str(out_html)) as file:
        file.write(page)
    return out_html


def _environment() -> Environment:
    # autoescape for every template, whatever its name ends in.
    return Environment(
        loader=PackageLoader('mmdet_mal.visualization.report', 'templates'),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def _training(work_dir: PathLike | None) -> TrainingLog | None:
    """The log of the training; a folder without one is said to be so."""
    if work_dir is None:
        return None
    if not Path(work_dir).exists():
        raise UserError(f'{os.fspath(work_dir)}: no such work folder')
    return read_training_log(work_dir)


def _facts(masks: PathLike | None, run_dir: PathLike | None) -> RunFacts | None:
    if run_dir is not None:
        return read_run_facts(run_dir)
    if masks is not None and is_run_folder(run_folder_of(masks)):
        return read_run_facts(run_folder_of(masks))
    return None


def _columns(masks: PathLike) -> MaskColumns:
    return read_columns(os.fspath(masks))


def _path_or_mapping(value: PathLike | Mapping) -> str | Mapping:
    return value if isinstance(value, Mapping) else os.fspath(value)


def _title(work_dir: PathLike | None, masks: PathLike | None,
           run_dir: PathLike | None) -> str:
    """Name of the masks, or of their folder where they are just 'masks'."""
    path = Path(os.fspath(masks or run_dir or work_dir)).resolve()
    named = path.parent if path.stem in ('masks', 'report') else path
    name = named.stem if masks or run_dir else named.name
    return f'Masks from boxes: {name}'


def _subtitle(log: TrainingLog | None, facts: RunFacts | None) -> str:
    """When the work was done."""
    begun = [source.begun for source in (log, facts)
             if source is not None and source.begun]
    return f'Begun {min(begun):%Y-%m-%d %H:%M}' if begun else ''


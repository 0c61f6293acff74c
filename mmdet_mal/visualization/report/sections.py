"""The parts of ``report.html`` as plain values for its template."""

import base64
import math
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.mask_columns import MaskColumns
from mmdet_mal.visualization.run_facts import RunFacts
from mmdet_mal.visualization.training.curves import training_curves
from mmdet_mal.visualization.training.log import TrainingLog

from .gallery import make_gallery, to_jpeg
from .mask_charts import class_table, score_chart, size_table

STRIP = 'mask_strip.png'
_GALLERY = dict(worst='Lowest scores', median='In the middle',
                best='Highest scores')
_MAX_REASONS = 10
MAX_CLASSES = 14
_SEVERITIES = ('fatal', 'error', 'repair', 'warning', 'note')


def data_uri(content: bytes, kind: str = 'png') -> str:
    """A picture as an address that holds it.

    Args:
        content (bytes): Of the file.
        kind (str): ``'png'`` or ``'jpeg'``.
    """
    return f'data:image/{kind};base64,{base64.b64encode(content).decode()}'


def done(log: TrainingLog | None, facts: RunFacts | None,
         columns: MaskColumns | None, weights: str,
         licence: str) -> list[tuple[str, str]]:
    """What was done, as pairs of a name and a value."""
    pairs: list[tuple[str, str]] = []
    if facts is not None:
        speed = ''
        seconds = facts.duration.total_seconds()
        count = facts.summary.get('masks', 0)
        if seconds and count:
            speed = f' ({count / seconds:.1f} boxes/s)'
        starts = '' if facts.starts < 2 else f', in {facts.starts} starts'
        state = ('finished' if facts.summary else
                 'not finished: some chunks are still to be labelled')
        pairs += [
            ('labelled with', facts.config), ('checkpoint', facts.checkpoint),
            ('boxes', facts.input), ('labelling', state),
            ('labelling took', f'{clock(facts.duration)}{speed}{starts}'
             if facts.starts else ''),
            ('program', f'mmdet-mal {facts.version}' if facts.version else '')]
    if columns is not None:
        pairs.append(('masks', columns.path))
    if log is not None:
        pairs += [('trained for', f'{log.last_iteration} iterations'
                   + (f', {log.last_epoch} epochs' if log.last_epoch else '')),
                  ('training took', clock(log.duration) if log.begun else '')]
    pairs += [('encoder’s weights', weights),
              ('licence of these weights', licence)]
    if facts is not None:
        pairs += [(f'SHA-256 of the {name}', value)
                  for name, value in facts.hashes.items()]
    return [(name, value) for name, value in pairs if value]


def cards(log: TrainingLog | None, columns: MaskColumns | None,
          evaluation: Mapping | None) -> list[tuple[str, str]]:
    """The few numbers at the top, each with its name."""
    values: list[tuple[str, str]] = []
    if columns is not None:
        known = columns.scores[np.isfinite(columns.scores)]
        values += [(f'{len(columns) - columns.is_fallback.sum():,}', 'masks'),
                   (f'{columns.images:,}', 'images')]
        if len(known):
            values.append((f'{known.mean():.3f}', 'mean score'))
        values.append((f'{columns.is_fallback.sum():,}', 'boxes filled instead'))
        if columns.crowds:
            values.append((f'{columns.crowds:,}', 'crowd regions, untouched'))
    if evaluation is not None:
        values.append((evaluation['mean'], 'mean IoU with human masks'))
    if columns is None and log is not None and log.final('loss') is not None:
        values += [(f'{log.last_iteration:,}', 'iterations'),
                   (f"{log.final('loss'):.3f}", 'last loss')]
    return values


def masks(columns: MaskColumns, facts: RunFacts | None) -> dict[str, Any]:
    """Chart and tables of the masks."""
    summary = facts.summary if facts else {}
    reasons = summary.get('reasons') or {}
    listed = sorted(reasons.items(), key=lambda item: -item[1])[:_MAX_REASONS]
    more = (sum(reasons.values()) - sum(count for _, count in listed)
            + summary.get('other_reasons', 0))
    rows = [[reason, str(count)] for reason, count in listed]
    if more:
        rows.append(['other reasons', str(more)])
    has_scores = bool(np.isfinite(columns.scores).any())
    return dict(
        chart=data_uri(score_chart(columns)) if has_scores else '',
        score_note=(
            'The score of a mask is made without human masks: with a '
            'calibration of this labeller it is the IoU that may be expected, '
            'without one it only ranks.' if has_scores else
            'The masks have no scores.'),
        sizes=size_table(columns), classes=class_table(columns, MAX_CLASSES),
        fallbacks=([['kind', 'boxes'],
                    *([kind, str(count)]
                      for kind, count in sorted(columns.fallbacks.items()))]
                   if columns.fallbacks else None),
        reasons=[['reason', 'boxes'], *rows] if rows else None)


def gallery(columns: MaskColumns, images: str) -> list[tuple[str, list[dict]]]:
    """Headings with the pictures under them."""
    found = make_gallery(columns, images)
    return [(heading, [dict(
        vars(entry), score=number(entry.score),
        source=data_uri(entry.jpeg, 'jpeg') if entry.jpeg else '')
        for entry in found[kind]])
        for kind, heading in _GALLERY.items() if found[kind]]


def training(log: TrainingLog, work_dir: Path) -> dict[str, Any]:
    """Facts, curves, and the strip of masks if its hook drew one."""
    strip = (work_dir if work_dir.is_dir() else work_dir.parent) / STRIP
    last = [(name, log.final(name)) for name in
            (*log.loss_names(), 'fill', 'grad_norm')]
    values = ', '.join(f'{name} {value:.4g}' for name, value in last
                       if value is not None)
    pairs = [('iterations', str(log.last_iteration)),
             ('epochs', str(log.last_epoch or '')),
             ('resumed after iteration', ', '.join(map(str, log.resumed_at))),
             ('last values', values),
             ('skipped steps', f'{len(log.skipped)}'
              + (f' (iterations {_listing(log.skipped)})' if log.skipped else ''))]
    return dict(
        facts=[(name, value) for name, value in pairs if value],
        curves=data_uri(training_curves([log])), resumed=bool(log.resumed_at),
        strip=_small_picture(strip) if strip.is_file() else '')


def doctor(report: Mapping) -> dict[str, Any]:
    """A sentence and the kinds of fault, worst first."""
    counts = {name: _count(report.get(name))
              for name in ('fatal', 'errors', 'repairs')}
    if any(counts.values()):
        verdict = (f"{counts['errors']} errors, {counts['repairs']} boxes to "
                   f"repair, {counts['fatal']} faults with which nothing can be "
                   'labelled')
    else:
        verdict = 'Nothing is wrong'
    verdict += (f" in {_count(report.get('annotations'))} annotations of "
                f"{_count(report.get('images'))} images.")
    examples: dict[str, str] = {}
    for finding in report.get('findings') or ():
        if isinstance(finding, Mapping):
            examples.setdefault(str(finding.get('kind')), _example(finding))
    kinds = []
    for name, entry in report['kinds'].items():
        entry = entry if isinstance(entry, Mapping) else {}
        severity = str(entry.get('severity', ''))
        kinds.append(dict(
            name=str(name), count=_count(entry.get('count')), severity=severity,
            severity_class=severity if severity in _SEVERITIES else 'note',
            meaning=str(entry.get('meaning', '')),
            example=examples.get(str(name), '')))
    kinds.sort(key=lambda kind: (_SEVERITIES.index(kind['severity_class']),
                                 -kind['count']))
    return dict(verdict=verdict, kinds=kinds)


def encoder_weights(log: TrainingLog | None,
                    facts: RunFacts | None) -> tuple[str, str]:
    """File and licence of the encoder's weights, '' where not known."""
    for source in (log, facts):
        if source is not None and source.weights:
            licence = getattr(source, 'licence', '')
            if not licence:
                # Loads torch, so only where no log says it.
                from mmdet_mal.models.encoders.licences import licence_of
                licence = licence_of(source.weights)
            return source.weights, licence
    return '', ''


def clock(duration: timedelta) -> str:
    """A duration as people write it, '1:02:03' or '4:05 min'."""
    seconds = int(duration.total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours}:{minutes:02}:{seconds:02} h'
    return f'{minutes}:{seconds:02} min' if minutes else f'{seconds} s'


def _small_picture(path: Path) -> str:
    """A PNG as an embedded JPEG, a fraction of its size."""
    import cv2
    img = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8),
                       cv2.IMREAD_COLOR)
    if img is None:
        raise UserError(f'{path}: no picture; delete it and make the report anew')
    return data_uri(to_jpeg(img), 'jpeg')


def _example(finding: Mapping) -> str:
    """Whom a finding is about."""
    parts = [f'{name} {finding[key]}' for key, name in
             (('annotation_id', 'annotation'), ('image_id', 'image'))
             if finding.get(key) is not None]
    if finding.get('file'):
        parts.append(str(finding['file']))
    return ', '.join(parts) + (f": {finding['message']}"
                               if finding.get('message') else '')


def _listing(numbers: list[int], most: int = 8) -> str:
    text = ', '.join(map(str, numbers[:most]))
    return f'{text}, …' if len(numbers) > most else text


def _count(value: Any) -> int:
    return value if isinstance(value, int) else 0


def number(value: float) -> str:
    """A score with three digits, '-' for nan."""
    return '-' if math.isnan(value) else f'{value:.3f}'

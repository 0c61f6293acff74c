"""Scores as tables for a terminal, for Markdown and as JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terminaltables import AsciiTable

from mmdet_mal.labelling.files import check_writable, write_then_rename

# Headings of the columns, by key of SIZE_RANGES.
HEADINGS = dict(all='all', ge32='>= 32²', small='small', medium='medium',
                large='large')
TITLES = dict(miou='mean IoU', boundary_iou='boundary IoU')
_SHOWN_THRESHOLDS = (.5, .75, .9)
_SHOWN_WORST = 20

# What ``labeller_scores`` returns, by name of the labeller.
Scores = Mapping[str, Mapping[str, Any]]
Rows = list[list[str]]


def size_rows(scores: Scores, key: str = 'miou',
              interval: str = 'hide') -> Rows:
    """One row a labeller, one column a size of box, and the number of boxes.

    Args:
        scores (Scores): of the same boxes.
        key (str): ``'miou'`` or ``'boundary_iou'``.
        interval (str): ``'show'`` or ``'hide'`` the 95 % interval.

    Raises:
        ValueError: no labeller, or they were scored on different boxes.
    """
    if not scores:
        raise ValueError('no scores to show')
    counts = {name: tuple(entry['sizes'][size]['n'] for size in HEADINGS)
              for name, entry in scores.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f'labellers were scored on different boxes: {counts}')
    rows = [[TITLES[key], *HEADINGS.values()]]
    for name, entry in scores.items():
        cells = []
        for size in HEADINGS:
            values = entry['sizes'][size]
            cell = _cell(values[key])
            if interval == 'show' and cell != '-':
                cell += (f" ({_cell(values[f'{key}_low'])} to "
                         f"{_cell(values[f'{key}_high'])})")
            cells.append(cell)
        rows.append([name, *cells])
    rows.append(['boxes', *map(str, next(iter(counts.values())))])
    return rows


def curve_rows(scores: Scores) -> Rows:
    """Share of masks at or above some IoUs, and the mean over .50 to .95."""
    rows = [['share of masks', *(f'IoU >= {t:.2f}' for t in _SHOWN_THRESHOLDS),
             'mean .50:.95']]
    for name, entry in scores.items():
        curve = entry['curve']
        share = dict(zip(curve['thresholds'], curve['share'], strict=True))
        rows.append([name, *(_cell(share[t]) for t in _SHOWN_THRESHOLDS),
                     _cell(curve['mean'])])
    return rows


def class_rows(scores: Scores) -> Rows:
    """Mean IoU by class, most boxes first; one column a labeller."""
    rows = [['class', 'boxes', *scores]]
    for name, entry in next(iter(scores.values()))['classes'].items():
        rows.append([name, str(entry['n']),
                     *(_cell(s['classes'][name]['miou'])
                       for s in scores.values())])
    return rows


def worst_rows(entry: Mapping[str, Any]) -> Rows:
    """The lowest IoUs of one labeller."""
    rows = [['annotation', 'image', 'class', 'box area px²', 'IoU', 'score']]
    for bad in entry['worst'][:_SHOWN_WORST]:
        score = '-' if bad['score'] is None else _cell(bad['score'])
        rows.append([str(bad['annotation_id']), bad['file_name'],
                     bad['category'], f"{bad['box_area']:.0f}",
                     _cell(bad['iou']), score])
    return rows


def text_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table for a terminal, the first of them the heading."""
    return AsciiTable(rows).table


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table in Markdown, the first of them the heading."""
    head, *body = ([_escape(cell) for cell in row] for row in rows)
    lines = [head, ['---', *['---:'] * (len(head) - 1)], *body]
    return ''.join(f"| {' | '.join(cells)} |\n" for cells in lines)


def markdown_report(scores: Scores, main: str,
                    retention: Rows | None = None) -> str:
    """The whole report.

    Args:
        scores (Scores): of all labellers.
        main (str): the one whose worst masks are listed.
        retention (Rows, optional): as ``retention_rows`` returns them.
    """
    parts = [
        ('Mean IoU by area of the box, px² (95 % by bootstrap over images)',
         size_rows(scores, 'miou', 'show')),
        ('Boundary IoU (rim of 2 % of the diagonal)',
         size_rows(scores, 'boundary_iou', 'show')),
        ('Share of masks over each IoU', curve_rows(scores)),
        *([('Mask AP of detectors trained on these masks', retention)]
          if retention else []),
        ('Mean IoU by class', class_rows(scores)),
        (f'Lowest IoUs of {main}', worst_rows(scores[main]))]
    return '\n'.join(f'## {title}\n\n{markdown_table(rows)}'
                     for title, rows in parts)


def write_report(out_file: str, scores: Scores, main: str,
                 details: Mapping[str, object],
                 retention: Rows | None = None) -> str:
    """Write the scores as JSON and, beside it, as Markdown.

    Args:
        out_file (str): the JSON; the Markdown has the suffix ``.md``.
        scores (Scores): of all labellers.
        main (str): as in :func:`markdown_report`, like ``retention``.
        details (Mapping[str, object]): further top-level keys of the JSON.
        retention (Rows, optional): as in :func:`markdown_report`.

    Returns:
        str: path of the Markdown file.

    Raises:
        UserError: the folder cannot be written.
    """
    markdown = str(Path(out_file).with_suffix('.md'))
    for path in (out_file, markdown):
        check_writable(path, 'the scores')
    text = markdown_report(scores, main, retention)
    with write_then_rename(out_file) as file:
        json.dump(_without_nan(dict(details, scores=scores)), file, indent=2)
        file.write('\n')
    with write_then_rename(markdown) as file:
        file.write(text)
    return markdown


def _cell(value: float) -> str:
    """A number as people write it: three digits, '-' for an empty range."""
    return '-' if math.isnan(value) else f'{value:.3f}'


def _escape(cell: str) -> str:
    """A name from a file must not break the table, nor become HTML."""
    cell = ' '.join(cell.split())
    for mark, code in (('&', '&amp;'), ('<', '&lt;'), ('|', '\\|')):
        cell = cell.replace(mark, code)
    return cell


def _without_nan(value: Any) -> Any:
    """The same with null for nan, which JSON does not know."""
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Mapping):
        return {key: _without_nan(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(entry) for entry in value]
    return value

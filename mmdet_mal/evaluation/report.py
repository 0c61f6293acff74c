"""Scores as tables for a terminal, for Markdown and as JSON."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from terminaltables import AsciiTable

from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.utils.json_values import without_nan

# Headings of the columns, by key of SIZE_RANGES.
HEADINGS = dict(all='all', ge32='>= 32²', small='small', medium='medium',
                large='large')
TITLES = dict(miou='mean IoU', boundary_iou='boundary IoU')
# The same by key of OVERLAP_RANGES: the share of a box that a neighbour covers.
OVERLAP_HEADINGS = dict(apart='below 5 %', touched='5 to 50 %',
                        covered='50 % and more')
SHOWN_THRESHOLDS = (.5, .75, .9)
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
            cells.append(_cell(values[key]) if interval == 'hide' else
                         _with_interval(values[key], values[f'{key}_low'],
                                        values[f'{key}_high']))
        rows.append([name, *cells])
    rows.append(['boxes', *map(str, next(iter(counts.values())))])
    return rows


def overlap_rows(scores: Scores) -> Rows:
    """Mean IoU by how far a neighbour's box covers the box, with intervals."""
    rows = [['covered by a neighbour', *OVERLAP_HEADINGS.values()]]
    for name, entry in scores.items():
        rows.append([name, *(_with_interval(
            *(entry['overlap'][key][f'miou{end}'] for end in ('', '_low', '_high')))
            for key in OVERLAP_HEADINGS)])
    first = next(iter(scores.values()))['overlap']
    return [*rows, ['boxes', *(str(first[key]['n']) for key in OVERLAP_HEADINGS)]]


def difference_rows(differences: Mapping[str, Mapping], main: str,
                    sizes: Sequence[str] = tuple(HEADINGS)) -> Rows:
    """By how much one labeller is better than each of the others.

    Args:
        differences (Mapping[str, Mapping]): of ``paired_differences``.
        main (str): the labeller.
        sizes (Sequence[str]): keys of ``SIZE_RANGES``, a column each.
    """
    rows = [[f'{main} less …', *(HEADINGS[size] for size in sizes)]]
    for name, entry in differences.items():
        rows.append([name, *(_with_interval(
            entry[size]['difference'], entry[size]['low'], entry[size]['high'],
            '+') for size in sizes)])
    return rows


def curve_rows(scores: Scores,
               thresholds: Sequence[float] = SHOWN_THRESHOLDS) -> Rows:
    """Share of masks at or above some IoUs, and the mean over .50 to .95.

    Args:
        scores (Scores): of all labellers.
        thresholds (Sequence[float]): those to show, of the curve's.
    """
    rows = [['share of masks', *(f'IoU >= {t:.2f}' for t in thresholds),
             'mean .50:.95']]
    for name, entry in scores.items():
        curve = entry['curve']
        share = dict(zip(curve['thresholds'], curve['share'], strict=True))
        rows.append([name, *(_cell(share[t]) for t in thresholds),
                     _cell(curve['mean'])])
    return rows


def histogram_rows(scores: Scores) -> Rows:
    """Number of masks in each tenth of the IoU; one row a labeller."""
    first = next(iter(scores.values()))['histogram']['edges']
    rows = [['masks with IoU from', *(f'{edge:.1f}' for edge in first[:-1:2])]]
    for name, entry in scores.items():
        counts = entry['histogram']['counts']
        rows.append([name, *(str(a + b) for a, b in
                             zip(counts[::2], counts[1::2], strict=True))])
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
    rows = [['annotation', 'image', 'class', 'box area px²', 'IoU',
             'boundary IoU', 'score']]
    for bad in entry['worst'][:_SHOWN_WORST]:
        score = '-' if bad['score'] is None else _cell(bad['score'])
        rows.append([str(bad['annotation_id']), bad['file_name'],
                     bad['category'], f"{bad['box_area']:.0f}",
                     _cell(bad['iou']), _cell(bad['boundary_iou']), score])
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
                    retention: Rows | None = None,
                    differences: Mapping[str, Mapping] | None = None,
                    preface: Sequence[str] = ()) -> str:
    """The whole report.

    Args:
        scores (Scores): of all labellers.
        main (str): the one whose worst masks are listed.
        retention (Rows, optional): as ``retention_rows`` returns them.
        differences (Mapping[str, Mapping], optional): of
            ``paired_differences``.
        preface (Sequence[str]): paragraphs of Markdown below the title.
    """
    thresholds = scores[main]['curve']['thresholds']
    parts = [
        ('Mean IoU by area of the box, px² (95 % by bootstrap over images)',
         size_rows(scores, 'miou', 'show')),
        *([(f'Difference of {_escape(main)} to the others (paired by box; 95 % by '
            'bootstrap over images)', difference_rows(differences, main))]
          if differences else []),
        ('Boundary IoU (rim of 2 % of the diagonal)',
         size_rows(scores, 'boundary_iou', 'show')),
        ('Mean IoU by the share of a box that one other box covers',
         overlap_rows(scores)),
        ('Share of masks over each IoU', curve_rows(scores, thresholds)),
        ('Histogram of the IoU', histogram_rows(scores)),
        *([('Mask AP of detectors trained on these masks', retention)]
          if retention else []),
        ('Mean IoU by class', class_rows(scores)),
        (f'Lowest IoUs of {_escape(main)}', worst_rows(scores[main]))]
    return '\n'.join([
        f'# {_escape(main)} beside human masks\n',
        *(f'{paragraph}\n' for paragraph in preface),
        *(f'## {title}\n\n{markdown_table(rows)}' for title, rows in parts)])


def write_report(out_file: str, scores: Scores, main: str,
                 details: Mapping[str, object],
                 retention: Rows | None = None,
                 differences: Mapping[str, Mapping] | None = None,
                 pictures: Sequence[str] = ()) -> str:
    """Write the scores as JSON and, beside it, as Markdown.

    Args:
        out_file (str): the JSON; the Markdown has the suffix ``.md``.
        scores (Scores): of all labellers.
        main (str): as in :func:`markdown_report`, like ``retention``.
        details (Mapping[str, object]): further top-level keys of the JSON,
            named at the top of the report.
        retention (Rows, optional): as in :func:`markdown_report`, like
            ``differences``.
        pictures (Sequence[str]): files in the same folder that the report
            shows.

    Returns:
        str: path of the Markdown file.

    Raises:
        UserError: the folder cannot be written.
    """
    markdown = str(Path(out_file).with_suffix('.md'))
    for path in (out_file, markdown):
        check_writable(path, 'the scores')
    preface = [', '.join(f'{key}: {_escape(str(value))}'
                         for key, value in details.items()),
               *(f'![{_escape(name)}]({quote(name)})' for name in pictures)]
    text = markdown_report(scores, main, retention, differences,
                           [part for part in preface if part])
    content = dict(details, scores=scores, differences=differences or {},
                   retention=retention or [])
    with write_then_rename(out_file) as file:
        json.dump(without_nan(content), file, indent=2)
        file.write('\n')
    with write_then_rename(markdown) as file:
        file.write(text)
    return markdown


def _cell(value: float) -> str:
    """A number as people write it: three digits, '-' for an empty range."""
    return '-' if math.isnan(value) else f'{value:.3f}'


def _with_interval(value: float, low: float, high: float, sign: str = '') -> str:
    """A number and its bounds; ``sign='+'`` shows the sign of each."""
    if math.isnan(value):
        return '-'
    return f'{value:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})'


def _escape(cell: str) -> str:
    """A name from a file must not break the table, nor become HTML."""
    cell = ' '.join(cell.split())
    for mark, code in (('&', '&amp;'), ('<', '&lt;'), ('|', '\\|')):
        cell = cell.replace(mark, code)
    return cell

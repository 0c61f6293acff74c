"""The table of mean IoUs: one row a labeller, one column a size of box."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from terminaltables import AsciiTable

from mmdet_mal.labelling.files import check_writable, write_then_rename

# Headings of the columns, by key of SIZE_RANGES.
HEADINGS = dict(all='all', ge32='>= 32²', small='small', medium='medium',
                large='large')

# Mean IoU and n by size, as ``summarise`` returns them.
Summary = Mapping[str, Mapping[str, float]]


def table_rows(summaries: Mapping[str, Summary]) -> list[list[str]]:
    """Cells of the table as text.

    Args:
        summaries (Mapping[str, Summary]): by name of the labeller, all of the
            same boxes.

    Returns:
        list[list[str]]: heading, one row a labeller, and the numbers of
        boxes.

    Raises:
        ValueError: no labeller, or they were scored on different boxes.
    """
    if not summaries:
        raise ValueError('no scores to show')
    counts = {name: tuple(summary[key]['n'] for key in HEADINGS)
              for name, summary in summaries.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(f'labellers were scored on different boxes: {counts}')
    rows = [['mean IoU', *HEADINGS.values()]]
    for name, summary in summaries.items():
        rows.append([name, *(_cell(summary[key]['miou']) for key in HEADINGS)])
    rows.append(['boxes', *map(str, next(iter(counts.values())))])
    return rows


def text_table(summaries: Mapping[str, Summary]) -> str:
    """The table for a terminal; arguments as :func:`table_rows`."""
    return AsciiTable(table_rows(summaries)).table


def markdown_table(summaries: Mapping[str, Summary]) -> str:
    """The table in Markdown; arguments as :func:`table_rows`."""
    head, *rows = table_rows(summaries)
    lines = [head, ['---', *['---:'] * (len(head) - 1)], *rows]
    return ''.join(f"| {' | '.join(cells)} |\n" for cells in lines)


def write_report(out_file: str, summaries: Mapping[str, Summary],
                 details: Mapping[str, object]) -> str:
    """Write the scores as JSON and, beside it, as Markdown.

    Args:
        out_file (str): the JSON; the Markdown has the suffix ``.md``.
        summaries (Mapping[str, Summary]): as :func:`table_rows`.
        details (Mapping[str, object]): further top-level keys of the JSON.

    Returns:
        str: path of the Markdown file.

    Raises:
        UserError: the folder cannot be written.
    """
    markdown = str(Path(out_file).with_suffix('.md'))
    for path in (out_file, markdown):
        check_writable(path, 'the scores')
    with write_then_rename(out_file) as file:
        json.dump(dict(details, scores=_without_nan(summaries)), file, indent=2)
        file.write('\n')
    with write_then_rename(markdown) as file:
        file.write(markdown_table(summaries))
    return markdown


def _cell(miou: float) -> str:
    """A mean IoU as people write it: three digits, '-' for an empty range."""
    return '-' if math.isnan(miou) else f'{miou:.3f}'


def _without_nan(summaries: Mapping[str, Summary]) -> dict:
    """The same with null for nan, which JSON does not know."""
    return {name: {key: dict(n=entry['n'], miou=None if math.isnan(
        entry['miou']) else entry['miou']) for key, entry in summary.items()}
            for name, summary in summaries.items()}

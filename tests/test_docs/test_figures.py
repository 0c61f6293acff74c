"""Figures that stand on two pages are the same on both."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from markdown_page import REPO

_ROWS = ('box', 'ellipse', 'GrabCut', 'random walker', 'MAL, trained', 'instant',
         'boxes')


def table_rows(text: str) -> dict[str, set[tuple[str, ...]]]:
    """Cells of every table row by its first cell, without bold and notes."""
    rows = {}
    for line in text.splitlines():
        if line.startswith('|'):
            first, *cells = (cell.strip().replace('**', '')
                             for cell in line.strip('|').split('|'))
            rows.setdefault(first.removesuffix(', no training'), set()).add(
                tuple(cells))
    return rows


def test_the_results_of_the_readme_are_those_of_the_benchmarks():
    readme = table_rows((REPO / 'README.md').read_text())
    benchmarks = table_rows((REPO / 'docs/benchmarks.md').read_text())
    for name in (*_ROWS, 'MAL, from boxes alone'):
        assert readme[name] and readme[name] <= benchmarks[name], name


def test_other_figures_would_be_found():
    assert table_rows('| **a** | .1 | **.2** |\n| a | .3 | .4 |\ntext\n') == {
        'a': {('.1', '.2'), ('.3', '.4')}}

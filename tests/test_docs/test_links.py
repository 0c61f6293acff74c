"""Every relative link of every page leads to a file, and to a heading in it."""

import re
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from markdown_page import REPO, anchors, links

PAGES = sorted([*REPO.glob('*.md'), *(REPO / 'docs').rglob('*.md')])


def dead_links(page: Path, text: str, root: Path) -> list[str]:
    """Relative links of a page that lead nowhere, with the reason."""
    dead = []
    for link in links(text):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = page
        if parts.path:
            target = (page.parent / unquote(parts.path)).resolve()
            if not target.is_relative_to(root):
                dead.append(f'{link}: outside the repository')
                continue
            if not target.exists():
                dead.append(f'{link}: no such file')
                continue
        if parts.fragment and target.suffix == '.md':
            known = anchors(target.read_text() if target != page else text)
            if unquote(parts.fragment) not in known:
                dead.append(f'{link}: no such heading')
    return dead


@pytest.mark.parametrize('page', PAGES, ids=lambda page: str(page.relative_to(REPO)))
def test_links_lead_somewhere(page):
    assert dead_links(page, page.read_text(), REPO) == []


def test_dead_links_are_found(tmp_path):
    (tmp_path / 'other.md').write_text('# There\n')
    page = tmp_path / 'page.md'
    text = ('# Here\n[a](other.md#there) [b](#here) [c](other.md#not-there) '
            '[d](gone.md) [e](../outside.md) [f](https://example.org/x) [g](#gone)\n')
    assert dead_links(page, text, tmp_path) == [
        'other.md#not-there: no such heading', 'gone.md: no such file',
        '../outside.md: outside the repository', '#gone: no such heading']


def missing_paths(table: str, root: Path) -> list[str]:
    """Files and folders that table rows name as code and that are not there.

    ``a/{b,c}.py`` names two; a name without a folder may lie anywhere.
    """
    missing = []
    for line in table.splitlines():
        if not line.startswith('|'):
            continue
        for code in re.findall(r'`([\w/{},.-]+(?:/|\.py))`', line):
            head, _, rest = code.partition('{')
            middle, _, tail = rest.partition('}')
            for name in (f'{head}{part}{tail}' for part in middle.split(',')):
                places = [root / 'mmdet_mal' / name, root / name]
                if '/' not in name:
                    places = list((root / 'mmdet_mal').rglob(name))
                if not any(place.exists() for place in places):
                    missing.append(name)
    return missing


def test_files_on_the_map_from_the_paper_exist():
    text = (REPO / 'docs' / 'how_it_works.md').read_text()
    assert missing_paths(text, REPO) == []
    assert missing_paths('| `models/{gone,losses/mil_loss}.py` | `gone.py`, `cli/` |',
                         REPO) == ['models/gone.py', 'gone.py']


def test_every_picture_is_shown_by_a_page():
    shown = {(page.parent / unquote(link)).resolve() for page in PAGES
             for link in links(page.read_text())}
    pictures = set((REPO / 'docs' / 'img').iterdir())
    assert pictures and pictures - shown == set()


def test_no_page_names_a_path_of_one_machine():
    for page in PAGES:
        for place in ('/work/', '/tmp/', '/home/', '/root/'):
            assert place not in page.read_text(), (page, place)

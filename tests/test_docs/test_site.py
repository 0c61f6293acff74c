"""The site builds offline without a warning, and fetches nothing when read."""

import importlib
import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

pytest.importorskip('sphinx', reason='requirements/docs.txt is not installed')
pytest.importorskip('furo', reason='requirements/docs.txt is not installed')
from bs4 import BeautifulSoup

sys.path.insert(0, str(Path(__file__).parent))
from markdown_page import REPO

DOCS = REPO / 'docs'
# A test that is stuck must end; the build takes about 20 s of one core.
TIMEOUT_S = 900
# Elements whose address a browser fetches by itself, and the attribute.
FETCHED = dict(script='src', img='src', iframe='src', link='href', source='src',
               video='src', audio='src', embed='src', object='data', input='src')


def make_docs_command(out: Path) -> list[str]:
    """What ``make docs`` runs to build the site, without what it installs."""
    done = subprocess.run(
        ['make', '-n', 'docs', f'SITE={out}', f'PY={sys.executable}'], cwd=REPO,
        check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
    command, = [line for line in done.stdout.splitlines() if ' -m sphinx ' in line]
    return shlex.split(command)


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    """The site as ``make docs`` builds it, with no way to a network."""
    out = tmp_path_factory.mktemp('site')
    command = make_docs_command(out)
    assert '-W' in command, 'make docs lets warnings pass'
    env = dict(os.environ, http_proxy='http://127.0.0.1:9',
               https_proxy='http://127.0.0.1:9', OMP_NUM_THREADS='1')
    done = subprocess.run(command, cwd=REPO, env=env, capture_output=True,
                          text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ''
    return out


@pytest.fixture(scope='module')
def pages(site) -> dict[Path, BeautifulSoup]:
    return {page: BeautifulSoup(page.read_text(), 'html.parser')
            for page in sorted(site.rglob('*.html'))}


@pytest.mark.slow
def test_every_page_of_the_folder_is_in_the_site_and_its_navigation(site, pages):
    index = pages[site / 'index.html']
    reached = {link['href'].partition('#')[0]
               for link in index.select('.sidebar-tree a[href]')} | {'index.html'}
    for source in DOCS.rglob('*.md'):
        name = str(source.relative_to(DOCS).with_suffix('.html'))
        assert (site / name).is_file(), name
        # The page that one is on is called '#'.
        assert name in reached or name == 'index.html', name


@pytest.mark.slow
def test_nothing_is_fetched_from_elsewhere(pages):
    fetched = external_resources(pages)
    assert fetched == []


@pytest.mark.slow
def test_style_sheets_fetch_nothing_from_elsewhere(site):
    sheets = list(site.rglob('*.css'))
    assert sheets
    for sheet in sheets:
        text = sheet.read_text()
        assert not re.search(r'url\(\s*["\']?\s*(https?:)?//', text), sheet
        assert not re.search(r'@import\s+(url\()?["\']?\s*(https?:)?//', text), sheet


@pytest.mark.slow
def test_links_within_the_site_lead_somewhere(site, pages):
    dead = []
    for page, soup in pages.items():
        for link in soup.select('a[href], link[href], img[src], script[src]'):
            parts = urlsplit(link.get('href') or link.get('src'))
            if parts.scheme or parts.netloc:
                continue
            target = page
            if parts.path:
                target = (page.parent / unquote(parts.path)).resolve()
            if not target.is_file():
                dead.append((page.name, link))
            elif parts.fragment and target in pages and not pages[target].find(
                    id=unquote(parts.fragment)):
                dead.append((page.name, link))
    assert dead == []


@pytest.mark.slow
def test_formulas_need_no_script(site, pages):
    formulas = pages[site / 'api' / 'models.html'].find_all('math')
    assert len(formulas) >= 3
    scripts = [str(script).lower() for soup in pages.values()
               for script in soup.find_all('script')]
    assert scripts and not any('mathjax' in script for script in scripts)


@pytest.mark.slow
def test_docstrings_are_there_with_their_arguments(site, pages):
    text = pages[site / 'api' / 'masks.html'].get_text()
    assert 'mmdet_mal.structures.rle.encode_window' in text
    assert 'an empty mask is one run of zeros' in ' '.join(text.split())


# Packages whose ``__all__`` is an interface for others.
PUBLIC = ('', '.models', '.models.heads', '.models.losses', '.models.necks', '.engine',
          '.engine.hooks', '.datasets', '.datasets.samplers', '.datasets.transforms',
          '.evaluation', '.evaluation.baselines', '.quality', '.inferencer',
          '.visualization', '.visualization.review', '.doctor')


@pytest.mark.slow
@pytest.mark.parametrize('package', PUBLIC)
def test_every_public_class_and_function_is_in_the_api(site, pages, package):
    module = importlib.import_module(f'mmdet_mal{package}')
    known = {element['id'] for page, soup in pages.items() if page.parent.name == 'api'
             for element in soup.select('dt[id]')}
    public = [getattr(module, name) for name in module.__all__]
    names = {f'{item.__module__}.{item.__qualname__}' for item in public
             if inspect.isclass(item) or inspect.isfunction(item)}
    assert names - known == set()


def external_resources(pages: dict) -> list[str]:
    """What a browser would fetch from a server while it shows these pages."""
    found = []
    for page, soup in pages.items():
        for name, attribute in FETCHED.items():
            for element in soup.find_all(name):
                addresses = [element.get(attribute) or '']
                addresses += (element.get('srcset') or '').split()
                if any(urlsplit(address).netloc for address in addresses):
                    found.append(f'{page.name}: {element}')
        for element in [*soup.find_all('style'), *soup.select('[style]')]:
            if re.search(r'(url\(|@import)[^;)]*//', str(element)):
                found.append(f'{page.name}: {element}')
    return found


@pytest.mark.parametrize('html', [
    '<script src="https://cdn.example/x.js"></script>',
    '<link rel="stylesheet" href="//fonts.example/css">',
    '<img srcset="http://a.example/x.png 2x">',
    '<style>@import "https://fonts.example/css";</style>',
    '<p style="background: url(http://a.example/x.png)">',
])
def test_resources_from_elsewhere_are_found(html):
    soup = BeautifulSoup(html, 'html.parser')
    assert len(external_resources({Path('page.html'): soup})) == 1


def test_links_to_elsewhere_are_no_resources():
    soup = BeautifulSoup('<a href="https://example.org/">x</a><img src="x.png">',
                         'html.parser')
    assert external_resources({Path('page.html'): soup}) == []

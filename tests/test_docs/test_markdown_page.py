"""The reader of pages, which the other tests here rely on."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from markdown_page import anchors, bash_blocks, links

BLOCK = '```bash\nmal label a\n```\n'


def test_anchors_are_those_of_code_hosts():
    text = '# Why `area` is 0, and *when*\n\n## Twice\n\n## Twice\n'
    assert anchors(text) == {'why-area-is-0-and-when', 'twice', 'twice-1'}


def test_links_in_text_tables_and_html_are_found_and_those_in_code_are_not():
    text = ('[a](a.md) ![b](b.png) `[c](c.md)`\n\n| x |\n| --- |\n| [d](d.md#e) |\n\n'
            '```text\n[f](f.md)\n```\n\n<p><img src="g.png"></p>\n')
    assert links(text) == ['a.md', 'b.png', 'd.md#e', 'g.png']


def test_a_block_without_a_marker_is_run_as_it_stands():
    block, = bash_blocks('P.md', 'text\n\n' + BLOCK + '\n```python\nx\n```\n')
    assert (block.kind, block.line, block.text) == ('run', 3, 'mal label a\n')
    assert block.replacements == ()


def test_a_marker_names_kind_replacements_and_reason():
    text = ('<!-- docs-test: run: `label` => `export`, `a` => `b`: it is\n'
            'quicker -->\n\n' + BLOCK)
    block, = bash_blocks('P.md', text)
    assert block.replacements == (('label', 'export'), ('a', 'b'))
    assert (block.kind, block.reason) == ('run', 'it is quicker')


@pytest.mark.parametrize('marker, message', [
    ('<!-- docs-test: skip: dull -->', 'not a marker'),
    ('<!-- docs-test: parse: -->', 'no reason'),
    ('<!-- docs-test: run: quick -->', 'replaces nothing'),
    ('<!-- docs-test: run: `train` => `label`: quick -->', "no 'train'"),
])
def test_a_wrong_marker_is_refused(marker, message):
    with pytest.raises(ValueError, match=message):
        bash_blocks('P.md', f'{marker}\n\n{BLOCK}')


@pytest.mark.parametrize('rest', ['\nSome text.\n\n' + BLOCK, '\n', ''])
def test_a_marker_without_its_block_is_refused(rest):
    with pytest.raises(ValueError, match='no ```bash block follows'):
        bash_blocks('P.md', '<!-- docs-test: parse: slow -->\n' + rest)

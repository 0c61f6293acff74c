"""Every ```bash block of README.md and the quick start does what it says.

A block is run in a copy of the repository with a tiny drawn data set
(``newcomer.py`` says what stands in for what), unless a comment before it says why
it is only parsed, or what is replaced to make it small (``markdown_page.py``).  A
new block without such a comment must run.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from command_parsing import check_commands, split_commands
from markdown_page import REPO, Block, bash_blocks
from newcomer import Newcomer

PAGES = ('README.md', 'docs/quickstart.md')
# Blocks of all other pages are parsed.
PARSED_PAGES = sorted(
    str(path.relative_to(REPO)) for path in (REPO / 'docs').glob('*.md')
    if str(path.relative_to(REPO)) not in PAGES)
BLOCKS = [block for page in PAGES if (REPO / page).is_file()
          for block in bash_blocks(page, (REPO / page).read_text())]
# pytest names a test by these; a line number would change with every edit.
NAMES = [f'{block.page}-{number}' for number, block in enumerate(BLOCKS, 1)]


class Reader:
    """Goes through a page from its top; each block is run once."""

    def __init__(self, page: str, newcomer: Newcomer) -> None:
        self._newcomer = newcomer
        self._left = [block for block in BLOCKS if block.page == page]
        self._failed = ''

    def read_to(self, wanted: Block) -> None:
        """Run what leads to a block, then the block itself."""
        if self._failed:
            pytest.skip(f'{self._failed}, which comes before, failed')
        while wanted in self._left:
            block = self._left.pop(0)
            if block.kind == 'run':
                self._failed = str(block)
                self._newcomer.run(block)
                self._failed = ''


@pytest.fixture(scope='module')
def readers(tmp_path_factory) -> dict[str, Reader]:
    shared = REPO.parent / 'shared' / 'weights' / 'deit_tiny_patch16_224.pth'
    weights = Path(os.environ.get('MAL_WEIGHTS', shared))
    return {page: Reader(page, Newcomer(
        tmp_path_factory.mktemp('newcomer'), weights if weights.is_file() else None))
        for page in PAGES}


@pytest.mark.slow
@pytest.mark.parametrize('block', BLOCKS, ids=NAMES)
def test_command_block(block, request):
    if block.kind == 'parse':
        check_commands(block.text)
    else:
        request.getfixturevalue('readers')[block.page].read_to(block)


@pytest.mark.parametrize('page', PARSED_PAGES)
def test_commands_of_further_pages_exist(page):
    for block in bash_blocks(page, (REPO / page).read_text()):
        check_commands(block.text)


def test_both_pages_have_commands_and_most_are_run():
    for page in PAGES:
        kinds = [block.kind for block in BLOCKS if block.page == page]
        assert kinds.count('run') >= 2, page


def test_set_up_comes_first_and_is_two_commands():
    first = BLOCKS[0]
    assert first.page == 'README.md'
    assert split_commands(first.text) == [['make', 'demo'], ['make', 'test']]


@pytest.mark.parametrize('text, message', [
    ('mal lable a', 'no such verb'),
    ('mal label --no-such-option', 'does not take'),
    ('make dmeo', 'no target'),
    ('python tools/gone.py', 'no file'),
    ('python tools/merge_labels.py --no-such-option x', 'nothing knows'),
    ('mim train mmdet configs/gone.py', 'no file'),
    ('rm -rf /', 'does not know rm'),
    ('if true', 'syntax error'),
    ('# only a comment', 'no command'),
])
def test_wrong_commands_are_found(text, message):
    with pytest.raises(AssertionError, match=message):
        check_commands(text)


def test_a_command_within_an_assignment_is_found():
    assert split_commands('A=1\njob=$(sbatch --parsable x)\n') == [
        ['sbatch', '--parsable', 'x)']]


def test_commands_are_split_as_the_shell_does():
    text = 'A=1 mal label x \\\n    --ann "a b"  # why\ncd x && make test; make demo\n'
    assert split_commands(text) == [
        ['mal', 'label', 'x', '--ann', 'a b'], ['cd', 'x'], ['make', 'test'],
        ['make', 'demo']]


@pytest.fixture
def empty_newcomer(tmp_path):
    newcomer = object.__new__(Newcomer)
    newcomer.folder, newcomer._environment = tmp_path, dict(os.environ)
    return newcomer


def test_a_failing_command_fails_the_block(empty_newcomer):
    with pytest.raises(AssertionError, match='exit code 3'):
        empty_newcomer.run(Block('P.md', 1, '(exit 3)\necho not reached\n'))


def test_what_a_block_exports_the_next_one_sees(empty_newcomer):
    empty_newcomer.run(Block('P.md', 1, 'export MAL_X="a\nb"\nY=2\n'))
    out = empty_newcomer.run(Block('P.md', 2, 'echo "$MAL_X-${Y:-none}"\n'))
    assert out == 'a\nb-none\n'


def test_replacements_are_made(empty_newcomer):
    block = Block('P.md', 1, 'echo 8 devices\n', replacements=(('8', '1'),))
    assert empty_newcomer.run(block) == '1 devices\n'

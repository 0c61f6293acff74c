"""Reads a Markdown page: its headings' anchors, links, and command blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.anchors import anchors_plugin

REPO = Path(__file__).resolve().parents[2]

_MARKER = re.compile(
    r'<!--\s*docs-test:\s*(?P<kind>\w+)\s*:(?P<rest>.*?)-->', re.DOTALL)
_REPLACEMENT = re.compile(r'`(?P<old>[^`]+)`\s*=>\s*`(?P<new>[^`]*)`')
_KINDS = ('run', 'parse')


@dataclass
class Block:
    """A ```bash block and what a comment before it says of testing it.

    Attributes:
        page (str): path of the page within the repository.
        line (int): of the fence, from 1.
        text (str): the commands.
        kind (str): 'run', or 'parse' if a comment says why it is only parsed.
        replacements (list): (old, new) pairs that make it small enough to run.
        reason (str): of a comment; '' without one.
    """
    page: str
    line: int
    text: str
    kind: str = 'run'
    replacements: tuple = ()
    reason: str = ''

    def __str__(self) -> str:
        return f'{self.page}:{self.line}'


def parse(text: str) -> list[Token]:
    """Tokens of a page; headings have the ``id`` that code hosts give them."""
    markdown = MarkdownIt('commonmark').enable('table')
    return markdown.use(anchors_plugin, max_level=6).parse(text)


def anchors(text: str) -> set[str]:
    """What may stand behind ``#`` in a link to this page."""
    found = {token.attrGet('id') for token in parse(text)
             if token.type == 'heading_open'}
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def links(text: str) -> list[str]:
    """Targets of all links and pictures, in order."""
    targets = []
    for token in parse(text):
        for child in token.children or []:
            target = child.attrGet('href') or child.attrGet('src')
            if target:
                targets.append(target)
        if token.type == 'html_block':
            targets += re.findall(r'(?:href|src)="([^"]+)"', token.content)
    return targets


def bash_blocks(page: str, text: str) -> list[Block]:
    """The ```bash blocks of a page with their markers.

    A marker is a comment right before the block::

        <!-- docs-test: parse: downloads 22 MB -->
        <!-- docs-test: run: `CONFIG 8` => `CONFIG 1`: one process is enough -->

    Raises:
        ValueError: a marker of an unknown kind, without a reason, with a
            replacement that the block does not contain, or before no block.
    """
    blocks, marker = [], None
    for token in parse(text):
        if token.type == 'html_block' and 'docs-test' in token.content:
            marker = token.content
        elif token.type == 'fence' and token.info.split()[:1] == ['bash']:
            blocks.append(_with_marker(
                Block(page, token.map[0] + 1, token.content), marker))
            marker = None
        elif marker is not None:
            raise ValueError(f'{page}: no ```bash block follows {marker.strip()}')
    if marker is not None:
        raise ValueError(f'{page}: no ```bash block follows {marker.strip()}')
    return blocks


def _with_marker(block: Block, marker: str | None) -> Block:
    if marker is None:
        return block
    match = _MARKER.search(marker)
    if match is None or match['kind'] not in _KINDS:
        raise ValueError(f'{block}: not a marker: {marker.strip()}')
    replacements = tuple((pair['old'], pair['new'])
                         for pair in _REPLACEMENT.finditer(match['rest']))
    reason = _REPLACEMENT.sub('', match['rest']).strip(' \n,:')
    if not reason:
        raise ValueError(f'{block}: the marker gives no reason')
    if match['kind'] == 'run' and not replacements:
        raise ValueError(f'{block}: the marker replaces nothing; leave it out')
    for old, _ in replacements:
        if old not in block.text:
            raise ValueError(f'{block}: the block has no {old!r} to replace')
    return Block(block.page, block.line, block.text, match['kind'], replacements,
                 ' '.join(reason.split()))

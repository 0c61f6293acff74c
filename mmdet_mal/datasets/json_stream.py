"""Piecewise reading of a JSON document of any size in constant memory.

Python's own decoder does the decoding, value by value, so that a stream means
exactly what ``json.load`` means: NaN, integers of any length, escapes, the last
of two equal keys.  :meth:`JsonStream.blocks` lets a faster one decode many
entries at a time, and Python's whatever that one refuses.  Memory grows with the
largest single value read at once, not with the document.
"""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

# Bytes read at once, far more than an entry of an annotation file has.
_BLOCK = 1 << 18
# A value that ends within so many characters of what has been read may go on
# ('12' of '123', '-Infin' of '-Infinity', half an escape of 12 characters).
_MARGIN = 16
_skip_space = re.compile(r'[ \t\n\r]*').match
# The beginning of an object, up to the end of its first key.
_object_head = re.compile(r'\{[ \t\n\r]*"[^"\\]*"').match
_before_next = re.compile(r'\}[ \t\n\r]*,[ \t\n\r]*\Z').search
_before_end = re.compile(r'\}(?=[ \t\n\r]*\])').search
# Characters between two entries: where there are more, none is looked for.
_GAP = 256
# Ends of a block that are tried before its entries are read one by one.
_GUESSES = 3


class JsonSyntaxError(ValueError):
    """The document is not JSON; says what was found and where."""


class JsonStream:
    """Reads the parts of one JSON document one after the other.

    Args:
        file (BinaryIO): Open file, read from where it stands to its end.
        object_hook (Callable[[dict], Any], optional): As in ``json.load``.

    Raises:
        JsonSyntaxError: By every method, if the document breaks off or is
            not JSON.
        UnicodeDecodeError: By every method, if it is not UTF-8.
    """

    def __init__(self, file: BinaryIO,
                 object_hook: Callable[[dict], Any] | None = None) -> None:
        self._file = file
        self._decode_bytes = codecs.getincrementaldecoder('utf-8')().decode
        self._decode = json.JSONDecoder(object_hook=object_hook).raw_decode
        self._text = ''
        self._position = 0
        self._at_end = False
        # Of the first character of ``_text``.
        self._byte = file.tell()
        self._char = self._line = self._column = 0

    def tell(self) -> int:
        """Byte at which :meth:`peek` found its character; a stream that is
        begun there reads the same."""
        return self._byte + len(self._text[:self._position].encode())

    def members(self) -> Iterator[str]:
        """Keys of the object that is next.

        Yields:
            str: A key; its value is next and must be read, by any of the
            methods, before the next key is asked for.
        """
        self.take('{', "'{'")
        if self.peek() == '}':
            self.take('}', "'}'")
            return
        while True:
            if self.peek() != '"':
                self.take('"', 'property name enclosed in double quotes')
            key = self.value()
            self.take(':', "':' delimiter")
            yield key
            if self.take(',}', "',' delimiter") == '}':
                return

    def peek(self) -> str:
        """The next character that is no white space, '' at the end."""
        if 0 < self._position < len(self._text):
            character = self._text[self._position]
            if character > ' ':  # as after nearly every value
                return character
        while True:
            self._position = _skip_space(self._text, self._position).end()
            if self._position < len(self._text):
                if self._char == self._position == 0 and self._text[0] == '\ufeff':
                    raise self._error(
                        'Unexpected UTF-8 BOM (decode using utf-8-sig)')
                return self._text[self._position]
            if not self._read_more():
                return ''

    def take(self, characters: str, expected: str) -> str:
        """Go beyond the next character that is no white space.

        Args:
            characters (str): Those that may come here.
            expected (str): What the error says was expected.

        Returns:
            str: The character.
        """
        character = self.peek()
        if not character or character not in characters:
            raise self._error(f'Expecting {expected}')
        self._position += 1
        return character

    def value(self) -> Any:
        """Read the next value whole."""
        self.peek()
        while True:
            try:
                value, end = self._decode(self._text, self._position)
            except json.JSONDecodeError as error:
                within = error.pos - self._position
                cut_off = (error.msg.startswith('Unterminated string')
                           or error.pos > len(self._text) - _MARGIN)
                if not cut_off or not self._read_more():
                    raise self._error(error.msg, within) from None
            except ValueError as error:  # an integer of more than 4300 digits
                raise self._error(str(error)) from None
            except RecursionError:
                raise self._error('Values are nested too deeply') from None
            else:
                length = end - self._position
                if end <= len(self._text) - _MARGIN or not self._read_more():
                    self._position += length
                    return value

    def items(self) -> Iterator[Any]:
        """Read the next value, which must be a list, entry by entry."""
        self.take('[', "'['")
        if self.peek() == ']':
            self.take(']', "']'")
            return
        while True:
            yield self.value()
            if self.take(',]', "',' delimiter") == ']':
                return

    def blocks(self, decode: Callable[[str], list | None]) -> Iterator[list]:
        """Read the next value, which must be a list, many entries at a time.

        Args:
            decode (Callable[[str], list | None]): Decodes a JSON list, given
                as text, much faster than Python does; None if it refuses.  It
                must refuse all that is not JSON, and what it accepts must
                mean to it what it means to Python.

        Yields:
            list: Consecutive entries, at least one, in pieces of arbitrary
            size: all as ``decode`` gives them, or, where it refused, all as
            :meth:`items` does.
        """
        self.take('[', "'['")
        if self.peek() == ']':
            self.take(']', "']'")
            return
        while True:
            yield self._decode_block(decode) or self._block_of_values()
            if self.take(',]', "',' delimiter") == ']':
                return

    def end(self) -> None:
        """Require that nothing but white space is left."""
        if self.peek():
            raise self._error('Extra data')

    def _decode_block(self, decode: Callable[[str], list | None]) -> list | None:
        """Decode the entries of a list that have been read; None if refused."""
        self.peek()
        if len(self._text) - self._position < _BLOCK // 2:
            self._read_more()
        for end in self._ends_of_block():
            # If this is a JSON list, a reader of the whole document stands
            # behind the same entry at ``end``: so a guess cannot go wrong.
            entries = decode(f'[{self._text[self._position:end]}]')
            if entries is not None:
                self._position = end
                return entries
        return None

    def _ends_of_block(self) -> Iterator[int]:
        """Guess where in the text entries of a list of objects end."""
        head = _object_head(self._text, self._position)
        if head is None:
            return
        # Of what a huge entry left behind, a part: records take memory too.
        place = limit = min(len(self._text), self._position + 2 * _BLOCK)
        for _ in range(_GUESSES):  # entries mostly begin with the same key
            place = self._text.rfind(head[0], head.end(), place)
            if place < 0:
                break
            gap = _before_next(self._text, max(head.end(), place - _GAP), place)
            if gap:
                yield gap.start() + 1
        last = _before_end(self._text, head.end(), limit)
        if last:
            yield last.end()

    def _block_of_values(self) -> list:
        """Read entries of a list one by one, about as many as have been read."""
        end = self._char + min(len(self._text), self._position + 2 * _BLOCK)
        values = [self.value()]
        while self._char + self._position < end and self.peek() == ',':
            self.take(',', "','")
            values.append(self.value())
        return values

    def _read_more(self) -> bool:
        """Forget what is behind the position and read on; False at the end."""
        if self._at_end:
            return False
        done = self._text[:self._position]
        # Asked first what is known, or found much faster, of most blocks.
        self._byte += len(done) if done.isascii() else len(done.encode())
        self._char += len(done)
        lines = done.count('\n') if '\n' in done else 0
        self._line += lines
        self._column = (len(done) - done.rindex('\n') - 1 if lines
                        else self._column + len(done))
        rest = self._text[self._position:]
        # Doubled, so that a huge value is decoded a few times and no more.
        block = self._file.read(max(_BLOCK, len(rest)))
        self._at_end = not block
        self._text = rest + self._decode_bytes(block, self._at_end)
        self._position = 0
        return not self._at_end

    def _error(self, message: str, ahead: int = 0) -> JsonSyntaxError:
        """An error at ``ahead`` characters from here, worded as json does."""
        before = self._text[:self._position + ahead]
        lines = before.count('\n')
        column = (len(before) - before.rindex('\n') if lines
                  else self._column + len(before) + 1)
        return JsonSyntaxError(
            f'{message}: line {self._line + lines + 1} column {column} '
            f'(char {self._char + len(before)})')

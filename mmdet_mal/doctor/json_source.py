"""Opening of an annotation file that may be broken in any way.

:class:`mmdet_mal.datasets.annotation_file.AnnotationFile` refuses a file at
the first fault of its outline.  Here such faults are findings, and what can
be read is read.
"""

import codecs
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mmdet_mal.datasets.annotations import (OUTLINE, AnnotationError,
                                            reading)
from mmdet_mal.datasets.json_stream import JsonStream, JsonSyntaxError

from .diagnosis import Diagnosis
from .finding import Finding
from .foreign_formats import name_format
from .kinds import LEFT, REPAIRED

_BLOCK = 1 << 20
# UTF-32's mark begins with that of UTF-16, so it is looked for first.
_WIDE_MARKS = ((codecs.BOM_UTF32_LE, 'utf-32'), (codecs.BOM_UTF32_BE, 'utf-32'),
               (codecs.BOM_UTF16_LE, 'utf-16'), (codecs.BOM_UTF16_BE, 'utf-16'))


@dataclass(frozen=True)
class _Value:
    """A top-level value.

    Attributes:
        offset (int): Its first byte.
        kind (str): Name of its Python type.
        count (int): Number of entries of a list, else 0.
    """
    offset: int
    kind: str
    count: int = 0


class JsonSource:
    """Top-level keys and entries of an annotation file.

    Args:
        path (str): Path of the file.
        diagnosis (Diagnosis): Gets what is wrong with the file as a whole.

    Attributes:
        usable (bool): Whether images, annotations and categories are lists,
            so that their entries can be read.

    Raises:
        AnnotationError: If the file is absent or cannot be opened.
    """

    def __init__(self, path: str, diagnosis: Diagnosis) -> None:
        self.path = path
        self._diagnosis = diagnosis
        # A copy in UTF-8 where the file is in another encoding.
        self._copy: Any = None
        self._start = 0
        self._values: dict[str, _Value] = {}
        with reading(path):
            self.usable = self._read_encoding() and self._scan()

    @property
    def keys(self) -> list[str]:
        """Top-level keys in the order of the file."""
        return list(self._values)

    def count(self, key: str) -> int:
        """Number of entries of a top-level list."""
        return self._values[key].count

    def is_list(self, key: str) -> bool:
        """Whether the value of a top-level key is a list."""
        return self._values[key].kind == 'list'

    def entries(self, key: str) -> Iterator[Any]:
        """Read a top-level list entry by entry; these may be anything.

        Raises:
            AnnotationError: If they are no longer as many as they were.
        """
        left = self.count(key)
        with reading(self.path), self._open(self._values[key].offset) as file:
            for entry in JsonStream(file).items():
                left -= 1
                if left < 0:
                    break
                yield entry
        if left:
            raise AnnotationError(f'{self.path}: the file changed while it '
                                  'was read; start again')

    def value(self, key: str) -> Any:
        """Read the value of a top-level key whole."""
        with reading(self.path), self._open(self._values[key].offset) as file:
            return JsonStream(file).value()

    def mentions(self, *words: bytes) -> bool:
        """Whether the file holds one of some words anywhere."""
        longest = max(map(len, words))
        with reading(self.path), self._open(self._start) as file:
            tail = b''
            while block := file.read(_BLOCK):
                if any(word in tail + block for word in words):
                    return True
                tail = (tail + block)[-longest:]
        return False

    def close(self) -> None:
        """Remove the copy in UTF-8, if there is one."""
        if self._copy is not None:
            self._copy.close()

    def _open(self, offset: int) -> Any:
        name = self.path if self._copy is None else self._copy.name
        file = open(name, 'rb')
        file.seek(offset)
        return file

    def _find(self, kind: str, message: str, fix: str = LEFT) -> None:
        self._diagnosis.add(Finding(kind, message, fix))

    def _read_encoding(self) -> bool:
        """Deal with byte-order marks; whether the file can be read on."""
        with open(self.path, 'rb') as file:
            head = file.read(4)
        if head.startswith(codecs.BOM_UTF8):
            self._start = len(codecs.BOM_UTF8)
            self._find('json_bom', 'the data set refuses the file because of '
                       'its first three bytes', REPAIRED)
            return True
        for mark, encoding in _WIDE_MARKS:
            if head.startswith(mark):
                return self._write_copy(encoding)
        return True

    def _write_copy(self, encoding: str) -> bool:
        """Write the file anew in UTF-8 to a temporary place."""
        self._copy = tempfile.NamedTemporaryFile('w', encoding='utf-8')
        try:
            with open(self.path, encoding=encoding) as file:
                while text := file.read(_BLOCK):
                    self._copy.write(text)
        except UnicodeError:
            self._find('json_encoding', f'{encoding.upper()} that breaks off')
            return False
        self._copy.flush()
        self._find('json_encoding', f'it is {encoding.upper()}; the data set '
                   'reads UTF-8 only', REPAIRED)
        return True

    def _scan(self) -> bool:
        """Read the file once; whether it is a COCO detection file."""
        try:
            with self._open(self._start) as file:
                stream = JsonStream(file)
                if stream.peek() != '{':
                    self._find('not_coco', name_format(stream))
                    return False
                self._scan_object(stream)
                stream.end()
        except JsonSyntaxError as error:
            kind = 'json_truncated' if self._is_cut_off(error) else 'json_syntax'
            self._find(kind, str(error))
            return False
        except UnicodeDecodeError as error:
            self._find('json_encoding', 'neither UTF-8 nor any other Unicode '
                       f'with a byte-order mark ({error.reason}); save it as '
                       'UTF-8, or unpack it if it is an archive')
            return False
        return self._check_outline()

    def _scan_object(self, stream: JsonStream) -> None:
        """Read the top-level object."""
        for key in stream.members():
            first, offset = stream.peek(), stream.tell()
            if key in self._values:
                self._find('key_duplicate', f'{key!r:.60} occurs again',
                           REPAIRED)
            if first == '[':
                count = sum(1 for _ in stream.items())
                self._values[key] = _Value(offset, 'list', count)
            else:
                kind = type(stream.value()).__name__
                self._values[key] = _Value(offset, kind)

    def _is_cut_off(self, error: JsonSyntaxError) -> bool:
        """Whether a syntax error is that of a file without its end."""
        with self._open(self._start) as file:
            file.seek(0, 2)
            file.seek(max(file.tell() - _BLOCK, self._start))
            tail = file.read().rstrip()
        if not tail.endswith((b'}', b']')):
            return not str(error).startswith('Extra data')
        # Cut off behind an entry: the error is where the file ends.
        place = re.search(r'\(char (\d+)\)$', str(error))
        with self._open(0) as file:
            size = file.seek(0, 2)
        return place is not None and int(place.group(1)) >= size - 1

    def _check_outline(self) -> bool:
        """Look for the three lists; whether all are there."""
        missing = [key for key in OUTLINE if key not in self._values]
        for key in missing:
            self._find('list_missing', f"no '{key}'; " + name_format(self._values))
        wrong = [key for key in OUTLINE if key in self._values
                 and not self.is_list(key)]
        for key in wrong:
            self._find('list_type', f"'{key}' is a {self._values[key].kind}")
        return not missing and not wrong



"""Where the members of an archive are, in few bytes."""

import hashlib
import posixpath
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# A member takes 21 bytes of record and 8 of name, whatever its name's length.
_RECORD = np.dtype([('offset', '<i8'), ('size', '<i8'), ('kind', 'u1'),
                    ('crc', '<u4')])


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Attributes:
        offset (int): Position in the archive, in bytes; what is there depends
            on the kind of archive.
        size (int): Length as stored in the archive, in bytes.
        kind (int): How it is stored; depends on the kind of archive.
        crc (int): CRC-32 of the unpacked file; 0 where there is none.
    """
    offset: int
    size: int
    kind: int = 0
    crc: int = 0


class MemberIndex:
    """Finds members by name through 64-bit hashes of the names.

    A dict of a million names and records would take some 300 MB in every
    process; this takes 29 MB.  That any two of a million names have one hash
    is a chance of 1 in 40 million, and the picture's size is checked besides.

    Members are added first; :meth:`finish` sorts them for the look-ups.

    Attributes:
        example (str): Name of the first member, for messages.
    """

    def __init__(self) -> None:
        self._keys = array('Q')
        self._fields: tuple[array, ...] = (
            array('q'), array('q'), array('B'), array('I'))
        self._table: np.ndarray | None = None
        self._sorted: np.ndarray | None = None
        self.example = ''

    def add(self, name: str, member: Member) -> None:
        """Add a member; of two with one name the later counts.

        Args:
            name (str): As the archive has it.
            member (Member): Where it is.
        """
        self.example = self.example or name
        self._keys.append(_hash(name))
        for column, field in zip(self._fields, _RECORD.names, strict=True):
            column.append(getattr(member, field))

    def finish(self, links: Sequence[tuple[str, str]] = ()) -> None:
        """Sort; call it once, after the last member.

        Args:
            links (Sequence[tuple[str, str]]): Further names, each with the
                name of the member that it stands for.  Defaults to ().
        """
        self._sort()
        if links:
            for name, target in links:
                member = self.find(target)
                if member is not None:
                    self.add(name, member)
            self._sort()
        self._keys, self._fields = array('Q'), ()

    def _sort(self) -> None:
        keys = np.array(self._keys, dtype=np.uint64)
        # Of equal names the last: reversed, the first that unique() keeps.
        self._sorted, last = np.unique(keys[::-1], return_index=True)
        last = len(keys) - 1 - last
        self._table = np.empty(len(last), _RECORD)
        for name, column in zip(_RECORD.names, self._fields, strict=True):
            self._table[name] = np.array(column, dtype=_RECORD[name])[last]

    def __len__(self) -> int:
        """Number of different names."""
        return len(self._sorted)

    @property
    def nbytes(self) -> int:
        """Bytes of the finished index."""
        return self._sorted.nbytes + self._table.nbytes

    def find(self, name: str) -> Member | None:
        """Look a name up.

        Args:
            name (str): Path inside the archive; './' and the like are
                ignored.

        Returns:
            Member | None: None if there is no such member.
        """
        key = _hash(name)
        row = int(np.searchsorted(self._sorted, np.uint64(key)))
        if row == len(self._sorted) or int(self._sorted[row]) != key:
            return None
        return Member(*(int(v) for v in self._table[row]))


def _hash(name: str) -> int:
    """64 bits of a name, spelled in the one normal way."""
    name = posixpath.normpath(name).lstrip('/')
    digest = hashlib.blake2b(
        name.encode('utf-8', 'surrogateescape'), digest_size=8).digest()
    return int.from_bytes(digest, 'little')

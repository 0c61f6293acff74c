"""What file backends of archives have in common."""

import os
import posixpath
import threading
from abc import abstractmethod
from pathlib import Path

from mmengine.fileio import BaseStorageBackend

from mmdet_mal.utils.errors import UserError

from .member_index import Member, MemberIndex


class ArchiveError(UserError):
    """An archive cannot be used at all; says why and what to do."""


class ArchiveBackend(BaseStorageBackend):
    """Random access to the members of one archive; nothing is ever unpacked
    to disk.

    The index of the members is built once, at first use, and forked workers
    share it.  Bytes are read by ``pread``, which moves no file position: one
    open file serves all threads, and a fork of the process too.

    Args:
        archive (str): Path of the archive.
        prefix (str): Folder inside the archive, put before every name.
            Defaults to ''.
    """

    def __init__(self, archive: str, prefix: str = '') -> None:
        self.archive = os.fspath(archive)
        self.prefix = prefix
        self._lock = threading.Lock()
        self._index: MemberIndex | None = None
        self._file: int | None = None

    def open(self) -> MemberIndex:
        """Open the archive and index its members, unless that is done.

        Returns:
            MemberIndex: The members.

        Raises:
            ArchiveError: If the archive is absent, broken, or of a kind that
                random access cannot read.
        """
        if self._index is None:
            with self._lock:
                if self._index is None:
                    self._index = self._open()
        return self._index

    def _open(self) -> MemberIndex:
        index = MemberIndex()
        try:
            if self._file is None:
                self._file = os.open(self.archive, os.O_RDONLY | os.O_CLOEXEC)
            self._read_index(index)
        except OSError as error:
            raise ArchiveError(
                f'{self.archive}: archive of images cannot be read '
                f'({error.strerror or error}); correct the path or fetch the '
                'archive again') from None
        return index

    @abstractmethod
    def _read_index(self, index: MemberIndex) -> None:
        """Add all members that are files, and finish the index.

        Args:
            index (MemberIndex): An empty one.
        """

    @abstractmethod
    def _read_member(self, member: Member) -> bytes:
        """Read a file out of the archive.

        Args:
            member (Member): As found in the index.

        Returns:
            bytes: The file, unpacked.

        Raises:
            OSError: If it is broken.
        """

    def _read_at(self, offset: int, size: int) -> bytes:
        """Read bytes of the archive; OSError if it ends before."""
        parts = []
        while size > 0:
            part = os.pread(self._file, size, offset)
            if not part:
                raise OSError(f'the archive {self.archive} is cut off')
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return parts[0] if len(parts) == 1 else b''.join(parts)

    def _name(self, filepath: str | Path) -> str:
        return posixpath.join(self.prefix, os.fspath(filepath))

    def get(self, filepath: str | Path) -> bytes:
        """Read a file.

        Args:
            filepath (str | Path): Name inside the archive, below ``prefix``.

        Returns:
            bytes: The file.

        Raises:
            FileNotFoundError: If there is no such member.
            OSError: If the archive is broken there.
            ArchiveError: If the archive cannot be used at all.
        """
        index = self.open()
        member = index.find(self._name(filepath))
        if member is None:
            raise FileNotFoundError(
                f'{self._name(filepath)} is not in {self.archive}, which has '
                f'{len(index)} files' + (
                    f', the first {index.example}' if index.example else ''))
        return self._read_member(member)

    def get_text(self, filepath: str | Path, encoding: str = 'utf-8') -> str:
        """Read a text file; arguments and errors as :meth:`get`."""
        return self.get(filepath).decode(encoding)

    def exists(self, filepath: str | Path) -> bool:
        """Say whether the archive has a file of that name."""
        return self.open().find(self._name(filepath)) is not None

    isfile = exists

    def __del__(self) -> None:
        if getattr(self, '_file', None) is not None:
            os.close(self._file)

"""File backend that reads images out of a ZIP archive."""

import struct
import zipfile
import zlib

from .archive_backend import ArchiveBackend, ArchiveError
from .member_index import Member, MemberIndex

# What precedes a member's data (APPNOTE 4.3.7): 30 bytes, of which the last four
# are the lengths of the name and of the extra field, which follow.
_LOCAL_HEADER = struct.Struct('<4s22x2H')
_SIGNATURE = b'PK\x03\x04'
_ENCRYPTED = 1


class ZipBackend(ArchiveBackend):
    """Images out of a ZIP archive, stored or deflated, ZIP64 included.

    ``zipfile`` reads the directory; its records are then dropped, since they
    take a kilobyte a member.  Every member's checksum is verified when it is
    read.

    Args:
        archive (str): Path of the archive.
        prefix (str): Folder inside the archive, put before every name.
            Defaults to ''.
    """

    def _read_index(self, index: MemberIndex) -> None:
        try:
            with zipfile.ZipFile(self.archive) as archive:
                for info in archive.infolist():
                    if not info.is_dir():
                        self._add(index, info)
        except zipfile.BadZipFile as error:
            raise ArchiveError(
                f'{self.archive}: not a ZIP archive or a broken one ({error}); '
                'fetch it again') from None
        index.finish()

    def _add(self, index: MemberIndex, info: zipfile.ZipInfo) -> None:
        kinds = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if info.flag_bits & _ENCRYPTED or info.compress_type not in kinds:
            how = ('encrypted' if info.flag_bits & _ENCRYPTED else
                   f'compressed by method {info.compress_type}')
            raise ArchiveError(
                f'{self.archive}: {info.filename} is {how}; expected stored or '
                'deflated members, repack with `zip -0 -r`')
        index.add(info.filename, Member(
            info.header_offset, info.compress_size, info.compress_type, info.CRC))

    def _read_member(self, member: Member) -> bytes:
        header = self._read_at(member.offset, _LOCAL_HEADER.size)
        signature, name, extra = _LOCAL_HEADER.unpack(header)
        if signature != _SIGNATURE:
            raise OSError(f'the archive {self.archive} is broken there')
        start = member.offset + _LOCAL_HEADER.size + name + extra
        content = self._read_at(start, member.size)
        if member.kind == zipfile.ZIP_DEFLATED:
            try:
                content = zlib.decompress(content, wbits=-zlib.MAX_WBITS)
            except zlib.error as error:
                raise OSError(f'the archive {self.archive} is broken there '
                              f'({error})') from None
        if zlib.crc32(content) != member.crc:
            raise OSError(f'the archive {self.archive} is broken there (wrong '
                          'checksum)')
        return content

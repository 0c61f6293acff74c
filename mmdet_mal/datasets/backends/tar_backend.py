"""File backend that reads images out of an uncompressed tar archive."""

import tarfile

from .archive_backend import ArchiveBackend, ArchiveError
from .member_index import Member, MemberIndex


class TarBackend(ArchiveBackend):
    """Images out of an uncompressed tar, by the offsets of its members.

    A tar has no directory: the index is made by a walk over the headers of
    all members, once.  Hard links, which tar writes for a file that it has
    packed before, are followed; symbolic links are not.

    Args:
        archive (str): Path of the archive.
        prefix (str): Folder inside the archive, put before every name.
            Defaults to ''.
    """

    def _read_index(self, index: MemberIndex) -> None:
        try:
            with tarfile.open(self.archive, 'r:') as archive:
                links = []
                while (info := archive.next()) is not None:
                    archive.members = []  # else tarfile keeps every record
                    if info.islnk():
                        links.append((info.name, info.linkname))
                    elif info.isreg() and not info.issparse():
                        index.add(info.name,
                                  Member(info.offset_data, info.size))
        except tarfile.TarError as error:
            raise ArchiveError(
                f'{self.archive}: not an uncompressed tar archive or a broken '
                f'one ({error}); unpack a compressed one, or repack it as a '
                'plain .tar or a .zip') from None
        index.finish(links)

    def _read_member(self, member: Member) -> bytes:
        return self._read_at(member.offset, member.size)

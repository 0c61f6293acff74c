"""File backends of mmengine that read images out of archives.

Importing this package registers 'mal_zip', 'mal_tar' and 'mal_lmdb'.
"""

from mmengine.fileio import register_backend

from .lmdb_backend import LmdbImageBackend
from .tar_backend import TarBackend
from .zip_backend import ZipBackend

# force: a second import under another name (mim, pytest) is no fault.
register_backend('mal_zip', ZipBackend, force=True)
register_backend('mal_tar', TarBackend, force=True)
register_backend('mal_lmdb', LmdbImageBackend, force=True)

__all__ = ['LmdbImageBackend', 'TarBackend', 'ZipBackend']

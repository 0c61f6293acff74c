"""Bytes of image files from any of mmengine's file backends.

mmengine's backends report what went wrong each in its own way (None, their
own exceptions, no answer at all); here every absent file is a
FileNotFoundError, every other trouble an OSError, and what stops every image
alike an :class:`ImageSourceError`.
"""

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mmengine.fileio import (BaseStorageBackend, HTTPBackend, LmdbBackend,
                             get_file_backend)
from mmengine.logging import MMLogger

from mmdet_mal.utils.errors import UserError

from .backends import LmdbImageBackend, TarBackend, ZipBackend

# Which package gives which backend, and how to get it.
_PACKAGES = dict(
    lmdb='pip install mmdet-mal[lmdb]',
    petrel_client='it comes with your storage, not from PyPI',
    memcache='it comes with your storage, not from PyPI',
    mc='it comes with your storage, not from PyPI')
# Seconds to wait before each further try of a network address.
_RETRIES = (.5, 2.)
_TIMEOUT = 60.  # seconds without a byte
_GONE = (404, 410)
# What a forked worker may go on using: it holds no connection, and an index or
# a database need not be opened again.  A network client is made anew.
_INHERITED = (HTTPBackend, LmdbBackend, LmdbImageBackend, TarBackend,
              ZipBackend)
# By owner (a process id, or None for all), kind of address and arguments.
_backends: dict[tuple, BaseStorageBackend] = {}
# Asking is waiting, so that threads help even where Python has one at a time.
_THREADS = 8


class ImageSourceError(UserError):
    """No image can be had at all: a package, an archive or a client fails."""

    def __init__(self, message: str) -> None:
        # A DataLoader raises its worker's error anew, the traceback before
        # the message that the user should see.
        marker = f'{type(self).__name__}: '
        if 'Original Traceback' in message and marker in message:
            message = message.rpartition(marker)[2].strip()
        super().__init__(message)


def is_local(path: str, backend_args: dict | None = None) -> bool:
    """Say whether a path is a file of this machine's file system."""
    if backend_args and backend_args.get('backend', 'local') != 'local':
        return False
    return '://' not in path


def source_name(backend_args: dict | None) -> str:
    """The archive or database that ``backend_args`` names, '' if none."""
    args = backend_args or {}
    return str(args.get('archive') or args.get('db_path') or '')


def open_source(path: str, backend_args: dict | None = None) -> None:
    """Make sure that images can be reached, and index an archive.

    Done in the main process, so that forked workers share the index.

    Args:
        path (str): Folder or address of the images.
        backend_args (dict, optional): File backend of mmengine.

    Raises:
        UserError: If the archive is absent or broken, a package is missing or
            the arguments do not fit the backend.
    """
    if not is_local(path, backend_args):
        backend = _backend(path, backend_args)
        if hasattr(backend, 'open'):
            backend.open()


def read_bytes(path: str, backend_args: dict | None = None) -> bytes:
    """Read a file.

    Args:
        path (str): Path or address.
        backend_args (dict, optional): File backend of mmengine.

    Returns:
        bytes: Its content.

    Raises:
        FileNotFoundError: If it is absent.
        OSError: If it cannot be read; a network address is tried three times.
        ImageSourceError: If no file can be read.
    """
    if is_local(path, backend_args):
        with open(path, 'rb') as file:
            return file.read()
    backend = _backend(path, backend_args)
    waits = _RETRIES if '://' in path else ()
    for wait in waits:
        try:
            return _get(backend, path)
        except FileNotFoundError:
            raise
        except OSError:
            time.sleep(wait)
    return _get(backend, path)


def missing_images(paths: Sequence[str],
                   backend_args: dict | None = None) -> list[int]:
    """Which images do not exist, in a folder, an archive or at an address.

    A local folder is listed once.  Where a backend cannot tell (a client
    without such a call), nothing is missing: loading will show.

    Args:
        paths (Sequence[str]): Paths or addresses.
        backend_args (dict, optional): File backend of mmengine.

    Returns:
        list[int]: Positions in ``paths``, ascending.

    Raises:
        UserError: If the images cannot be reached at all.
    """
    local = [i for i, path in enumerate(paths) if is_local(path, backend_args)]
    gone = [local[i] for i in missing_files([paths[i] for i in local])]
    rest = sorted(set(range(len(paths))) - set(local))
    if not rest:
        return gone
    # The first alone: it opens the source, which threads would do at once.
    open_source(paths[rest[0]], backend_args)
    if _exists(paths[rest[0]], backend_args) is None:
        MMLogger.get_current_instance().warning(
            'whether images exist cannot be asked of '
            f'{source_name(backend_args) or paths[rest[0]]}: they are looked '
            'for when they are needed')
        return gone
    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(lambda i: _exists(paths[i], backend_args), rest)
        gone += [i for i, there in zip(rest, found, strict=True)
                 if there is False]
    return sorted(gone)


def missing_files(paths: Sequence[str]) -> list[int]:
    """Which local files do not exist, listing each folder only once.

    Args:
        paths (Sequence[str]): Paths on the local file system.

    Returns:
        list[int]: Positions in ``paths``.
    """
    names: dict[str, set[str]] = {}
    missing = []
    for i, path in enumerate(paths):
        folder, name = os.path.split(path)
        if folder not in names:
            try:
                names[folder] = set(os.listdir(folder or '.'))
            except OSError:
                names[folder] = set()
        if name not in names[folder]:
            missing.append(i)
    return missing


def _backend(path: str, backend_args: dict | None) -> BaseStorageBackend:
    """mmengine's backend for a path: one in all, or one per process."""
    try:
        kind = path.rpartition('://')[0], json.dumps(backend_args)
        for owner in (None, os.getpid()):
            if (owner, *kind) in _backends:
                return _backends[(owner, *kind)]
        backend = get_file_backend(path, backend_args=backend_args)
        owner = None if isinstance(backend, _INHERITED) else os.getpid()
        return _backends.setdefault((owner, *kind), backend)
    except ImportError as error:
        name = error.name or str(error)
        package = next((key for key in _PACKAGES if key in str(error)), name)
        how = _PACKAGES.get(package, f'pip install {package}')
        raise ImageSourceError(
            f'{source_name(backend_args) or path}: reading images there needs '
            f'the package {package} ({how})') from None
    except (KeyError, TypeError, ValueError) as error:
        raise ImageSourceError(
            f'{path}: no file backend for backend_args={backend_args} '
            f'({type(error).__name__}: {error}); known are local, lmdb, '
            'petrel, http, mal_zip, mal_tar and mal_lmdb') from None


def _get(backend: BaseStorageBackend, path: str) -> bytes:
    """Read once; the errors of :func:`read_bytes`."""
    try:
        if isinstance(backend, HTTPBackend):  # its own knows no time limit
            with urllib.request.urlopen(path, timeout=_TIMEOUT) as reply:
                content = reply.read()
        else:
            content = backend.get(path)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _GONE:
            raise FileNotFoundError(path) from None
        raise OSError(f'the server answers {error.code} {error.reason}') from None
    except urllib.error.URLError as error:
        raise OSError(f'the server cannot be reached: {error.reason}') from None
    except http.client.HTTPException as error:
        raise OSError(f'the answer is broken: {error!r}') from None
    except (OSError, UserError):
        raise
    except Exception as error:  # each client raises its own kinds
        raise OSError(f'{type(error).__name__}: {error}') from None
    if content is None:  # what lmdb and petrel say of an absent key
        raise FileNotFoundError(path)
    return bytes(content)


def _exists(path: str, backend_args: dict | None) -> bool | None:
    """Whether a file exists; None if its backend cannot tell."""
    backend: Any = _backend(path, backend_args)
    if isinstance(backend, HTTPBackend):
        return _answers(path)
    try:
        if hasattr(backend, 'exists'):
            return bool(backend.exists(path))
        return backend.get(path) is not None
    except FileNotFoundError:
        return False
    except NotImplementedError:
        return None
    except UserError:
        raise
    except Exception:  # not reachable now: loading will show
        return True


def _answers(url: str) -> bool | None:
    """Whether an address exists; None if its server does not tell."""
    request = urllib.request.Request(url, method='HEAD')
    try:
        urllib.request.urlopen(request, timeout=_TIMEOUT).close()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _GONE:
            return False
        return None if error.code in (405, 501) else True
    except (OSError, http.client.HTTPException):
        return True  # not reachable now: loading will show
    return True

"""Listings of local folders, and the search for files whose name is off."""

import ntpath
import os
import re
from array import array
from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image

from mmdet_mal.datasets.image_source import join_image_path

_WINDOWS_ROOT = re.compile(r'[A-Za-z]:[/\\]')


def is_absolute(name: str) -> bool:
    """Whether a file name is an absolute path, here or under Windows."""
    return os.path.isabs(name) or bool(_WINDOWS_ROOT.match(name))


def image_format(name: str) -> str | None:
    """Format that a file's extension promises, such as 'JPEG'; None if it
    promises none."""
    extension = os.path.splitext(name)[1].lower()
    return Image.registered_extensions().get(extension)


class Folders:
    """Knows which files there are, listing each folder only once.

    Args:
        image_dir (str): Folder of the images.
    """

    def __init__(self, image_dir: str) -> None:
        self.image_dir = image_dir
        self._names: dict[str, frozenset[str]] = {}
        self._by_lower: dict[str, dict[str, list[str]]] = {}
        self._by_stem: dict[str, dict[str, list[str]]] = {}

    def exists(self, name: str) -> bool:
        """Whether an image of this file name is there."""
        folder, base = os.path.split(join_image_path(self.image_dir, name))
        return base in self._list(folder)

    def search(self, name: str) -> tuple[str, str] | None:
        """Look for the file that a file name without a file means.

        Args:
            name (str): As in the JSON.

        Returns:
            tuple[str, str] | None: Kind of the finding and the file name by
            which the file is found; None if there is none or several fit.
        """
        slashed = name.replace('\\', '/')
        if slashed != name and self.exists(slashed):
            return 'file_name_backslash', slashed
        candidates = list(self._suffixes(slashed))
        for candidate in candidates:
            if self.exists(candidate):
                return 'file_name_elsewhere', candidate
        for kind, maps, key in (
                ('file_name_case', self._by_lower, str.lower),
                ('file_name_extension', self._by_stem, _stem)):
            for candidate in [slashed, *candidates]:
                inside, base = os.path.split(candidate)
                folder = join_image_path(self.image_dir, inside)
                self._list(folder)
                if folder not in maps:
                    maps[folder] = _group(self._names[folder], key)
                fitting = maps[folder].get(key(base), [])
                if len(fitting) == 1:
                    return kind, os.path.join(inside, fitting[0])
        return None

    def others(self, known: Iterable[str]) -> Iterator[str]:
        """Image files in the listed folders that are not among the known.

        Args:
            known (Iterable[str]): Paths; of each only a hash is kept.

        Yields:
            str: Path of a file, folder by folder.
        """
        # Two of 64 bits do not meet by chance.
        hashes = np.asarray(array('q', map(hash, known)))
        for folder in sorted(self._names):
            bases = sorted(self._names[folder])
            here = np.asarray(array('q', (
                hash(os.path.join(folder, base)) for base in bases)))
            for i in np.flatnonzero(~np.isin(here, hashes)):
                if image_format(bases[i]):
                    yield os.path.join(folder, bases[i])

    def _list(self, folder: str) -> frozenset[str]:
        if folder not in self._names:
            try:
                listed = os.listdir(folder or '.')
            except (OSError, ValueError):  # ValueError: a null byte
                listed = []
            self._names[folder] = frozenset(listed)
        return self._names[folder]

    def _suffixes(self, name: str) -> Iterator[str]:
        """File names with fewer and fewer of the leading folders."""
        parts = [part for part in ntpath.splitdrive(name)[1].split('/') if part]
        for first in range(0 if is_absolute(name) else 1, len(parts)):
            yield '/'.join(parts[first:])


def _stem(name: str) -> str:
    """What is left of an image's name without its extension, lower case."""
    return (os.path.splitext(name)[0] if image_format(name) else name).lower()


def _group(names: frozenset[str], key: object) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(key(name), []).append(name)
    return groups

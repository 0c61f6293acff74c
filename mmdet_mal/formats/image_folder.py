"""The folder of the images: finds files by the names that labels use."""

import os
from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .picture import UPRIGHT, Picture, is_transposed
from .probe import walk_files

_SUFFIXES = frozenset('''.jpg .jpeg .jpe .jfif .png .bmp .dib .tif .tiff .webp
    .gif .ppm .pgm .pbm .pnm .jp2 .avif'''.split())
_ORIENTATION = 0x0112  # EXIF tag


class ImageFolder:
    """Images below a folder, at any depth.

    Args:
        root: The folder.

    Raises:
        UserError: If there is no such folder.
    """

    def __init__(self, root: str) -> None:
        if not os.path.isdir(root):
            what = ('is a file; unpack it if it is an archive'
                    if os.path.exists(root) else
                    f'no such folder of images (working directory {os.getcwd()})')
            raise UserError(f'{root}: {what}; give a folder with --images')
        self.root = root
        self._names: list[str] | None = None
        self._by_base: dict[str, list[str]] = {}
        self._by_stem: dict[str, list[str]] = {}

    @property
    def names(self) -> list[str]:
        """Image files relative to the folder, with '/', sorted."""
        if self._names is None:
            root = os.path.join(self.root, '')
            self._names = [
                path[len(root):].replace(os.sep, '/')
                for path in walk_files(root)
                if os.path.splitext(path)[1].lower() in _SUFFIXES]
            for name in self._names:
                self._by_base.setdefault(os.path.basename(name), []).append(name)
                stem = os.path.splitext(os.path.basename(name))[0]
                self._by_stem.setdefault(stem, []).append(name)
        return self._names

    def find(self, name: str, where: str, hints: Sequence[str] = (),
             stem: str | None = None) -> str:
        """Find the file that a label names.

        Args:
            name: A path whose leading folders may be foreign, such as
                ``C:\\photos\\a.jpg`` or ``images/train/a.jpg``.
            where: File and record, for messages.
            hints: Other names to try first, such as one with the folder of
                the label file.
            stem: Name without extension to try last.

        Returns:
            Name relative to the folder.

        Raises:
            UserError: If there is none, or several fit.
        """
        for trial in (*hints, name):
            trial = os.path.normpath(trial.replace('\\', '/')).replace(os.sep, '/')
            if not os.path.isabs(trial) and not trial.startswith('../') \
                    and os.path.isfile(os.path.join(self.root, trial)):
                return trial
        self.names  # noqa: B018  fills the tables
        slashed = (hints[0] if hints else name).replace('\\', '/')
        candidates = self._by_base.get(os.path.basename(slashed), [])
        if not candidates and stem is not None:
            candidates = self._by_stem.get(os.path.basename(stem), [])
        return self._choose(slashed, candidates, where)

    def find_stem(self, stem: str, where: str) -> str:
        """Find the image whose name without extension a label has.

        Args:
            stem: Relative path without extension; leading folders may be
                foreign.
            where: File and record, for messages.

        Returns:
            Name relative to the folder.

        Raises:
            UserError: If there is none, or several fit.
        """
        self.names  # noqa: B018  fills the tables
        return self._choose(stem, self._by_stem.get(
            os.path.basename(stem), []), where)

    def knows(self, base: str) -> bool:
        """Whether an image has this name, in whatever folder."""
        self.names  # noqa: B018  fills the tables
        return base in self._by_base

    def look(self, name: str, where: str,
             stated: tuple[int, int] | None = None,
             exif: str | None = None) -> Picture:
        """Measure an image.

        Args:
            name: Relative to the folder.
            where: File and record, for messages.
            stated: Width and height that the labels say; None if they do not.
            exif: To what labels refer if EXIF turns the image: ``'stored'``,
                ``'turned'``, or None where the person has not said.

        Returns:
            Its size as stored.

        Raises:
            UserError: If it is no image, of another size than stated, or
                turned and nobody says what its labels refer to.
        """
        path = os.path.join(self.root, name)
        width, height, turn = _read_header(path, where)
        if stated is not None and tuple(stated) not in (
                (width, height), (height, width) if is_transposed(turn) else ()):
            raise UserError(
                f'{where}: says that {name} is {stated[0]} x {stated[1]} (w x h), '
                f'but {path} is {width} x {height}; give the images that were '
                'labelled, or correct the size')
        if turn == UPRIGHT:
            return Picture(name, width, height)
        if stated is not None and is_transposed(turn) and width != height:
            turned = tuple(stated) != (width, height)
            return Picture(name, width, height, turn if turned else UPRIGHT)
        if exif is None:
            raise UserError(
                f'{where}: {path} has EXIF orientation {turn}, which some tools '
                'heed and others do not; say with --exif stored or --exif '
                'turned to which its boxes refer')
        return Picture(name, width, height, turn if exif == 'turned' else UPRIGHT)

    def _choose(self, name: str, candidates: Sequence[str], where: str) -> str:
        """The candidate that shares most of its folders with a name."""
        if not candidates:
            raise UserError(f'{where}: no image {name!r} below {self.root}; put '
                            'it there or correct --images')
        shared = [_shared_tail(name, candidate) for candidate in candidates]
        best = max(shared)
        fitting = [candidate for candidate, number
                   in zip(candidates, shared, strict=True) if number == best]
        if len(fitting) > 1:
            raise UserError(
                f'{where}: several images below {self.root} fit {name!r}: '
                f"{', '.join(sorted(fitting)[:3])}; give labels and images the "
                'same folders, or different names')
        return fitting[0]


def look_at(images: ImageFolder | None, name: str, where: str,
            stated: tuple[Any, Any] | None, exif: str | None,
            hints: Sequence[str] = (), stem: str | None = None) -> Picture:
    """Find and measure an image, or believe what the labels say.

    Args:
        images: None if the person gave no folder.
        name: As the labels have it.
        where: File and record, for messages.
        stated: Width and height of the labels, None if they have none.
        exif: As in :meth:`ImageFolder.look`.
        hints: As in :meth:`ImageFolder.find`.
        stem: As in :meth:`ImageFolder.find`.

    Raises:
        UserError: As :meth:`ImageFolder.find` and :meth:`ImageFolder.look`;
            also if nobody tells the size.
    """
    if images is not None:
        found = images.find(name, where, hints, stem)
        return images.look(found, where, stated, exif)
    if stated is None:
        raise UserError(f'{where}: says nothing of the size of {name!r}; give '
                        'the folder of the images with --images')
    named = (hints[0] if hints else name).replace('\\', '/')
    return Picture(os.path.normpath(named) if hints else named, *stated)


def _read_header(path: str, where: str) -> tuple[int, int, int]:
    """Width, height and EXIF orientation (1 if none) of an image."""
    from mmdet_mal.datasets.region_image import image_header
    try:
        with open(path, 'rb') as file:
            image = image_header(file)
            width, height = image.size
            try:
                turn = image.getexif().get(_ORIENTATION)
            except Exception:  # broken EXIF, which every decoder ignores too
                turn = UPRIGHT
    except OSError as error:
        raise UserError(
            f'{path}: cannot be read as an image (needed by {where}): '
            f'{error.strerror or error}; fetch it again') from None
    return width, height, turn if turn in range(1, 9) else UPRIGHT


def _shared_tail(first: str, second: str) -> int:
    """Number of folders that two paths have in common before their names."""
    pairs = zip(first.split('/')[-2::-1], second.split('/')[-2::-1],
                strict=False)
    number = 0
    for one, other in pairs:
        if one != other:
            break
        number += 1
    return number

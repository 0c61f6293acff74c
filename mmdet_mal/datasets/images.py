"""Reading of images with errors that name file and annotation."""

import os
from collections.abc import Sequence

import cv2
import mmcv
import mmengine.fileio as fileio
import numpy as np
from PIL import Image, UnidentifiedImageError

from .annotations import AnnotationError

IGNORE_EXIF = 'color_ignore_orientation'
# Bytes at the end of a file in which its end marker is looked for first.
_TAIL = 4096


class ImageSizeError(AnnotationError):
    """An image is not of the size that its JSON states."""


def read_image(path: str,
               who: str,
               color_type: str = IGNORE_EXIF,
               backend: str = 'cv2',
               backend_args: dict | None = None) -> np.ndarray:
    """Read and decode one image.

    Args:
        path (str): Path or address of the image.
        who (str): Whom the image is read for, for the message, such as
            'annotation 17'.
        color_type (str): Flag of :func:`mmcv.imfrombytes`.  Defaults to BGR
            in the stored orientation (EXIF ignored).
        backend (str): Decoder of :func:`mmcv.imfrombytes`.  Defaults to
            'cv2'.
        backend_args (dict, optional): File backend of mmengine.

    Returns:
        np.ndarray: Image, shape (H, W, 3), uint8, BGR.

    Raises:
        AnnotationError: If the file is absent, unreadable, truncated or no
            image.
    """
    try:
        content = fileio.get(path, backend_args=backend_args)
    except FileNotFoundError:
        raise AnnotationError(
            f'{path}: image not found (needed by {who}); put the file there, '
            'or correct data_root and data_prefix') from None
    except OSError as error:
        raise AnnotationError(
            f'{path}: image cannot be read (needed by {who}): '
            f'{error.strerror or error}') from None
    if truncation := find_truncation(content):
        raise AnnotationError(
            f'{path}: image is {truncation} (needed by {who}); fetch the '
            'file again')
    try:
        img = mmcv.imfrombytes(content, flag=color_type, backend=backend)
    except Exception as error:  # each decoder raises its own kinds
        raise AnnotationError(
            f'{path}: image cannot be decoded (needed by {who}): '
            f'{error}') from None
    if img is None:
        raise AnnotationError(
            f'{path}: image cannot be decoded (needed by {who}): broken or '
            f'of an unknown format, {len(content)} bytes; fetch the file '
            'again')
    return img


def find_truncation(content: bytes) -> str:
    """Say how a JPEG or PNG file is cut off, '' when it is not.

    OpenCV decodes a truncated JPEG without an error and fills the missing
    rows with grey, so the end-of-file markers are looked for here.

    Args:
        content (bytes): The file.

    Returns:
        str: 'empty', 'truncated …' or ''.
    """
    if not content:
        return 'empty'
    # Neither marker can occur inside a JPEG's scan (a data byte ff is stuffed
    # with 00), so an end after the last start of a scan closes the picture,
    # whatever thumbnails come before or padding comes after.
    if (content[:2] == b'\xff\xd8'
            and content.rfind(b'\xff\xd9') <= content.rfind(b'\xff\xda')):
        return f'truncated: a JPEG of {len(content)} bytes without its end'
    if content[:8] == b'\x89PNG\r\n\x1a\n' and content.rfind(b'IEND') < 0:
        return f'truncated: a PNG of {len(content)} bytes without its end'
    return ''


def look_at_file(path: str, who: str, stated: tuple[int, int]) -> None:
    """Check a local image by its header and its end, without decoding it.

    Args:
        path (str): Path of the image, which exists.
        who (str): Whom the image is read for, for the message.
        stated (tuple[int, int]): Height and width in the JSON.

    Raises:
        AnnotationError: If the file is unreadable, truncated, no image or of
            another size.
    """
    try:
        with open(path, 'rb') as file:
            head = file.read(8)
            file.seek(0, os.SEEK_END)
            file.seek(max(file.tell() - _TAIL, 0))
            truncation = find_truncation(head + file.read())
            if truncation:  # padding may hide the end: look at everything
                file.seek(0)
                truncation = find_truncation(file.read())
            if not truncation:
                file.seek(0)
                found = Image.open(file).size[::-1]
    except UnidentifiedImageError:
        if cv2.haveImageReader(path):
            return  # a format that OpenCV knows and Pillow does not
        raise AnnotationError(
            f'{path}: image is of no known format (needed by {who}); fetch '
            'the file again or convert it') from None
    except Image.DecompressionBombError:
        return  # Pillow's guard against huge images; OpenCV has its own
    except OSError as error:
        raise AnnotationError(
            f'{path}: image cannot be read (needed by {who}): '
            f'{error.strerror or error}') from None
    if truncation:
        raise AnnotationError(
            f'{path}: image is {truncation} (needed by {who}); fetch the '
            'file again')
    check_size(path, who, found, stated)


def check_size(path: str, who: str, found: tuple[int, int],
               stated: tuple[int, int]) -> None:
    """Raise unless an image has the size its JSON states.

    Args:
        path (str): Path of the image.
        who (str): Whom the image is read for, for the message.
        found (tuple[int, int]): Height and width as decoded.
        stated (tuple[int, int]): Height and width in the JSON.

    Raises:
        ImageSizeError: If the two differ.
    """
    if tuple(found) == tuple(stated):
        return
    hint = 'correct height and width in the JSON or exchange the image'
    if tuple(found) == tuple(stated)[::-1]:
        hint = ('the boxes seem to refer to the image turned by its EXIF '
                "orientation: set color_type='color' in the loader, or store "
                'the image turned')
    raise ImageSizeError(
        f'{path}: image is {found[1]} x {found[0]} (w x h) but the JSON says '
        f'{stated[1]} x {stated[0]} (needed by {who}); {hint}')


def missing_files(paths: Sequence[str]) -> list:
    """Which local files do not exist, listing each folder only once.

    Args:
        paths (Sequence[str]): Paths on the local file system.

    Returns:
        list[int]: Positions in ``paths``.
    """
    names = {}
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

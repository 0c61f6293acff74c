"""Reading of images with errors that name file and annotation."""

import io
import os
from typing import BinaryIO

import cv2
import mmcv
import numpy as np
from PIL import UnidentifiedImageError

from .annotations import AnnotationError
from .image_access import is_local, read_bytes, source_name
from .region_image import INSTALL, OPENCV_PIXELS, image_header, import_pyvips

IGNORE_EXIF = 'color_ignore_orientation'
# Bytes at the end of a file in which its end marker is looked for first.
_TAIL = 4096


class ImageSizeError(AnnotationError):
    """An image is not of the size that its JSON states."""


class ImageTooLargeError(AnnotationError):
    """An image has more pixels than OpenCV decodes."""


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
    content = fetch_image(path, who, backend_args)
    return decode_image(path, who, content, color_type, backend)


def fetch_image(path: str,
                who: str,
                backend_args: dict | None = None) -> bytes:
    """Read an image file.

    Args:
        path (str): Path or address of the image.
        who (str): Whom the image is read for, for the message.
        backend_args (dict, optional): File backend of mmengine.

    Returns:
        bytes: The file.

    Raises:
        AnnotationError: If it is absent, unreadable or cut off.
    """
    try:
        content = read_bytes(path, backend_args)
    except FileNotFoundError as error:
        raise AnnotationError(
            f'{path}: {_not_found(error, backend_args, who)}') from None
    except OSError as error:
        raise AnnotationError(
            f'{path}: image cannot be read (needed by {who}): '
            f'{error.strerror or error}') from None
    if truncation := find_truncation(content):
        raise AnnotationError(
            f'{path}: image is {truncation} (needed by {who}); fetch the '
            'file again')
    return content


def _not_found(error: FileNotFoundError, backend_args: dict | None,
               who: str) -> str:
    """What to say of an image that is absent."""
    if source := source_name(backend_args):
        # An archive tells what it holds instead: often one folder more.
        detail = f' ({error})' if source in str(error) else ''
        return (f'image not found in {source} (needed by {who}); add it, or '
                f'correct data_prefix to the folder inside it{detail}')
    return (f'image not found (needed by {who}); put the file there, or '
            'correct data_root and data_prefix')


def decode_image(path: str,
                 who: str,
                 content: bytes,
                 color_type: str = IGNORE_EXIF,
                 backend: str = 'cv2') -> np.ndarray:
    """Decode a whole image.

    Args:
        path (str): Path of the image, for the message.
        who (str): Whom the image is read for, for the message.
        content (bytes): The file.
        color_type (str): As in :func:`read_image`.
        backend (str): As in :func:`read_image`.

    Returns:
        np.ndarray: Image, shape (H, W, 3), uint8, BGR.

    Raises:
        ImageTooLargeError: If it has more pixels than OpenCV decodes.
        AnnotationError: If it cannot be decoded.
    """
    try:
        img = mmcv.imfrombytes(content, flag=color_type, backend=backend)
    except Exception as error:  # each decoder raises its own kinds
        size = _header_size(content)
        if size[0] * size[1] > OPENCV_PIXELS:
            raise _too_large(path, who, size) from None
        raise AnnotationError(
            f'{path}: image cannot be decoded (needed by {who}): '
            f'{error}') from None
    if img is None:
        raise AnnotationError(
            f'{path}: image cannot be decoded (needed by {who}): broken or '
            f'of an unknown format, {len(content)} bytes; fetch the file '
            'again')
    return img


def _header_size(content: bytes) -> tuple[int, int]:
    """Height and width that a file states, (0, 0) if it states none."""
    try:
        return image_header(io.BytesIO(content)).size[::-1]
    except OSError:
        return 0, 0


def _too_large(path: str, who: str, size: tuple[int, int]) -> AnnotationError:
    return ImageTooLargeError(
        f'{path}: image is {size[1]} x {size[0]} (w x h), more than the '
        f'{OPENCV_PIXELS} pixels that OpenCV decodes (needed by {who}); '
        f'install libvips ({INSTALL}) to read it by region, or cut it')


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


def look_at_image(path: str,
                  who: str,
                  stated: tuple[int, int],
                  backend_args: dict | None = None) -> None:
    """Check an image by its header and its end, without decoding it.

    Images at network addresses are not looked at: that would fetch them all.

    Args:
        path (str): Path or address of the image, which exists.
        who (str): Whom the image is read for, for the message.
        stated (tuple[int, int]): Height and width in the JSON.
        backend_args (dict, optional): File backend of mmengine.

    Raises:
        AnnotationError: If the file is unreadable, truncated, no image, of
            another size, or too large for what is installed.
    """
    if is_local(path, backend_args):
        look_at_file(path, who, stated)
    elif source_name(backend_args):
        content = fetch_image(path, who, backend_args)
        _look(io.BytesIO(content), path, who, stated, content)


def look_at_file(path: str, who: str, stated: tuple[int, int]) -> None:
    """Check a local image; see :func:`look_at_image`.

    Args:
        path (str): Path of the image, which exists.
        who (str): Whom the image is read for, for the message.
        stated (tuple[int, int]): Height and width in the JSON.

    Raises:
        AnnotationError: If the file is unreadable, truncated, no image, of
            another size, or too large for what is installed.
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
            file.seek(0)
            if not truncation:
                _look(file, path, who, stated)
    except OSError as error:
        raise AnnotationError(
            f'{path}: image cannot be read (needed by {who}): '
            f'{error.strerror or error}') from None
    if truncation:
        raise AnnotationError(
            f'{path}: image is {truncation} (needed by {who}); fetch the '
            'file again')


def _look(file: BinaryIO,
          path: str,
          who: str,
          stated: tuple[int, int],
          content: bytes | None = None) -> None:
    """Check the header of an open image file (``content``: all of it)."""
    try:
        found = image_header(file).size[::-1]
    except UnidentifiedImageError:
        if (cv2.haveImageReader(path) if content is None else
                cv2.imdecode(np.frombuffer(content, np.uint8), 1) is not None):
            return  # a format that OpenCV knows and Pillow does not
        raise AnnotationError(
            f'{path}: image is of no known format (needed by {who}); fetch '
            'the file again or convert it') from None
    except OSError as error:
        raise AnnotationError(
            f'{path}: image cannot be read (needed by {who}): '
            f'{error.strerror or error}') from None
    check_size(path, who, found, stated)
    if found[0] * found[1] > OPENCV_PIXELS and import_pyvips() is None:
        raise _too_large(path, who, found)


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

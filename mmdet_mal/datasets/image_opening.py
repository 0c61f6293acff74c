"""Opening of images of which only parts are needed."""

import io

import numpy as np
from mmengine.logging import MMLogger

from .image_access import is_local
from .images import (IGNORE_EXIF, ImageTooLargeError, decode_image,
                     fetch_image, read_image)
from .region_image import (INSTALL, RegionImage, equal_regions,
                           import_pyvips)

# Images of more pixels are read by region: from here on decoding all costs
# 150 MB and most of a second.
REGION_PIXELS = 50_000_000
_advised: list[str] = []


def open_image(path: str,
               who: str,
               color_type: str = IGNORE_EXIF,
               backend: str = 'cv2',
               backend_args: dict | None = None,
               region_pixels: int = REGION_PIXELS) -> np.ndarray | RegionImage:
    """Read an image of which only parts are needed.

    A large image is left to libvips, if installed, which decodes only what is
    sliced (tiled TIFF) or what lies above it, a few rows at a time (PNG and
    TIFF of strips): formats in which its pixels are OpenCV's to the bit, and
    whatever is too large for OpenCV.  All else is decoded at once.

    Args:
        path (str): Path or address of the image.
        who (str): Whom the image is read for, for the message.
        color_type (str): As in :func:`read_image`; regions need
            'color_ignore_orientation'.
        backend (str): As in :func:`read_image`; regions need 'cv2'.
        backend_args (dict, optional): File backend of mmengine.
        region_pixels (int): Only images of more pixels are read by region.
            Defaults to 50 million.

    Returns:
        np.ndarray | RegionImage: Has ``shape`` (H, W, 3) and slices of rows
        and columns, uint8, BGR.

    Raises:
        AnnotationError: As :func:`read_image`, and if the image is too large
            for OpenCV and libvips is not there.
    """
    if color_type != IGNORE_EXIF or backend != 'cv2':
        return read_image(path, who, color_type, backend, backend_args)
    content = None
    try:
        if is_local(path, backend_args):
            with open(path, 'rb') as file:
                access = equal_regions(file, region_pixels)
        else:
            content = fetch_image(path, who, backend_args)
            access = equal_regions(io.BytesIO(content), region_pixels)
    except OSError:
        access = None  # reading it will say what is wrong
    if access and import_pyvips() is not None:
        return RegionImage(
            path if content is None else content, path, who, access)
    if access:
        _advise_once(path)
    if content is None:
        content = fetch_image(path, who, backend_args)
    try:
        return decode_image(path, who, content, color_type, backend)
    except ImageTooLargeError:
        if import_pyvips() is None:
            raise
    local = is_local(path, backend_args)
    return RegionImage(
        path if local else content, path, who, access='sequential')


def _advise_once(path: str) -> None:
    """Tell, once a process, that libvips would spare time and memory."""
    if not _advised:
        _advised.append(path)
        MMLogger.get_current_instance().warning(
            f'{path}: large image, decoded as a whole; {INSTALL} reads only '
            'the parts that are needed')

"""Very large images, of which only the parts that are asked for are decoded."""

import os
import struct
from typing import Any, BinaryIO

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from .annotations import AnnotationError

# What OpenCV decodes at most; it reads the same variable.
OPENCV_PIXELS = int(os.environ.get('OPENCV_IO_MAX_IMAGE_PIXELS', 2**30))
INSTALL = 'pip install mmdet-mal[large]'
_TIFF_MAGIC = (b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')  # the latter two: BigTIFF
# Numbers of TIFF tags.
_BITS, _COMPRESSION, _PHOTOMETRIC, _ORIENTATION = 258, 259, 262, 274
_SAMPLES, _PLANAR, _TILE_WIDTH, _FORMAT = 277, 284, 322, 339
# None, LZW, JPEG, deflate (two numbers), PackBits.
_COMPRESSIONS = (1, 5, 7, 8, 32946, 32773)
_BLACK_IS_ZERO, _RGB, _YCBCR = 1, 2, 6
_PNG_MAGIC = b'\x89PNG\r\n\x1a\n'
# Width, height, bits, colours and interlacing after magic and chunk header.
_PNG_HEAD = struct.Struct('>16x2I2B2xB')
_PNG_COLOURS = (0, 2, 4, 6)  # grey and RGB, without and with alpha


class RegionImage:
    """An image that is sliced like an array and decodes what is sliced.

    Only what crops need is there: ``shape`` and slices of rows and columns,
    which are arrays as OpenCV decodes a colour image (8 bits, BGR, alpha
    dropped).

    Args:
        source (str | bytes): Path of a local file, or the file itself.
        name (str): Path for messages.
        who (str): Whom the image is read for, for messages.
        access (str): 'random' for a tiled format; 'sequential' decodes every
            slice from the top of the image, in little memory.  Defaults to
            'random'.

    Attributes:
        shape (tuple[int, int, int]): Height, width and 3.

    Raises:
        AnnotationError: If libvips cannot read the image.
    """

    ndim = 3
    dtype = np.dtype(np.uint8)

    def __init__(self, source: str | bytes, name: str, who: str,
                 access: str = 'random') -> None:
        self._source, self._access = source, access
        self._name, self._who = name, who
        self._image = self._open()
        self.shape = (self._image.height, self._image.width, 3)

    def _open(self) -> Any:
        pyvips = import_pyvips()
        # Only 'warning' makes a broken part of a TIFF an error; it would be
        # black.  With other formats it stops at trifles that OpenCV forgives.
        try:
            image = self._load(pyvips, 'error')
            if image.get('vips-loader').startswith('tiff'):
                image = self._load(pyvips, 'warning')
            if image.interpretation in ('cmyk', 'lab', 'labs', 'xyz'):
                image = image.colourspace('srgb')
            return image
        except pyvips.Error as error:
            raise self._broken(error) from None

    def _load(self, pyvips: Any, fail_on: str) -> Any:
        options = dict(access=self._access, fail_on=fail_on)
        if isinstance(self._source, bytes):
            return pyvips.Image.new_from_buffer(self._source, '', **options)
        return pyvips.Image.new_from_file(self._source, **options)

    def _broken(self, error: Exception) -> AnnotationError:
        reason = ' '.join(str(error).split())
        return AnnotationError(
            f'{self._name}: image cannot be decoded (needed by {self._who}): '
            f'{reason}; fetch the file again')

    def __getitem__(self, key: tuple[slice, ...]) -> np.ndarray:
        """Decode a part of the image.

        Args:
            key (tuple[slice, ...]): Rows and columns, each a slice of step 1.

        Returns:
            np.ndarray: Shape (rows, columns, 3), uint8, BGR.

        Raises:
            AnnotationError: If that part of the file is broken.
            TypeError: If the key is anything else.
        """
        if (not isinstance(key, tuple) or len(key) != 2
                or not all(isinstance(part, slice) for part in key)
                or any(part.step not in (None, 1) for part in key)):
            raise TypeError('a large image is sliced as img[top:bottom, '
                            f'left:right], got {key}')
        rows, columns = (range(size)[part] for size, part in
                         zip(self.shape, key, strict=False))
        if not rows or not columns:
            return np.empty((len(rows), len(columns), 3), np.uint8)
        return self._decode(columns.start, rows.start, len(columns), len(rows))

    def __array__(self, dtype: Any = None) -> np.ndarray:
        """The whole image, for what needs it."""
        return np.asarray(self[:, :], dtype)

    def _decode(self, left: int, top: int, width: int,
                height: int) -> np.ndarray:
        pyvips = import_pyvips()
        # What was read sequentially cannot be read again: start anew.
        image = self._image if self._access == 'random' else self._open()
        try:
            # A region is computed by this thread alone; libvips' threads
            # would not outlive a fork, and workers have one core each.
            pixels = pyvips.Region.new(image).fetch(left, top, width, height)
        except pyvips.Error as error:
            # libvips keeps a broken tile as a black one that it read well.
            self._image = self._open()
            raise self._broken(error) from None
        kind = {'uchar': np.uint8, 'ushort': np.uint16}.get(image.format)
        if kind is None:
            raise self._broken(TypeError(f'samples are {image.format}, '
                                         'expected 8 or 16 bits'))
        part = np.frombuffer(pixels, kind).reshape(height, width, image.bands)
        return _like_opencv(part)


def _like_opencv(part: np.ndarray) -> np.ndarray:
    """8 bits and BGR, as OpenCV makes them.

    Args:
        part (np.ndarray): Shape (h, w, bands), uint8 or uint16: grey or RGB,
            with or without alpha.

    Returns:
        np.ndarray: Shape (h, w, 3), uint8, BGR.
    """
    part = part[..., :3] if part.shape[2] >= 3 else part[..., :1]
    if part.dtype == np.uint16:  # libtiff, which OpenCV uses, rounds so
        part = ((part.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if part.shape[2] == 1:
        return cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_GRAY2BGR)
    return np.ascontiguousarray(part[..., ::-1])


def import_pyvips() -> Any:
    """Return the module pyvips, None if it is not installed."""
    try:
        import pyvips
    except (ImportError, OSError):  # OSError: without its library
        return None
    # libvips remembers what it opened by name, also when the file is another.
    pyvips.cache_set_max(0)
    return pyvips


def image_header(file: BinaryIO) -> Image.Image:
    """Open an image with Pillow, whatever its size; reads only the header.

    :func:`PIL.Image.open` refuses images of 179 million pixels, since decoding
    them takes memory; nothing is decoded here.

    Args:
        file (BinaryIO): At its beginning, seekable.

    Returns:
        Image.Image: Its ``size`` is (width, height).

    Raises:
        PIL.UnidentifiedImageError: If Pillow knows no such format.
        OSError: If the header is broken.
    """
    try:
        return Image.open(file)
    except Image.DecompressionBombError:
        file.seek(0)
    magic = file.read(16)
    for name in Image.ID:
        factory, accepts = Image.OPEN[name]
        if accepts is None or accepts(magic) is True:
            file.seek(0)
            try:
                return factory(file)
            except (SyntaxError, IndexError, TypeError, ValueError):
                continue
    raise OSError('the header is broken')


def equal_regions(file: BinaryIO, more_than: int) -> str | None:
    """Say how regions of an image are read so that they equal OpenCV's pixels.

    Args:
        file (BinaryIO): The image, at its beginning, seekable.
        more_than (int): Only if it has more pixels than this.

    Returns:
        str | None: 'random' for tiled TIFFs and 'sequential' for TIFFs of
        strips (8-bit grey, 8-bit RGB or YCbCr, 16-bit RGB; no alpha, turned
        by no orientation), 'sequential' for PNGs of 8 bits, not interlaced
        and without palette.  None for everything else and for what is broken.
    """
    head = file.read(_PNG_HEAD.size)
    if head[:4] in _TIFF_MAGIC:
        file.seek(0)
        return _tiff_regions(file, more_than)
    if len(head) < _PNG_HEAD.size or not head.startswith(_PNG_MAGIC):
        return None
    width, height, bits, colours, interlaced = _PNG_HEAD.unpack(head)
    if (width * height > more_than and bits == 8
            and colours in _PNG_COLOURS and not interlaced):
        return 'sequential'
    return None


def _tiff_regions(file: BinaryIO, more_than: int) -> str | None:
    """:func:`equal_regions` of a TIFF."""
    try:
        # Not Image.open(), whose limit of pixels is for decoding.
        image = TiffImagePlugin.TiffImageFile(file)
    except (OSError, SyntaxError, ValueError, KeyError, TypeError):
        return None
    tags = image.tag_v2
    samples = tags.get(_SAMPLES, 1)
    bits = set(tags.get(_BITS, (1, )))
    colours = {1: (_BLACK_IS_ZERO, ), 3: (_RGB, _YCBCR)}.get(samples, ())
    if not (image.width * image.height > more_than
            and tags.get(_COMPRESSION, 1) in _COMPRESSIONS
            and tags.get(_PHOTOMETRIC) in colours
            and (bits == {8} or bits == {16} and samples == 3)
            and set(tags.get(_FORMAT, (1, ))) == {1}
            and tags.get(_PLANAR, 1) == 1
            and tags.get(_ORIENTATION, 1) == 1):
        return None
    return 'random' if _TILE_WIDTH in tags else 'sequential'

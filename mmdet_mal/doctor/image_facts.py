"""What the header of an image file tells a practitioner."""

from dataclasses import dataclass, field
from typing import BinaryIO

from PIL import Image

from mmdet_mal.datasets.region_image import image_header

from .folders import image_format

_ORIENTATION = 0x0112  # EXIF tag
_BITS_PER_SAMPLE = 258  # TIFF tag
_DEEP_MODES = ('I', 'F')
_TURNED = (5, 6, 7, 8)  # orientations that exchange width and height


@dataclass
class ImageFacts:
    """What one file is.

    Attributes:
        size (tuple[int, int]): Stored height and width in pixels.
        turned (bool): Whether its EXIF orientation exchanges these.
        oddities (list[tuple[str, str]]): Kinds and messages of warnings.
    """
    size: tuple[int, int]
    turned: bool = False
    oddities: list[tuple[str, str]] = field(default_factory=list)


def read_facts(file: BinaryIO, name: str) -> ImageFacts:
    """Read an image's header.

    Args:
        file (BinaryIO): The open image file.
        name (str): Its name, for the extension.

    Returns:
        ImageFacts: What Pillow says of it.

    Raises:
        OSError: If Pillow does not know the format or the header is broken.
    """
    image = image_header(file)
    width, height = image.size
    facts = ImageFacts((height, width))
    orientation = _orientation(image)
    if orientation not in (None, 0, 1):
        facts.turned = orientation in _TURNED
        facts.oddities.append(
            ('image_exif', f'EXIF orientation {orientation}'))
    # Cameras add a preview to a JPEG, which makes it an MPO of two pictures.
    if image.format != 'MPO' and getattr(image, 'is_animated', False):
        facts.oddities.append(
            ('image_animated', f'{image.n_frames} pictures'))
    bits = _bits(image, file)
    if bits > 8:
        facts.oddities.append(('image_depth', f'{bits} bits a channel'))
    if image.mode in ('CMYK', 'YCCK'):
        facts.oddities.append(('image_cmyk', f'mode {image.mode}'))
    if image.mode in ('RGBA', 'LA', 'PA', 'RGBa', 'La') or (
            'transparency' in image.info):
        facts.oddities.append(('image_alpha', f'mode {image.mode}'))
    promised = image_format(name)
    found = {'MPO': 'JPEG'}.get(image.format, image.format)
    if promised and found != {'MPO': 'JPEG'}.get(promised, promised):
        facts.oddities.append(
            ('image_format', f'the file is {found}, its extension says '
             f'{promised}'))
    return facts


def _orientation(image: Image.Image) -> int | None:
    try:
        return image.getexif().get(_ORIENTATION)
    except Exception:  # broken EXIF, which every decoder ignores too
        return None


def _bits(image: Image.Image, file: BinaryIO) -> int:
    """Bits of a channel."""
    if image.format == 'PNG':  # Pillow shows 16-bit colour as 8-bit
        file.seek(24)
        return file.read(1)[0]
    if image.mode.startswith(_DEEP_MODES):
        tag = getattr(image, 'tag_v2', {}).get(_BITS_PER_SAMPLE, (16, ))
        return max(tag)
    return 8

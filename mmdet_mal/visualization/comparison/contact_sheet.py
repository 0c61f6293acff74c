"""Pages of boxes with several masks side by side, for a paper or a talk."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.mask_view import on_square
from mmdet_mal.visualization.picture_files import write_bytes

from .views import ComparisonView

# A4 upright at 150 px an inch.
PAGE = (1754, 1240)
_DPI = 150
_MARGIN = 60
_GAP = 8
# Between two boxes beside each other.
_WIDE_GAP = 34
_CAPTION = 24
_HEADING = 34
_TITLE = 46
_INK, _SOFT = (28, 36, 48), (93, 104, 120)
# A tile should be no smaller, in px.
_SMALLEST = 150


def contact_pages(views: Sequence[ComparisonView], headings: Sequence[str],
                  captions: Sequence[str], title: str = '') -> list[Image.Image]:
    """Lay boxes out on pages.

    Args:
        views (Sequence[ComparisonView]): A box each; without pictures its
            note stands in their place.
        headings (Sequence[str]): Of the pictures of a box.
        captions (Sequence[str]): One line below each box.
        title (str): On each page, with its number.

    Returns:
        list[Image.Image]: RGB, A4 upright at 150 px an inch.

    Raises:
        ValueError: nothing to show, or counts that do not fit.
    """
    if not views:
        raise ValueError('a page needs at least one box')
    if len(captions) != len(views):
        raise ValueError(f'{len(captions)} captions for {len(views)} boxes')
    for view in views:
        if view.pictures and len(view.pictures) != len(headings):
            raise ValueError(f'{len(view.pictures)} pictures for '
                             f'{len(headings)} headings')
    beside, tile = _layout(len(headings))
    room = PAGE[0] - 2 * _MARGIN - _TITLE - _HEADING
    down = max(1, room // (tile + _CAPTION + _GAP))
    per_page = beside * down
    count = -(-len(views) // per_page)
    pages = []
    for number in range(count):
        chosen = slice(number * per_page, (number + 1) * per_page)
        pages.append(_page(
            views[chosen], headings, captions[chosen], (beside, tile),
            f'{title}   page {number + 1} of {count}'.strip()))
    return pages


def write_pages(path: str, pages: Sequence[Image.Image]) -> list[str]:
    """Write pages as one PDF or as PNGs.

    Args:
        path (str): ``x.pdf``; or ``x.png``: several pages are then ``x_01.png``
            and so on.
        pages (Sequence[Image.Image]): At least one.

    Returns:
        list[str]: What was written.

    Raises:
        UserError: another suffix, or it cannot be written.
    """
    import io
    suffix = Path(path).suffix.lower()
    if suffix not in ('.pdf', '.png'):
        raise UserError(f'{path}: pages are a .pdf or .png, name them so')
    if suffix == '.pdf':
        buffer = io.BytesIO()
        pages[0].save(buffer, 'PDF', save_all=True, append_images=pages[1:],
                      resolution=_DPI, quality=90)
        write_bytes(path, buffer.getvalue())
        return [path]
    written = []
    for number, page in enumerate(pages, start=1):
        name = path if len(pages) == 1 else str(
            Path(path).with_name(f'{Path(path).stem}_{number:02}{suffix}'))
        buffer = io.BytesIO()
        page.save(buffer, 'PNG', dpi=(_DPI, _DPI))
        write_bytes(name, buffer.getvalue())
        written.append(name)
    return written


def _layout(pictures: int) -> tuple[int, int]:
    """Boxes beside each other, and the side of a picture in px."""
    width = PAGE[1] - 2 * _MARGIN
    best = (1, _tile(width, 1, pictures))
    for beside in (2, 3):
        tile = _tile(width, beside, pictures)
        if tile >= _SMALLEST:
            best = (beside, tile)
    return best


def _tile(width: int, beside: int, pictures: int) -> int:
    """Side of a picture where so many boxes lie beside each other."""
    room = width - (beside - 1) * _WIDE_GAP - beside * (pictures - 1) * _GAP
    return min(room // (beside * pictures), 320)


def _page(views: Sequence[ComparisonView], headings: Sequence[str],
          captions: Sequence[str], layout: tuple[int, int],
          title: str) -> Image.Image:
    """Draw one page."""
    beside, tile = layout
    page = Image.new('RGB', PAGE[::-1], 'white')
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, _MARGIN - 10), title, fill=_INK, font=_font(20))
    width = len(headings) * (tile + _GAP) - _GAP
    top = _MARGIN + _TITLE
    for place in range(min(beside, len(views))):
        for column, heading in enumerate(headings):
            left = _MARGIN + place * (width + _WIDE_GAP) + column * (tile + _GAP)
            draw.text((left, top), _cut(heading, tile, 17), fill=_SOFT,
                      font=_font(17))
    for number, (view, caption) in enumerate(zip(views, captions, strict=True)):
        row, place = divmod(number, beside)
        left = _MARGIN + place * (width + _WIDE_GAP)
        y = top + _HEADING + row * (tile + _CAPTION + _GAP)
        for column, picture in enumerate(view.pictures):
            page.paste(_image(picture, tile), (left + column * (tile + _GAP), y))
        if not view.pictures:
            draw.text((left, y + tile // 2), _cut(view.note, width, 15),
                      fill=_SOFT, font=_font(15))
        draw.text((left, y + tile + 2), _cut(caption, width, 15), fill=_INK,
                  font=_font(15))
    return page


def _image(picture: np.ndarray, tile: int) -> Image.Image:
    """A picture, BGR, on a square of the tile's size."""
    scaled = Image.fromarray(np.ascontiguousarray(picture[..., ::-1]))
    scaled.thumbnail((tile, tile), Image.Resampling.LANCZOS)
    ground = (245, 247, 249)
    return Image.fromarray(on_square(np.asarray(scaled), tile, ground))


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along, so it is on every machine."""
    return ImageFont.truetype(
        str(Path(matplotlib.get_data_path()) / 'fonts/ttf/DejaVuSans.ttf'), size)


def _cut(text: str, width: int, size: int) -> str:
    """A line without control characters, cut where the room ends."""
    text = ''.join(c if c.isprintable() else ' ' for c in text)
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f'{text}…') > width:
        text = text[:-1]
    return f'{text}…'

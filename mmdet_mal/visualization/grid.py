"""Pictures side by side with captions, in one PNG."""

from collections.abc import Sequence

import cv2
import numpy as np

from .picture_files import write_png_bytes

_GAP = 6
_CAPTION_HEIGHT = 24
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = .5


def picture_grid(rows: Sequence[Sequence[np.ndarray]],
                 captions: Sequence[str],
                 cell_size: tuple[int, int] = (256, 256),
                 notes: Sequence[str] = ()) -> np.ndarray:
    """Lay pictures out in rows and columns on white.

    Args:
        rows (Sequence[Sequence[np.ndarray]]): uint8 (H, W, 3), BGR each; one
            picture a column.  Each is resized to fit its cell, aspect kept.
        captions (Sequence[str]): heading of each column, ascii.
        cell_size (tuple[int, int]): (height, width) of a cell in px.
        notes (Sequence[str]): a line above each row, what is not ascii as
            '?'; none by default.

    Returns:
        np.ndarray: uint8 (H, W, 3), BGR.

    Raises:
        ValueError: no rows, a row with another number of pictures than there
            are captions, or another number of notes than rows.
    """
    if not rows:
        raise ValueError('a grid needs at least one row of pictures')
    for number, row in enumerate(rows):
        if len(row) != len(captions):
            raise ValueError(f'row {number} has {len(row)} pictures for '
                             f'{len(captions)} captions')
    if notes and len(notes) != len(rows):
        raise ValueError(f'{len(notes)} notes for {len(rows)} rows')
    height, width = cell_size
    note_height = _CAPTION_HEIGHT if notes else 0
    step = note_height + height + _GAP
    canvas = np.full(
        (_CAPTION_HEIGHT + len(rows) * step + _GAP,
         len(captions) * (width + _GAP) + _GAP, 3), 255, dtype=np.uint8)
    for number, note in enumerate(notes):
        foot = _CAPTION_HEIGHT + _GAP + number * step + note_height
        _write(canvas, _GAP, foot, note)
    for column, caption in enumerate(captions):
        left = _GAP + column * (width + _GAP)
        _write(canvas, left, _CAPTION_HEIGHT, caption)
        for number, row in enumerate(rows):
            top = _CAPTION_HEIGHT + _GAP + number * step + note_height
            picture = _fit(row[column], cell_size)
            canvas[top:top + picture.shape[0],
                   left:left + picture.shape[1]] = picture
    return canvas


def write_png(path: str, img: np.ndarray) -> None:
    """Write a PNG so that its name holds a whole picture or none.

    Args:
        path (str): ends in ``.png``; its folder is made where it is missing.
        img (np.ndarray): uint8 (H, W, 3), BGR.

    Raises:
        UserError: the name has another suffix, or cannot be written.
    """
    encoded, data = cv2.imencode('.png', img)
    assert encoded, 'OpenCV encodes any uint8 BGR image'
    write_png_bytes(path, data.tobytes())


def _write(canvas: np.ndarray, left: int, foot: int, text: str) -> None:
    """Write a line above a row of pixels; the font has ascii alone."""
    cv2.putText(canvas, text.encode('ascii', 'replace').decode(), (left, foot - 6),
                _FONT, _FONT_SCALE, (0, 0, 0), 1, cv2.LINE_AA)


def _fit(img: np.ndarray, cell_size: tuple[int, int]) -> np.ndarray:
    """Resize to the largest size of the same aspect that fits the cell."""
    scale = min(cell_size[0] / img.shape[0], cell_size[1] / img.shape[1])
    size = (min(max(round(img.shape[1] * scale), 1), cell_size[1]),
            min(max(round(img.shape[0] * scale), 1), cell_size[0]))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    return cv2.resize(img, size, interpolation=way)

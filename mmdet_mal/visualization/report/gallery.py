"""Best, median and worst masks as pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.datasets.images import read_image
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.visualization.mask_columns import MaskColumns, noted, read_rows
from mmdet_mal.visualization.mask_view import mask_view

_JPEG_QUALITY = 86
# Of a picture in px; shown at half of it, sharp on fine screens too.
_SIZE = 320


@dataclass(frozen=True)
class GalleryEntry:
    """One mask of the gallery.

    Attributes:
        annotation_id (str): As in the file.
        file_name (str): Of the image.
        class_name (str): Of the box.
        score (float): Nan if there is none.
        note (str): Kind of fallback, or why there is no picture; else ''.
        jpeg (bytes): The picture, empty if the image cannot be shown.
    """
    annotation_id: str
    file_name: str
    class_name: str
    score: float
    note: str
    jpeg: bytes


def choose_rows(scores: np.ndarray, number: int) -> dict[str, np.ndarray]:
    """Positions of the best, median and worst scores.

    Args:
        scores (np.ndarray): (n,); nan takes no part.
        number (int): Of each kind; fewer where there are not so many, so that
            no mask is shown twice.

    Returns:
        dict[str, np.ndarray]: By ``'worst'``, ``'median'`` and ``'best'``,
        ascending by score; the best descending.
    """
    order = np.argsort(scores, kind='stable')
    order = order[np.isfinite(scores[order])]
    number = min(number, len(order) // 3)
    if not number:
        return dict(worst=order, median=order[:0], best=order[:0])
    middle = (len(order) - number) // 2
    return dict(worst=order[:number], median=order[middle:middle + number],
                best=order[::-1][:number])


def make_gallery(columns: MaskColumns, images: str,
                 number: int = 6) -> dict[str, list[GalleryEntry]]:
    """Draw the worst, median and best masks by their score.

    Args:
        columns (MaskColumns): Of a masks JSON.
        images (str): Folder, archive or address of the images.
        number (int): Of each kind.

    Returns:
        dict[str, list[GalleryEntry]]: By kind as :func:`choose_rows` names
        them.  A mask whose image cannot be read has a note instead of a
        picture.

    Raises:
        UserError: there is no such folder or archive.
    """
    chosen = choose_rows(columns.scores, number)
    places = [int(place) for kind in chosen.values() for place in kind]
    anns = read_rows(columns.path, columns.rows[places].tolist())
    source = image_source(images)
    drawn = {
        place: _entry(columns, place, anns[int(columns.rows[place])], source)
        for place in show_progress(places, len(places), 'draw masks')}
    return {kind: [drawn[int(place)] for place in places_of_kind]
            for kind, places_of_kind in chosen.items()}


def to_jpeg(img: np.ndarray) -> bytes:
    """An image, uint8 (H, W, 3) BGR, as the content of a JPEG file."""
    encoded, data = cv2.imencode('.jpg', img,
                                 [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    assert encoded, 'OpenCV encodes any uint8 BGR image'
    return data.tobytes()


def _entry(columns: MaskColumns, place: int, ann: dict,
           source: Sequence) -> GalleryEntry:
    """Draw one mask."""
    image_dir, backend_args = source
    note = str(noted(ann).get('fallback') or '')
    jpeg = b''
    try:
        img = read_image(join_image_path(image_dir, ann['file_name']),
                         f"annotation {ann.get('id')}",
                         backend_args=backend_args)
        jpeg = to_jpeg(mask_view(img, ann['bbox'], ann.get('segmentation'),
                                 _SIZE))
    except (AnnotationError, KeyError, TypeError, ValueError) as error:
        note = f'{note}: {error}' if note else f'no picture: {error}'
    return GalleryEntry(
        str(ann.get('id')), ann['file_name'],
        columns.class_name(columns.category_ids[place]),
        float(columns.scores[place]), note, jpeg)

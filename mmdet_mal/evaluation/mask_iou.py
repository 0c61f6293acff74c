"""Mask IoU between a masks JSON and human masks, matched by annotation id.

Everything here is a pure function of two COCO dictionaries.  Each box counts
once: the labeller is given the box, so there is nothing to detect, and the
mean over boxes is the score (paper section 4.6 reports the same number).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pycocotools import mask as mask_utils

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.annotations import (AnnotationError,
                                            load_annotation_file)
from mmdet_mal.labelling.image_sizes import image_size, image_sizes
from mmdet_mal.structures.rle import segmentation_to_rle

from .boundary_iou import boundary_iou

# Half-open ranges of the BOX area in image px², COCO's borders.
SIZE_RANGES: dict[str, tuple[float, float]] = {
    'all': (0., float('inf')),
    'ge32': (32.**2, float('inf')),
    'small': (0., 32.**2),
    'medium': (32.**2, 96.**2),
    'large': (96.**2, float('inf')),
}


@dataclass(frozen=True)
class MaskIoUs:
    """IoU of every human, non-crowd annotation: one row per annotation.

    Attributes:
        ann_ids (np.ndarray): int64 (n,), in the order of the human JSON.
        image_ids (np.ndarray): int64 (n,).
        category_ids (np.ndarray): int64 (n,).
        box_areas (np.ndarray): float64 (n,), width times height of the box
            as the human JSON states it, px².
        ious (np.ndarray): float64 (n,), in [0, 1].
        boundary_ious (np.ndarray): float64 (n,), in [0, 1], see
            :mod:`.boundary_iou`.
        missing (np.ndarray): bool (n,), True where the prediction has no such
            annotation or no mask in it; the IoU is then 0.
    """
    ann_ids: np.ndarray
    image_ids: np.ndarray
    category_ids: np.ndarray
    box_areas: np.ndarray
    ious: np.ndarray
    boundary_ious: np.ndarray
    missing: np.ndarray

    def __len__(self) -> int:
        return len(self.ann_ids)


def read_annotations(source: str | Path | Mapping) -> Mapping:
    """A COCO dictionary, read from a file if ``source`` is a path.

    Raises:
        AnnotationError: the file is absent, no JSON, or not in COCO form.
    """
    if isinstance(source, Mapping):
        return source
    return load_annotation_file(str(source))


@contextmanager
def naming(source: str | Path | Mapping) -> Iterator[None]:
    """Put the name of a file before what is wrong with an annotation of it.

    Args:
        source (str | Path | Mapping): a path; a dictionary has no name.

    Raises:
        AnnotationError: the one that the block raises, with the name.
    """
    try:
        yield
    except AnnotationError as error:
        if isinstance(source, Mapping) or str(error).startswith(f'{source}: '):
            raise
        raise AnnotationError(f'{source}: {error}') from error


def human_rles(human: str | Path | Mapping) -> dict[int, dict]:
    """Compressed RLE of every non-crowd annotation, by annotation id.

    Args:
        human (str | Path | Mapping): COCO JSON with masks (polygons or RLE).

    Raises:
        AnnotationError: an annotation without a mask, of an unknown image,
            or with an id that is there twice.
    """
    with naming(human):
        return _rles_of(read_annotations(human))


def _rles_of(data: Mapping) -> dict[int, dict]:
    """As :func:`human_rles`, of what was read."""
    sizes = image_sizes(data['images'])
    rles: dict[int, dict] = {}
    for ann in scored_annotations(data):
        if 'id' not in ann:
            raise AnnotationError('an annotation has no id: give the file that '
                                  'the masks were made from')
        if not ann.get('segmentation'):
            raise AnnotationError(
                f"annotation {ann['id']} has no segmentation: the scores need "
                'the JSON with human masks, not the one with boxes only')
        size = image_size(ann, sizes)
        if size is None:
            raise AnnotationError(
                f"annotation {ann['id']} names image {ann.get('image_id')}, "
                "which is not among 'images' or has no height and width there")
        if ann['id'] in rles:
            raise AnnotationError(
                f"annotation id {ann['id']} is there twice: ids must be unique")
        rles[ann['id']] = _to_rle(ann, size)
    return rles


def scored_annotations(data: Mapping) -> Iterable[dict]:
    """The annotations that take part in scores: all but crowds."""
    return (ann for ann in data['annotations'] if not is_crowd(ann))


def rle_iou(pred: Mapping, human: Mapping) -> float:
    """IoU of two compressed RLEs of one image, 0 if both are empty.

    Raises:
        ValueError: the two are of different image sizes (pycocotools would
            return -1 silently).
    """
    if list(pred['size']) != list(human['size']):
        raise ValueError(
            f"predicted mask is of size {list(pred['size'])} (h, w), the human "
            f"mask of {list(human['size'])}: were they made from the same image?")
    return float(mask_utils.iou([pred], [human], [0])[0, 0])


def mask_ious(pred: str | Path | Mapping,
              human: str | Path | Mapping,
              targets: Mapping[int, dict] | None = None) -> MaskIoUs:
    """IoU of each human annotation with the prediction of the same id.

    Crowds are left out.  Annotations which only the prediction has are
    ignored; one that the prediction lacks counts as IoU 0.

    Args:
        pred (str | Path | Mapping): masks JSON of a labeller.
        human (str | Path | Mapping): COCO JSON with human masks.
        targets (Mapping[int, dict], optional): what :func:`human_rles` gives
            of it, where several labellers are scored.

    Raises:
        AnnotationError: unreadable input, human annotation without mask,
            ids there twice, masks of another size than the image, or no id in
            common; names the file if it was given by its path.
    """
    if targets is None:
        targets = human_rles(human)
    with naming(pred):
        predicted = _by_id(read_annotations(pred), targets)

    rows = []
    for ann in scored_annotations(read_annotations(human)):
        target = targets[ann['id']]
        with naming(human):
            area = box_area(ann)
        segmentation = predicted.get(ann['id'], {}).get('segmentation')
        iou = rim_iou = 0.
        if segmentation:
            with naming(pred):
                mask = _to_rle(predicted[ann['id']], target['size'])
            iou, rim_iou = rle_iou(mask, target), boundary_iou(mask, target)
        rows.append((ann['id'], ann['image_id'], ann.get('category_id', 0),
                     area, iou, rim_iou, not segmentation))
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    types = (np.int64, np.int64, np.int64, np.float64, np.float64, np.float64,
             bool)
    return MaskIoUs(*(np.asarray(column, dtype=kind) for column, kind
                      in zip(columns, types, strict=True)))


def _by_id(pred: Mapping, targets: Mapping[int, dict]) -> dict[int, dict]:
    """Annotations of a prediction that have a human mask, by id."""
    predicted: dict[int, dict] = {}
    for ann in pred['annotations']:
        if ann.get('id') not in targets:
            continue
        if ann['id'] in predicted:
            raise AnnotationError(
                f"the prediction has annotation id {ann['id']} twice")
        predicted[ann['id']] = ann
    if targets and pred['annotations'] and not predicted:
        raise AnnotationError(
            'these masks and the human masks have no annotation id in common: '
            'they must be of the same boxes, with the same ids (mal convert gives '
            'new ones; label the boxes of the human JSON itself)')
    return predicted


def _to_rle(ann: Mapping, size: tuple[int, int]) -> dict:
    """The mask of an annotation; an error names its id."""
    try:
        return segmentation_to_rle(ann['segmentation'], *size)
    except (ValueError, TypeError, OverflowError) as error:
        raise AnnotationError(f"annotation {ann['id']}: {error}") from error


def box_area(ann: Mapping) -> float:
    """Width times height of an annotation's box in image px².

    Raises:
        AnnotationError: there is no box, or it is no box.
    """
    try:
        _, _, width, height = map(float, ann['bbox'])
    except (KeyError, TypeError, ValueError):
        raise AnnotationError(
            f"annotation {ann.get('id')} has no box [x, y, width, height]: "
            f"found {ann.get('bbox')}") from None
    return width * height


def size_ranges(box_areas: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Which boxes belong to each size.

    Args:
        box_areas (np.ndarray): (n,), in px².

    Returns:
        Iterator[tuple[str, np.ndarray]]: key of ``SIZE_RANGES`` and bool (n,).
    """
    return half_open_ranges(box_areas, SIZE_RANGES)


def half_open_ranges(values: np.ndarray, ranges: Mapping[str, tuple[float, float]]
                     ) -> Iterator[tuple[str, np.ndarray]]:
    """Which values lie in each range [low, high), in the order of the ranges.

    Args:
        values (np.ndarray): (n,).
        ranges (Mapping[str, tuple[float, float]]): Low and high by name.

    Yields:
        tuple[str, np.ndarray]: name and bool (n,).
    """
    for name, (low, high) in ranges.items():
        yield name, (values >= low) & (values < high)


def mean_or_nan(values: np.ndarray) -> float:
    """Mean of (n,), nan where there is nothing to average."""
    return float(values.mean()) if len(values) else float('nan')


def summarise(columns: MaskIoUs) -> dict[str, dict[str, float]]:
    """Mean IoU and number of boxes per size range.

    Returns:
        dict: for each key of ``SIZE_RANGES`` a dict(miou=float in [0, 1] or
        nan where the range is empty, n=int).
    """
    return summarise_arrays(columns.ious, columns.box_areas)


def summarise_arrays(ious: np.ndarray,
                     box_areas: np.ndarray) -> dict[str, dict[str, float]]:
    """As :func:`summarise`, of IoUs (n,) and box areas (n,) in px²."""
    return {name: dict(miou=mean_or_nan(ious[chosen]), n=int(chosen.sum()))
            for name, chosen in size_ranges(box_areas)}

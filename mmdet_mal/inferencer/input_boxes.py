"""The boxes of a call, checked and put as a label run has them."""

from typing import Any

import numpy as np

from mmdet_mal.datasets.annotation_reader import MIN_SIDE
from mmdet_mal.datasets.columns import BoxColumns
from mmdet_mal.datasets.parsing import build_columns

from .errors import InferenceInputError

BBOX_FORMATS = ('xyxy', 'xywh')


def check_boxes(bboxes: Any, bbox_format: str, index: int) -> np.ndarray:
    """Read the boxes of one image.

    Args:
        bboxes: (n, 4) numbers as an array, tensor or nested sequence; n may
            be 0.
        bbox_format: ``'xyxy'`` (corners) or ``'xywh'`` (corner and size), in
            image pixels.
        index: position of the image among the inputs, for the message.

    Returns:
        float64 (n, 4), xywh.

    Raises:
        InferenceInputError: if they are not n by 4 finite numbers with positive
            sizes; the first bad box is named.
    """
    who = f'bboxes[{index}]'
    if bbox_format not in BBOX_FORMATS:
        raise InferenceInputError(
            f"bbox_format is {bbox_format!r}, expected 'xyxy' or 'xywh'")
    if hasattr(bboxes, 'detach'):  # a tensor, of any device
        bboxes = bboxes.detach().cpu().numpy()
    try:
        given = np.asarray(bboxes)
    except ValueError:  # rows of several lengths
        given = np.empty(0, dtype=object)
    if given.shape == (0, ):
        given = given.reshape(0, 4) if given.dtype != object else given
    if given.dtype.kind not in 'iuf' or given.ndim != 2 or given.shape[1] != 4:
        hint = '; put a single box into a list' if given.shape == (4, ) else ''
        raise InferenceInputError(
            f'{who}: expected boxes as numbers of shape (n, 4), found '
            f'{given.dtype} of shape {given.shape}{hint}')
    boxes = given.astype(np.float64)
    if bbox_format == 'xyxy':
        boxes[:, 2:] -= boxes[:, :2]
    _refuse(given, ~np.isfinite(boxes).all(axis=1), who, bbox_format,
            'has a value that is not finite')
    reversed_hint = ('; are these xywh?' if bbox_format == 'xyxy' else '')
    _refuse(given, (boxes[:, 2:] < MIN_SIDE).any(axis=1), who, bbox_format,
            f'has no area: width and height must be at least {MIN_SIDE} px'
            + reversed_hint)
    return boxes


def pair_inputs(inputs: Any, bboxes: Any) -> tuple[list, list]:
    """Put one image or several, and their boxes, into lists of one length.

    Args:
        inputs: an image or a list of images.
        bboxes: the boxes of the image, or a list with those of each.

    Returns:
        Images, and the boxes of each.

    Raises:
        InferenceInputError: if the two do not go together.
    """
    if bboxes is None:
        raise InferenceInputError('bboxes: none given; the labeller turns boxes '
                                  'into masks, it finds no objects itself')
    if not isinstance(inputs, (list, tuple)):
        return [inputs], [bboxes]
    if not isinstance(bboxes, (list, tuple)):
        raise InferenceInputError(
            f'bboxes: for a list of {len(inputs)} images a list with the boxes of '
            f'each is expected, found a {type(bboxes).__name__}')
    if len(inputs) != len(bboxes):
        raise InferenceInputError(
            f'bboxes: {len(bboxes)} lists of boxes for {len(inputs)} images; give '
            'one a image, empty where there is none')
    return list(inputs), list(bboxes)


def clip_boxes(boxes: np.ndarray, image_shape: tuple[int, int],
               index: int) -> BoxColumns:
    """Clip boxes to their image, by the code and to the bit as a label run.

    Args:
        boxes: (n, 4) float64 xywh, as :func:`check_boxes` returns them.
        image_shape: height and width in px.
        index: position of the image among the inputs, for the message.

    Returns:
        The boxes in their order.

    Raises:
        InferenceInputError: if one lies wholly outside its image.
    """
    height, width = (int(v) for v in image_shape)
    columns, _, faults = build_columns(dict(
        images=[dict(id=1, file_name='image', height=height, width=width)],
        annotations=[dict(id=row + 1, image_id=1, category_id=1, bbox=box)
                     for row, box in enumerate(boxes.tolist())],
        categories=[dict(id=1, name='object')]))
    errors = [fault for fault in faults if fault.severity == 'error']
    if errors:
        row = errors[0].annotation_id - 1
        x, y, w, h = boxes[row].tolist()
        raise InferenceInputError(
            f'bboxes[{index}][{row}]: x {x:g} to {x + w:g}, y {y:g} to {y + h:g} '
            f'lies outside its image of {width} x {height} px (w x h); correct '
            'it or leave it out')
    return columns


def _refuse(given: np.ndarray, bad: np.ndarray, who: str, bbox_format: str,
            what: str) -> None:
    """Raise for the first of the bad boxes."""
    rows = np.flatnonzero(bad)
    if rows.size:
        more = f' (and {rows.size - 1} more)' if rows.size > 1 else ''
        raise InferenceInputError(
            f'{who}[{rows[0]}]: {given[rows[0]].tolist()} ({bbox_format}) '
            f'{what}{more}')

"""Batches of crops, cut from images and boxes as a label run cuts them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from mmdet_mal.datasets.chunk_cutting import cut_chunks

from .opened_image import OpenedImage


def label_batches(images: Sequence[Any], boxes: Sequence[np.ndarray], limit: int,
                  pipeline: Callable[[dict], dict],
                  channel_order: str | None = None) -> Iterator[dict]:
    """Cut the crops of all boxes; one image is open at a time.

    Args:
        images: checked, see :func:`~.input_image.check_image`.
        boxes: of each image, (n, 4) float64 xywh, checked.
        limit: largest number of boxes in a batch.
        pipeline: makes ``inputs`` and ``data_samples`` of a box.
        channel_order: of numpy arrays.

    Yields:
        ``inputs``, uint8 tensors (3, h, w), and ``data_samples``, whose ``img_id``
        is the position of the image and ``ann_id`` that of the box.

    Raises:
        InferenceInputError: as :meth:`.OpenedImage.open`.
    """
    places = [(i, row) for i, b in enumerate(boxes) for row in range(len(b))]
    opened = None
    for first, last in cut_chunks([len(b) for b in boxes], limit).tolist():
        batch: dict[str, list] = dict(inputs=[], data_samples=[])
        for index, rows in groupby(places[first:last], key=lambda p: p[0]):
            if opened is None or opened.index != index:
                opened = None  # before the next is decoded: both may be large
                opened = OpenedImage.open(images[index], index, boxes[index],
                                          channel_order)
            for _, row in rows:
                info = opened.box_info(row)
                packed = pipeline(info)
                packed['data_samples'].set_metainfo(dict(
                    img_id=index, ann_id=row, box_overlap=info['box_overlap']))
                batch['inputs'].append(packed['inputs'])
                batch['data_samples'].append(packed['data_samples'])
        yield batch

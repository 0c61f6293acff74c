"""An image of a call with its boxes, as the pipeline takes them."""

import os
from dataclasses import dataclass
from typing import Any

import numpy as np

from mmdet_mal.datasets.box_overlap import box_overlaps
from mmdet_mal.datasets.columns import BoxColumns
from mmdet_mal.datasets.region_image import RegionImage

from .input_boxes import clip_boxes
from .input_image import open_input


@dataclass(frozen=True)
class OpenedImage:
    """The pixels of an image and its boxes, clipped to it.

    Attributes:
        index: position among the inputs.
        path: of the file, '' where there is none.
        pixels: BGR, uint8 (H, W, 3).
        columns: the boxes in their order.
        overlaps: (n,), share of each box that other boxes cover.
    """

    index: int
    path: str
    pixels: np.ndarray | RegionImage
    columns: BoxColumns
    overlaps: np.ndarray

    @classmethod
    def open(cls, image: Any, index: int, boxes: np.ndarray,
             channel_order: str | None) -> 'OpenedImage':
        """Decode an image and clip its boxes.

        Args:
            image: as for :func:`~.input_image.open_input`.
            index: position among the inputs.
            boxes: (n, 4) float64 xywh.
            channel_order: of an array.

        Raises:
            InferenceInputError: if the image cannot be read, or a box lies
                outside it.
        """
        pixels = open_input(image, index, channel_order)
        columns = clip_boxes(boxes, pixels.shape[:2], index)
        is_path = isinstance(image, (str, os.PathLike))
        return cls(index, os.fspath(image) if is_path else '', pixels, columns,
                   box_overlaps(columns, 0, len(columns)))

    def box_info(self, row: int) -> dict[str, Any]:
        """What a label run's data set knows of a box before it is cropped.

        Args:
            row: position of the box among those of the image.
        """
        x, y, w, h = self.columns.boxes_xywh[row].tolist()
        height, width = self.pixels.shape[:2]
        return dict(
            img_path=self.path, img_id=self.index, ann_id=row, sample_idx=row,
            bbox=np.array([x, y, x + w, y + h], dtype=np.float32),
            box_area=w * h, category_id=1, label=0, height=height, width=width,
            img=self.pixels, box_overlap=float(self.overlaps[row]))

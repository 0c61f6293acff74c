"""Data sets of boxes: the whole file in memory, an image decoded per box."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.data import Dataset

from .geometry import Box, cut, expand, normalise, to_crop


class Boxes(Dataset):
    """Boxes of a COCO file, one sample each.

    Args:
        ann_file (str | Path): COCO detection file.
        images (str | Path): Folder of the images.
        size (tuple[int, int]): Height and width of a crop.
        min_area (float): Only larger boxes are samples, in px².
        min_size (float): Only boxes wider and higher than this are, in px.
    """

    def __init__(self, ann_file: str | Path, images: str | Path,
                 size: tuple[int, int], min_area: float = 0.,
                 min_size: float = 0.) -> None:
        with open(ann_file, encoding='utf-8') as file:
            self.data = json.load(file)
        self.folder = Path(images)
        self.size = tuple(size)
        self.images = {image['id']: image for image in self.data['images']}
        self.samples = []
        for annotation in self.data['annotations']:
            x0, y0, x1, y1 = box = self.box(annotation)
            if (annotation.get('iscrowd', 0) or x1 - x0 <= min_size
                    or y1 - y0 <= min_size
                    or (x1 - x0) * (y1 - y0) <= min_area):
                continue
            self.samples.append(dict(annotation, xyxy=box))

    def box(self, annotation: dict) -> Box:
        """The box of an annotation, clipped to its image, xyxy."""
        image = self.images[annotation['image_id']]
        x, y, w, h = annotation['bbox']
        return (max(x, 0.), max(y, 0.), min(x + w, image['width']),
                min(y + h, image['height']))

    def __len__(self) -> int:
        """Number of boxes."""
        return len(self.samples)

    def read(self, index: int) -> np.ndarray:
        """Decode the image of a box, BGR (H, W, 3)."""
        entry = self.images[self.samples[index]['image_id']]
        return cv2.imread(str(self.folder / entry['file_name']),
                          cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


class BoxesToTrain(Boxes):
    """Crops as students and teachers see them (paper 3.1, 4.2).

    Args:
        *args: Of :class:`Boxes`.
        colours (Sequence[Callable]): Colour changes of the student's view:
            transforms of a dict with ``img``, BGR bytes.
        max_rate (float): Largest sum of the rates of opposite sides.
        flip_prob (float): Probability of mirroring.
        **kwargs: Of :class:`Boxes`.
    """

    def __init__(self, *args, colours: Sequence[Callable] = (),
                 max_rate: float = 1.2, flip_prob: float = .5,
                 **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.colours = list(colours)
        self.max_rate = max_rate
        self.flip_prob = flip_prob

    def __getitem__(self, index: int) -> dict:
        """One crop, with random numbers of numpy's global generator.

        Returns:
            dict: ``student`` and ``teacher`` (3, H, W); ``box`` and ``valid``
            (4,), xyxy in crop pixels; ``area`` in image px².
        """
        x0, y0, x1, y1 = box = self.samples[index]['xyxy']
        image = self.read(index)
        theta = np.random.uniform(0, self.max_rate, size=2)
        low = np.random.uniform(0, 1, size=2) * theta
        high = theta - low
        # The arithmetic of a box that is kept in single precision.
        box = tuple(float(np.float32(v)) for v in box)
        window = expand(box, (low[0], low[1], high[0], high[1]))
        crop, valid = cut(image, window, self.size)
        box = to_crop(box, window, self.size)
        if np.random.choice([True, False], p=[self.flip_prob,
                                              1 - self.flip_prob]):
            crop = np.ascontiguousarray(crop[:, ::-1])
            box, valid = self._mirror(box), self._mirror(valid)
        changed = dict(img=crop.copy())
        for colour in self.colours:
            changed = colour(changed)
        return dict(student=normalise(changed['img']), teacher=normalise(crop),
                    box=torch.tensor(box), valid=torch.tensor(valid),
                    area=torch.tensor((x1 - x0) * (y1 - y0)))

    def _mirror(self, box: Box) -> Box:
        width = self.size[1]
        return width - box[2], box[1], width - box[0], box[3]


class BoxesToLabel(Boxes):
    """Crops as they are labelled: the same expansion on all sides.

    Args:
        *args: Of :class:`Boxes`.
        rate (float): Expansion of each side, in halves of the box.
        **kwargs: Of :class:`Boxes`.
    """

    def __init__(self, *args, rate: float = .3, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.rate = rate

    def __getitem__(self, index: int) -> dict:
        """One crop.

        Returns:
            dict: ``crop`` (3, H, W); ``box`` and ``valid`` (4,) in crop
            pixels; ``window`` (4,); ``area`` in image px²; ``index``.
        """
        x0, y0, x1, y1 = box = self.samples[index]['xyxy']
        image = self.read(index)
        box = tuple(float(np.float32(v)) for v in box)
        window = expand(box, (self.rate, ) * 4)
        crop, valid = cut(image, window, self.size)
        return dict(crop=normalise(crop),
                    box=torch.tensor(to_crop(box, window, self.size)),
                    valid=torch.tensor(valid), window=torch.tensor(window),
                    area=torch.tensor((x1 - x0) * (y1 - y0)), index=index)

"""Other boxes of the data set as clutter around the box of a crop."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmdet_mal.datasets.other_boxes import OTHER_BOXES
from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.crop import (crop_and_resize, expand_bbox,
                                       window_size)
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.setting_error import SettingError

from .load_box_image import LoadBoxImage

# Less room than this beside the box, in crop pixels, is not worth a paste.
_LEAST_ROOM = 4
# The edge of a pasted box towards the target lies in the outer part of the
# room beside it, so that at least half of the room may be covered.
_LEAST_SHARE = 0.5


@TRANSFORMS.register_module()
class PasteBoxes(BaseTransform):
    """Paste the content of other boxes beside the box of a crop.

    Ours, after copy-paste augmentation (Ghiasi et al., CVPR 2021; with boxes in
    place of masks).  What lies outside the box is ground for this box whatever
    it shows, so a pasted object is certainly ground: the labeller sees objects
    that it must not cover, more often than the photographs have them.

    A paste may touch the box and never covers a pixel of it; what would reach
    beyond the crop, or onto padding, is cut off, as neighbours are.  It keeps the
    aspect that it would have in this crop.  The box, ``valid_bbox`` and all else
    stay.  Where no side of the box has 4 px of room nothing happens.

    Goes behind ``CropBox`` and before the branches, so that student and teacher
    see the same paste, in the pipeline of a ``BoxInstanceDataset``, also within
    a ``RandomApply``.  The draw depends on the sample's seed alone
    (:class:`~mmdet_mal.datasets.seeded_samples.SeededSamples`).  Without
    ``cache_images`` each paste reads one more image.

    Required Keys:

    - img (np.ndarray, shape (H, W, 3), uint8): The crop.
    - crop_window (np.ndarray, shape (4,), integer xyxy in image pixels)
    - gt_bboxes (HorizontalBoxes, shape (1, 4), xyxy in crop pixels)
    - valid_bbox (np.ndarray, shape (4,), xyxy in crop pixels)
    - sample_idx (int): Position of the sample; it is never pasted beside itself.
    - other_boxes (OtherBoxes): Put there by the data set.

    Modified Keys:

    - img
    - other_boxes: Removed.

    Args:
        prob (float): Probability that a crop gets pastes, in [0, 1].  Default
            .5.
        size_range (tuple[float, float]): Range of the longer side of a paste,
            as a share of the crop's side along it; above 0, at most 1.  Default
            (.2, .6).
        max_count (int): One to so many pastes, drawn with equal chance.  Default
            2.
        backend_args (dict, optional): File backend, as of the pipeline's
            ``LoadBoxImage``.  Default None, local files.
    """

    takes_other_boxes = True

    def __init__(self,
                 prob: float = 0.5,
                 size_range: tuple[float, float] = (0.2, 0.6),
                 max_count: int = 2,
                 *,
                 backend_args: dict | None = None) -> None:
        if not 0 <= prob <= 1:
            raise SettingError(f'prob must be in [0, 1], got {prob}')
        if len(size_range) != 2 or not 0 < size_range[0] <= size_range[1] <= 1:
            raise SettingError('size_range must be (low, high) with 0 < low <= high '
                               f'<= 1, got {size_range}')
        if max_count != int(max_count) or max_count < 1:
            raise SettingError('max_count must be a whole number of at least 1, got '
                               f'{max_count}')
        self.prob = prob
        self.size_range = tuple(size_range)
        self.max_count = int(max_count)
        self._load = LoadBoxImage(backend_args=backend_args)

    @cache_randomness
    def _draw_count(self) -> int:
        if np.random.uniform() >= self.prob:
            return 0
        return int(np.random.randint(1, self.max_count + 1))

    @cache_randomness
    def _draw_other(self, own: int, number: int) -> int:
        """Another sample than ``own`` out of ``number``."""
        index = int(np.random.randint(number - 1))
        return index + (index >= own)

    @cache_randomness
    def _draw_paste(self, rooms: np.ndarray) -> tuple[int, float, float, float]:
        """Side by its room, size, and position towards and along the box."""
        side = int(np.random.choice(len(rooms), p=rooms / rooms.sum()))
        size = np.random.uniform(*self.size_range)
        return side, size, *np.random.uniform(size=2)

    def transform(self, results: dict) -> dict:
        """Paste, or not.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.

        Raises:
            UserError: If the pipeline's data set gives no other boxes, or the
                crop has no pixels.
        """
        if OTHER_BOXES not in results:
            raise UserError(
                'PasteBoxes got no other boxes: it goes between CropBox and '
                'MultiBranch in the pipeline of a mmdet_mal.BoxInstanceDataset')
        others = results.pop(OTHER_BOXES)
        if results['img'].shape[-1] == 0:
            raise UserError(
                'PasteBoxes needs the pixels of the crop, which CutWindow leaves '
                'to the device: take CropBox, or leave PasteBoxes out')
        count = self._draw_count()
        if len(others) < 2:
            return results
        for _ in range(count):
            index = self._draw_other(results['sample_idx'], len(others))
            self._paste(results, others.info(index))
        return results

    def _paste(self, results: dict, other: dict) -> None:
        """Draw where another box goes, and put it there."""
        img = results['img']
        strips = free_strips(results['gt_bboxes'].tensor[0].numpy(),
                             results['valid_bbox'])
        rooms = np.array([_area(strip) for strip in strips], dtype=float)
        if not rooms.any():
            return
        side, size, towards, along = self._draw_paste(rooms)
        window = expand_bbox(other['bbox'], (0, ) * 4,
                             (other['height'], other['width']))
        height, width = _paste_size(window_size(window), img.shape[:2],
                                    window_size(results['crop_window']), size)
        place = _place(strips[side], side, (height, width), towards, along)
        pixels = self._load(dict(other))['img']
        patch, _ = crop_and_resize(pixels, window, (height, width))
        x0, y0, x1, y1 = _cut(place, strips[side])
        left, top = place[:2]
        img[y0:y1, x0:x1] = patch[y0 - top:y1 - top, x0 - left:x1 - left]

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(prob={self.prob}, '
                f'size_range={self.size_range}, max_count={self.max_count})')


Rectangle = tuple[int, int, int, int]


def free_strips(box: np.ndarray, valid: np.ndarray) -> list[Rectangle]:
    """Whole pixels of the image to the left, above, to the right and below.

    Args:
        box (np.ndarray): (4,), xyxy in crop pixels.
        valid (np.ndarray): (4,), the part of the crop that shows the image,
            xyxy in crop pixels.

    Returns:
        list[tuple[int, int, int, int]]: xyxy of the four, each as long as the
        image; (0, 0, 0, 0) for one that is less than 4 px wide.
    """
    left, top = np.ceil(valid[:2]).astype(int).tolist()
    right, bottom = np.floor(valid[2:]).astype(int).tolist()
    x0, y0 = np.floor(box[:2]).astype(int).tolist()
    x1, y1 = np.ceil(box[2:]).astype(int).tolist()
    strips = [(left, top, x0, bottom), (left, top, right, y0),
              (x1, top, right, bottom), (left, y1, right, bottom)]
    return [s if min(s[2] - s[0], s[3] - s[1]) >= _LEAST_ROOM else (0, ) * 4
            for s in strips]


def _area(strip: Rectangle) -> int:
    return (strip[2] - strip[0]) * (strip[3] - strip[1])


def _paste_size(box: tuple[int, int], crop: tuple[int, int],
                window: tuple[int, int], size: float) -> tuple[int, int]:
    """Height and width of a paste in crop pixels, at least 1.

    Args:
        box: height and width of the other box in its image.
        crop: of the crop.
        window: of the crop in its image; the crop stretches it.
        size: share of the crop that the paste takes along its longer side.
    """
    shares = np.array(box) / np.array(window)
    shares *= size / shares.max()
    height, width = np.maximum(1, np.round(shares * np.array(crop))).astype(int)
    return int(height), int(width)


def _place(strip: Rectangle, side: int, size: tuple[int, int], towards: float,
           along: float) -> Rectangle:
    """Where a paste of a size goes; may reach beyond the strip away from the box.

    Args:
        strip: beside the box.
        side: 0 left, 1 above, 2 right, 3 below the box.
        size: height and width of the paste.
        towards: in [0, 1], how near the box: 1 touches it.
        along: in [0, 1], where its centre lies along the strip.
    """
    across = side % 2  # the axis, 0 for x, that leads from the strip to the box
    lengths = size[::-1]
    place = [0] * 4
    reach = (_LEAST_SHARE + (1 - _LEAST_SHARE) * towards) * (
        strip[across + 2] - strip[across])
    if side < 2:  # the far edge of the paste is the one at the box
        place[across + 2] = strip[across] + round(reach)
        place[across] = place[across + 2] - lengths[across]
    else:
        place[across] = strip[across + 2] - round(reach)
        place[across + 2] = place[across] + lengths[across]
    other = 1 - across
    centre = strip[other] + along * (strip[other + 2] - strip[other])
    place[other] = round(centre - lengths[other] / 2)
    place[other + 2] = place[other] + lengths[other]
    return tuple(place)


def _cut(place: Rectangle, strip: Rectangle) -> Rectangle:
    """The part of a paste that lies in the strip."""
    return (max(place[0], strip[0]), max(place[1], strip[1]),
            min(place[2], strip[2]), min(place[3], strip[3]))

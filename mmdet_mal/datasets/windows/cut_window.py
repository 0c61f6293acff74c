"""The window of a box, cut out but not resized."""

import dataclasses

import numpy as np

from mmdet_mal.datasets.transforms.crop_box import CropBox
from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.crop import clip_window, window_size

from .sampled_window import SampledWindow


@TRANSFORMS.register_module()
class CutWindow(CropBox):
    """``CropBox`` whose padding and resizing are left to the device.

    Boxes and meta data are those of ``CropBox``.  A window longer than
    ``max_shrink`` crops along an axis is made a crop here, by the code of
    ``CropBox``: the device would get more pixels than it needs.  So is a
    window with ``padding='wrap'`` that overhangs, which needs pixels from the
    opposite side of the image.

    Required Keys: those of :class:`~mmdet_mal.datasets.transforms.CropBox`.

    Modified Keys:

    - img (np.ndarray, shape (*size, 0), uint8): Stands for the crop to come,
      so that the transforms that follow see its size.
    - img_shape: The crop's height and width.

    Added Keys: those of ``CropBox`` and

    - window (SampledWindow): The pixels and what is to become of them.

    Args:
        size (tuple[int, int]): As in ``CropBox``, like the next two.
        padding (str): What the crop shows beyond the image.
        overhang (str): Whether that counts as image.
        max_shrink (float): Longest window in lengths of the crop, at least 1.
            Defaults to 3.
    """

    def __init__(self,
                 size: tuple[int, int] = (512, 512),
                 padding: str = 'reflect',
                 overhang: str = 'ignored',
                 max_shrink: float = 3.0) -> None:
        super().__init__(size, padding, overhang)
        if not max_shrink >= 1:
            raise ValueError(f'max_shrink must be >= 1, got {max_shrink}')
        self.max_shrink = max_shrink

    def transform(self, results: dict) -> dict:
        """Add the window and the box in crop pixels.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: The same dict.
        """
        img, window = results['img'], results['crop_window']
        inside = clip_window(window, img.shape[:2])
        results['window'] = self._cut(img, window, inside)
        return self.place(results, np.empty((*self.size, 0), dtype=np.uint8),
                          img.shape[:2])

    def _cut(self, img: np.ndarray, window: np.ndarray,
             inside: np.ndarray) -> SampledWindow:
        """Pixels and plan of one window."""
        lengths = window_size(window)
        long = any(length > self.max_shrink * side
                   for length, side in zip(lengths, self.size, strict=True))
        wraps = self.padding == 'wrap' and tuple(inside) != tuple(window)
        if long or wraps:
            pixels = self.cut(img, window)
            shown, before, lengths = self.size, (0, 0), self.size
        else:
            left, top, right, bottom = (int(v) for v in inside)
            # A copy: a batch must not keep the whole images of its samples.
            pixels = np.array(img[top:bottom, left:right])
            shown = pixels.shape[:2]
            before = (top - int(window[1]), left - int(window[0]))
        axes = np.array([shown, before, lengths, (0, 0)], dtype=np.int64).T
        padding = 'reflect' if self.padding == 'wrap' else self.padding
        return SampledWindow(pixels, axes, self.size, padding)

    def __repr__(self) -> str:
        return f'{super().__repr__()[:-1]}, max_shrink={self.max_shrink})'


def with_flip(window: SampledWindow, direction: str | None) -> SampledWindow:
    """The window whose crop is mirrored.

    Args:
        window (SampledWindow): Not mirrored.
        direction (str, optional): 'horizontal', 'vertical' or 'diagonal', as
            mmdet's flips say; None for no flip.

    Returns:
        SampledWindow: A window with the same pixels.
    """
    axes = window.axes.copy()
    axes[0, 3] = direction in ('vertical', 'diagonal')
    axes[1, 3] = direction in ('horizontal', 'diagonal')
    return dataclasses.replace(window, axes=axes)

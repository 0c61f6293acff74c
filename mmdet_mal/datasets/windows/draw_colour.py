"""Draws what the device does to the student's colours."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform, RandomApply, RandomGrayscale

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.utils.errors import UserError

from .colour_draw import BLUR_SLOT, GREY_SLOT, ColourDraw, box_radius

_JITTERS = ('brightness', 'contrast', 'saturation', 'hue')
# Blue, green, red; what OpenCV and Pillow call grey.
LUMA = (0.114, 0.587, 0.299)


@TRANSFORMS.register_module()
class DrawColour(BaseTransform):
    """Lets the transforms of a CPU pipeline draw, and notes what they drew.

    Their own methods draw, so a sample gets the numbers that it would get on
    the CPU.  No pixel is touched.

    Required Keys:

    - window (SampledWindow)

    Modified Keys:

    - window: With the changes of colour.

    Args:
        transforms (Sequence[dict]): Configs of ``mmpretrain.ColorJitter``
            (``backend='cv2'``), ``RandomGrayscale`` (``prob=1``, three
            channels, the weights of luma) and ``mmpretrain.GaussianBlur``, in
            this order and each at most once, perhaps within a
            ``RandomApply``.

    Raises:
        UserError: If the device knows no such transform.
    """

    def __init__(self, transforms: Sequence[dict]) -> None:
        self.transforms = [TRANSFORMS.build(dict(t)) for t in transforms]
        kinds = [self._kind(inner) for outer in self.transforms
                 for inner in _unpacked(outer)]
        if kinds != sorted(set(kinds)):
            raise UserError(
                'DrawColour: the device has a colour jitter, then grey, then a '
                'blur, each once; got '
                f'{[type(t).__name__ for t in self.transforms]}; change the '
                'order, or take the CPU pipeline')

    def transform(self, results: dict) -> dict:
        """Add the changes of colour to the window.

        Args:
            results (dict): Result dict with ``window``.

        Returns:
            dict: The same dict.
        """
        steps: list[tuple[int, str, float]] = []
        for outer in self.transforms:
            if isinstance(outer, RandomApply) and not outer.random_apply():
                continue
            for inner in _unpacked(outer):
                steps += _draw(inner)
        results['window'] = dataclasses.replace(
            results['window'], colour=ColourDraw(tuple(steps)))
        return results

    @staticmethod
    def _kind(transform: BaseTransform) -> int:
        """Slot of a transform that the device knows."""
        # Here: label runs import this module, and mmpretrain takes seconds.
        from mmpretrain.datasets.transforms import ColorJitter, GaussianBlur
        if isinstance(transform, ColorJitter):
            if transform.backend == 'cv2':
                return 0
            reason = (f"ColorJitter with backend='{transform.backend}'; set "
                      "backend='cv2'")
        elif isinstance(transform, RandomGrayscale):
            weights = np.array(transform.channel_weights, dtype=float)
            if (transform.prob == 1 and transform.keep_channels
                    and transform.color_format == 'bgr'
                    and np.allclose(weights / weights.sum(), LUMA)):
                return GREY_SLOT
            reason = (f'{transform}; set prob=1.0 (within a RandomApply), '
                      f'keep_channels=True and channel_weights={LUMA}')
        elif isinstance(transform, GaussianBlur):
            return BLUR_SLOT
        else:
            reason = (f'{type(transform).__name__}; take the CPU pipeline for '
                      'it')
        raise UserError(f'DrawColour: the device does not know {reason}')

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(transforms={self.transforms})'


def _unpacked(transform: BaseTransform) -> list[BaseTransform]:
    """A transform, or those of a ``RandomApply``."""
    if isinstance(transform, RandomApply):
        return list(transform)
    return [transform]


def _draw(transform: BaseTransform) -> list[tuple[int, str, float]]:
    """Steps of one transform, drawn as it draws them itself."""
    if hasattr(transform, '_rand_params'):
        order, *values = transform._rand_params()
        return [(slot, _JITTERS[index],
                 _hue_shift(values[index]) if index == 3 else values[index])
                for slot, index in enumerate(order)
                if values[index] is not None]
    if isinstance(transform, RandomGrayscale):
        # random() < 1 always, but the number must be taken all the same.
        transform._random_prob()
        return [(GREY_SLOT, 'grey', 0.0)]
    if transform.random_disable():
        return []
    sigma = transform.radius
    if sigma is None:
        sigma = transform.random_magnitude()
    return [(BLUR_SLOT, 'blur', box_radius(sigma))]


def _hue_shift(turn: float) -> float:
    """Shift of an 8-bit hue, in [0, 256): towards 0, as mmcv rounds."""
    return float(int(turn * 255) % 256)

"""Box expansion: how much of the surroundings a crop shows (paper 3.1)."""


import numpy as np
from mmcv.transforms import BaseTransform
from mmcv.transforms.utils import cache_randomness

from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.structures.crop import expand_bbox
from mmdet_mal.utils.setting_error import SettingError

Rates = tuple[float, float, float, float]


@TRANSFORMS.register_module()
class RandomBoxExpansion(BaseTransform):
    """Draw the window of a training crop around its box (paper 3.1).

    Required Keys:

    - bbox (np.ndarray, shape (4,), xyxy in image pixels)

    Added Keys:

    - crop_window (np.ndarray, shape (4,), int64, xyxy; may overhang)

    Args:
        max_rate (float): Largest sum of the rates of two opposite sides, in
            halves of the box size; at least 0.  The paper's theta; 1.2 makes
            a crop at most 1.6 boxes wide.  Defaults to 1.2.
        rule (str): How the rates are drawn.  'paper': per axis theta ~
            U[0, max_rate], beta ~ U[0, theta], and the sides get beta and
            theta - beta.  'independent', what the released code does: each
            side gets its own U[0, max_rate] times a gate, g ~ U[0, 1] on one
            side of an axis and 1 - g on the other.  Defaults to 'paper'.

    Raises:
        ValueError: If the rule is unknown or ``max_rate`` is negative.
    """

    def __init__(self, max_rate: float = 1.2, rule: str = 'paper') -> None:
        if rule not in ('paper', 'independent'):
            raise SettingError("rule must be 'paper' or 'independent' (for a "
                               f"fixed rate use FixedBoxExpansion), got '{rule}'")
        if not max_rate >= 0:
            raise SettingError(f'max_rate must be >= 0, got {max_rate}')
        self.max_rate = max_rate
        self.rule = rule

    @cache_randomness
    def _draw_rates(self) -> Rates:
        """Draw (left, top, right, bottom)."""
        if self.rule == 'paper':
            theta = np.random.uniform(0, self.max_rate, size=2)
            low = np.random.uniform(0, 1, size=2) * theta
            high = theta - low
        else:
            gate = np.random.uniform(0, 1, size=2)
            low, high = np.random.uniform(0, self.max_rate, size=(2, 2))
            low, high = gate * low, (1 - gate) * high
        return low[0], low[1], high[0], high[1]

    def transform(self, results: dict) -> dict:
        """Add ``crop_window``.

        Args:
            results (dict): Result dict with ``bbox``.

        Returns:
            dict: The same dict.
        """
        results['crop_window'] = expand_bbox(results['bbox'],
                                             self._draw_rates())
        return results

    def __repr__(self) -> str:
        return (f'{self.__class__.__name__}(max_rate={self.max_rate}, '
                f"rule='{self.rule}')")


@TRANSFORMS.register_module()
class FixedBoxExpansion(BaseTransform):
    """Give the crop the same surroundings on every side, for labelling.

    Required Keys:

    - bbox (np.ndarray, shape (4,), xyxy in image pixels)

    Added Keys:

    - crop_window (np.ndarray, shape (4,), int64, xyxy; may overhang)

    Args:
        rate (float): Expansion of each side in halves of the box size; at
            least 0.  Defaults to .3, the middle of what the default of
            :class:`RandomBoxExpansion` shows in training.
    """

    def __init__(self, rate: float = .3) -> None:
        if not rate >= 0:
            raise SettingError(f'rate must be >= 0, got {rate}')
        self.rate = rate

    def transform(self, results: dict) -> dict:
        """Add ``crop_window``.

        Args:
            results (dict): Result dict with ``bbox``.

        Returns:
            dict: The same dict.
        """
        results['crop_window'] = expand_bbox(results['bbox'], (self.rate, ) * 4)
        return results

    def __repr__(self) -> str:
        return f'{self.__class__.__name__}(rate={self.rate})'

"""One regression from the features of a mask to its expected IoU."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

_LISTS = ('means', 'scales', 'weights', 'lows', 'highs')


@dataclasses.dataclass(frozen=True)
class QualityVariant:
    """A linear regression and a monotone curve behind it.

    Attributes:
        features: names of the features, k of them.
        means: of the features where it was fitted, (k,).
        scales: their standard deviations, (k,), positive.
        weights: of the standardised features, (k,).
        bias: what is predicted at the means.
        lows: features are clipped to what was seen where it was fitted, (k,):
            on other photographs a line drawn further would say anything.
        highs: likewise.
        knots: the curve, (m, 2) with m >= 2: what the line predicts,
            ascending, and the IoU that it means, not descending, in [0, 1].
    """

    features: tuple[str, ...]
    means: np.ndarray
    scales: np.ndarray
    weights: np.ndarray
    bias: float
    lows: np.ndarray
    highs: np.ndarray
    knots: np.ndarray

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> 'QualityVariant':
        """Build it from plain JSON values and check them.

        Raises:
            ValueError: what is wrong, in a few words.
        """
        try:
            features = tuple(content['features'])
            lists = {key: np.asarray(content[key], np.float64) for key in _LISTS}
            bias = float(content['bias'])
            knots = np.asarray(content['knots'], np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f'{type(error).__name__}: {error}') from None
        if not features or not all(isinstance(name, str) for name in features):
            raise ValueError('features is no list of names')
        for key, values in lists.items():
            if values.shape != (len(features), ) or not np.isfinite(values).all():
                raise ValueError(f'{key} is not one finite number a feature')
        if not (lists['scales'] > 0).all():
            raise ValueError('scales are not all positive')
        if not (lists['lows'] <= lists['highs']).all() or not np.isfinite(bias):
            raise ValueError('lows are above highs, or bias is no number')
        if knots.ndim != 2 or knots.shape[1] != 2 or len(knots) < 2:
            raise ValueError('knots are not two or more pairs')
        steps = np.diff(knots, axis=0)
        if (not np.isfinite(knots).all() or not (steps[:, 0] > 0).all()
                or not (steps[:, 1] >= 0).all()
                or knots[0, 1] < 0 or knots[-1, 1] > 1):
            raise ValueError('knots do not ascend within [0, 1]')
        return cls(features=features, bias=bias, knots=knots, **lists)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values from which :meth:`from_json` builds it."""
        return dict(features=list(self.features), bias=self.bias,
                    **{key: getattr(self, key).tolist() for key in _LISTS},
                    knots=self.knots.tolist())

    def line(self, values: np.ndarray) -> np.ndarray:
        """Predict without the curve.

        Args:
            values: (n, k) float, features in the order of ``features``.

        Returns:
            (n,) float64, unbounded.
        """
        clipped = np.clip(np.asarray(values, np.float64), self.lows, self.highs)
        scaled = (clipped - self.means) / self.scales
        # A sum, not a matrix product: it does not depend on n.
        return (scaled * self.weights).sum(axis=1) + self.bias

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Predict the IoU.

        Args:
            values: as in :meth:`line`.

        Returns:
            (n,) float64 in [0, 1].
        """
        return np.interp(self.line(values), self.knots[:, 0], self.knots[:, 1])

"""One scale for masks of any origin."""

import json
import os
from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np

from mmdet_mal.quality.variant import QualityVariant
from mmdet_mal.utils.errors import UserError

from .agreement import SHARED
from .components import OWN

_SHIPPED = 'scales'


class MaskScorer:
    """Expected IoU of candidates from what picture and box say of them.

    Args:
        content: ``variant`` is a :class:`~mmdet_mal.quality.variant.\
QualityVariant` as JSON; the rest says what it was fitted on.

    Raises:
        UserError: if it is none.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        try:
            self.variant = QualityVariant.from_json(content['variant'])
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f'the scale is broken: {error}; fit it anew with '
                            'tools/analysis/fit_best_of.py') from None
        unknown = set(self.variant.features) - {*OWN, *SHARED}
        if unknown:
            raise UserError(f'the scale wants {", ".join(sorted(unknown))}, '
                            'which this version does not measure; fit it anew '
                            'with tools/analysis/fit_best_of.py')
        self.details = {key: value for key, value in content.items()
                        if key != 'variant'}

    @classmethod
    def load(cls, source: str) -> 'MaskScorer':
        """Read a scale.

        Args:
            source: path of a JSON file, or the name of a shipped one.

        Raises:
            UserError: if it is absent or broken.
        """
        path: Any = source
        if not os.path.isfile(source):
            path = resources.files(__package__).joinpath(_SHIPPED,
                                                         f'{source}.json')
            if os.sep in source or not path.is_file():
                raise UserError(
                    f'{source}: no such scale, neither a file nor one of the '
                    f'shipped: {", ".join(shipped_scales())}')
        try:
            with path.open(encoding='utf-8') if hasattr(path, 'open') else open(
                    path, encoding='utf-8') as file:
                return cls(json.load(file))
        except (OSError, ValueError) as error:
            raise UserError(f'{source}: cannot be read as a scale '
                            f'({error})') from None

    def __call__(self, components: Mapping[str, np.ndarray]) -> np.ndarray:
        """Score candidates.

        Args:
            components: (K,) each, by name.

        Returns:
            (K,) in [0, 1]: the IoU with a human mask that may be expected.
        """
        return self.variant.predict(self.matrix(components))

    def matrix(self, components: Mapping[str, np.ndarray]) -> np.ndarray:
        """Components as (K, k) in the order of the regression."""
        return np.stack([components[name] for name in self.variant.features],
                        axis=1)


def shipped_scales() -> list[str]:
    """Names of the scales that come with the package."""
    folder = resources.files(__package__).joinpath(_SHIPPED)
    return sorted(entry.name.removesuffix('.json') for entry in folder.iterdir()
                  if entry.name.endswith('.json')) if folder.is_dir() else []

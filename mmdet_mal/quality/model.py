"""A calibration: which IoU the components of a mask let one expect."""

import json
import os
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any

from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.utils.errors import UserError

from .variant import QualityVariant

FORMAT = 1
_SHIPPED = 'calibrations'


class CalibrationError(UserError):
    """A calibration is absent, broken, or wants what the labeller lacks."""


class QualityModel:
    """Regressions for labellers with more and with fewer components.

    Args:
        variants: the more features, the earlier; the first whose features are
            all there is used.
        details: further keys of the file for people: what it was fitted on,
            how well it did by cross-validation.
        name: of the file, for messages.

    Raises:
        ValueError: without variants.
    """

    def __init__(self, variants: Sequence[QualityVariant],
                 details: Mapping[str, Any] | None = None,
                 name: str = 'the calibration') -> None:
        if not variants:
            raise ValueError('a calibration needs at least one variant')
        self.variants = tuple(
            sorted(variants, key=lambda variant: -len(variant.features)))
        self.details = dict(details or {})
        self.name = name

    @classmethod
    def load(cls, source: str | Mapping[str, Any]) -> 'QualityModel':
        """Read a calibration.

        Args:
            source: path of a JSON file, the name of a shipped one such as
                ``'coco_mini'``, or its content.

        Raises:
            CalibrationError: if it is absent or not of this form.
        """
        if isinstance(source, Mapping):
            return cls._from_json(source, 'the calibration')
        return cls._from_json(_read(source), source)

    @classmethod
    def _from_json(cls, content: Any, name: str) -> 'QualityModel':
        found = content.get('format') if isinstance(content, Mapping) else None
        if found != FORMAT:
            raise CalibrationError(
                f'{name}: is no calibration of format {FORMAT} (found format '
                f'{found!r}); make one with tools/analysis/fit_quality.py')
        variants = content.get('variants')
        if not isinstance(variants, Sequence) or not variants:
            raise CalibrationError(f"{name}: has no list 'variants'; make it anew "
                                   'with tools/analysis/fit_quality.py')
        built = []
        for number, variant in enumerate(variants):
            try:
                built.append(QualityVariant.from_json(variant))
            except ValueError as error:
                raise CalibrationError(
                    f'{name}: variant {number} cannot be used ({error}); make '
                    'it anew with tools/analysis/fit_quality.py') from None
        details = {key: value for key, value in content.items()
                   if key not in ('format', 'variants')}
        return cls(built, details, name)

    def to_json(self) -> dict[str, Any]:
        """Return the file's content."""
        return dict(format=FORMAT, **self.details,
                    variants=[v.to_json() for v in self.variants])

    def save(self, path: str) -> None:
        """Write the file.

        Raises:
            UserError: if it cannot be written.
        """
        check_writable(path, 'the calibration')
        with write_then_rename(path) as file:
            json.dump(self.to_json(), file, indent=1)
            file.write('\n')

    def variant_for(self, features: Mapping[str, Any]) -> QualityVariant:
        """Choose the first variant whose features are all there.

        Raises:
            CalibrationError: if there is none.
        """
        for variant in self.variants:
            if all(name in features for name in variant.features):
                return variant
        smallest = self.variants[-1]
        missing = [n for n in smallest.features if n not in features]
        raise CalibrationError(
            f"{self.name}: needs {', '.join(missing)}, which this labeller does "
            'not give; leave the calibration out, or fit one for its masks with '
            'tools/analysis/fit_quality.py')

    def predict(self, features: Mapping[str, float]) -> float:
        """Predict the IoU of one mask with the human's.

        Args:
            features: as :func:`.quality_features.quality_features` gives them.

        Returns:
            In [0, 1].

        Raises:
            CalibrationError: if features are missing.
        """
        variant = self.variant_for(features)
        row = [features[name] for name in variant.features]
        return float(variant.predict([row])[0])


def shipped_calibrations() -> list[str]:
    """Name the calibrations that come with the package."""
    folder = resources.files(__package__).joinpath(_SHIPPED)
    return sorted(entry.name.removesuffix('.json') for entry in folder.iterdir()
                  if entry.name.endswith('.json')) if folder.is_dir() else []


def _read(source: str) -> Any:
    """Read the JSON of a path or of a shipped name."""
    path = source
    if source in shipped_calibrations():
        path = resources.files(__package__).joinpath(_SHIPPED, f'{source}.json')
    elif not os.path.isfile(source):
        raise CalibrationError(
            f'{source}: no such calibration file, nor one of the shipped: '
            f"{', '.join(shipped_calibrations())}")
    try:
        with open(path, encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise CalibrationError(f'{source}: cannot be read as a calibration '
                               f'({error})') from None

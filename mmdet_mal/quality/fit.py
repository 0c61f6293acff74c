"""Fits a calibration to masks that have human ones beside them."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.linalg import solve
from scipy.optimize import isotonic_regression

from mmdet_mal.version import __version__

from .features import ALWAYS, OPTIONAL, feature_names
from .model import CalibrationError, QualityModel
from .report import score_report
from .table import QualityTable
from .variant import QualityVariant

RIDGE = 3.
FOLDS = 5
# Times that the folds are drawn: one drawing moves Spearman by about .01.
REPEATS = 4
# The curve has at most so many knots; fewer boxes a bin would follow noise.
_BINS = 20
_MIN_BOXES = 100
# Features are clipped to all but this share of each end of what was seen.
_TAIL = .01
_DIGITS = 7


def fit_quality(table: QualityTable, leave_out: Sequence[str] = (),
                ridge: float = RIDGE) -> QualityModel:
    """Fit a calibration, and a smaller one for each lack of a component.

    Args:
        table: masks with their true IoUs.
        leave_out: optional components that are not used though they are there.
        ridge: weight of the squared weights, in boxes; not negative.

    Returns:
        The calibration; ``details`` hold what it was fitted on and how well it
        does by cross-validation.

    Raises:
        CalibrationError: with fewer than 100 masks or 5 images.
    """
    _require_enough(table)
    optional = [name for name in OPTIONAL
                if name in table.features and name not in leave_out]
    variants = [
        fit_variant(table, feature_names({*ALWAYS, *chosen}), ridge=ridge)
        for count in range(len(optional), -1, -1)
        for chosen in combinations(optional, count)]
    predictions = cross_validate(table, variants[0].features, ridge)
    report = score_report(predictions.ravel(),
                          np.tile(table.ious, len(predictions)))
    return QualityModel(variants, dict(
        version=__version__, predicts='IoU with the human mask', ridge=ridge,
        fitted_on=list(table.sources),
        cross_validation=dict(folds=FOLDS, repeats=REPEATS, **report)))


def cross_validate(table: QualityTable, features: Sequence[str],
                   ridge: float = RIDGE) -> np.ndarray:
    """Predict each mask by a fit that has not seen its image.

    Args:
        table: masks with their true IoUs.
        features: names of those that are used.
        ridge: as in :func:`fit_quality`.

    Returns:
        (REPEATS, n) float64, IoUs predicted.

    Raises:
        CalibrationError: as :func:`fit_quality`.
    """
    _require_enough(table)
    predictions = np.empty((REPEATS, len(table)))
    values = table.matrix(features)
    num_images = int(table.images.max()) + 1
    for repeat, row in enumerate(predictions):
        order = np.random.default_rng(repeat).permutation(num_images)
        fold = (order % FOLDS)[table.images]
        for number in range(FOLDS):
            held = fold == number
            fitted = fit_variant(table, features, ~held, ridge)
            row[held] = fitted.predict(values[held])
    return predictions


def fit_variant(table: QualityTable, features: Sequence[str],
                rows: np.ndarray | None = None,
                ridge: float = RIDGE) -> QualityVariant:
    """Ridge regression of the IoU, and isotonic regression behind it.

    Args:
        table: masks with their true IoUs.
        features: names of those that are used.
        rows: (n,) bool, which masks are used; all by default.
        ridge: as in :func:`fit_quality`.
    """
    chosen = slice(None) if rows is None else rows
    values, ious = table.matrix(features)[chosen], table.ious[chosen]
    lows, highs = (_short(np.quantile(values, share, axis=0))
                   for share in (_TAIL, 1 - _TAIL))
    values = np.clip(values, lows, highs)
    means, scales = values.mean(axis=0), values.std(axis=0)
    # A feature that never changes gets the weight 0.
    scales = np.where(scales > 1e-9, scales, 1.)
    scaled = (values - means) / scales
    bias = ious.mean()
    weights = solve(scaled.T @ scaled + ridge * np.eye(len(features)),
                    scaled.T @ (ious - bias), assume_a='sym')
    line = QualityVariant(
        features=tuple(features), means=_short(means), scales=_short(scales),
        weights=_short(weights), bias=float(_short(bias)),
        lows=lows, highs=highs,
        knots=np.array([[0., 0.], [1., 1.]]))
    return QualityVariant(**{**vars(line),
                             'knots': fit_knots(line.line(values), ious)})


def fit_knots(line: np.ndarray, ious: np.ndarray) -> np.ndarray:
    """Fit the monotone curve from a line's predictions to IoUs.

    Bins of equally many masks are joined until their mean IoU ascends; between
    their means the curve is straight, and beyond the first and the last it
    has the slope 1 down to 0 and up to 1, so that no two masks tie.

    Args:
        line: (n,) predictions, n at least 1.
        ious: (n,) in [0, 1].

    Returns:
        (m, 2), see :class:`.QualityVariant`.
    """
    order = np.argsort(line, kind='stable')
    bins = [part for part in np.array_split(order, _BINS) if len(part)]
    weights = np.array([len(part) for part in bins], float)
    x = np.array([line[part].mean() for part in bins])
    y = np.array([ious[part].mean() for part in bins])
    blocks = isotonic_regression(y, weights=weights).blocks
    total = np.add.reduceat(weights, blocks[:-1])
    x = np.add.reduceat(weights * x, blocks[:-1]) / total
    y = np.add.reduceat(weights * y, blocks[:-1]) / total
    knots = np.stack([x, y], axis=1)
    first, last = knots[0], knots[-1]
    knots = np.concatenate([
        [[first[0] - first[1], 0.]], knots, [[last[0] + 1 - last[1], 1.]]])
    knots = _short(knots)
    # Of knots that fall together after rounding, the first stays.
    return knots[np.r_[True, np.diff(knots[:, 0]) > 0]]


def _require_enough(table: QualityTable) -> None:
    num_images = int(table.images.max()) + 1
    if len(table) < _MIN_BOXES or num_images < FOLDS:
        raise CalibrationError(
            f'{len(table)} masks of {num_images} images are too few to fit a '
            f'calibration: it takes {_MIN_BOXES} masks of {FOLDS} images')


def _short(values: np.ndarray | float) -> np.ndarray:
    """Round to seven digits after the point: what is used is what is saved."""
    return np.round(values, _DIGITS)

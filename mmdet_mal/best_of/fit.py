"""Fits the common scale on boxes that have human masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import minimize

from mmdet_mal.quality.fit import fit_knots
from mmdet_mal.quality.variant import QualityVariant
from mmdet_mal.utils.errors import UserError
from mmdet_mal.version import __version__

from .agreement import SHARED
from .components import AGAINST, OWN

FEATURES = (*OWN, *SHARED)
RIDGE = 30.
# Difference of two scores at which the better one gets 2.7 times the share.
SOFTNESS = .02
# Of each weight, where the search begins.
START = .01
FOLDS = 5
_MIN_BOXES = 100
# Components are clipped to all but this share of each end of what was seen.
_TAIL = .01
_DIGITS = 7


@dataclass(frozen=True)
class ScaleTable:
    """Candidates with their true IoUs: n boxes with the same K sources.

    Attributes:
        components: (n, K, k), in the order of :data:`FEATURES`.
        ious: (n, K) IoU with the human mask.
        images: (n,) equal for boxes of one image.
    """

    components: np.ndarray
    ious: np.ndarray
    images: np.ndarray


def fit_scale(tables: Sequence[ScaleTable],
              ridge: float = RIDGE) -> QualityVariant:
    """Fit the scale: a line that tells candidates of one box apart.

    The weights give the best soft choice: candidates are kept by shares, the
    softmax of their scores over :data:`SOFTNESS`, and the mean IoU of what is
    kept is made as large as it gets.  Which box is easy does not matter.  Each
    weight keeps the sign that its component must have, whoever made the
    masks: without that the scale learns the habits of the sources it was fitted
    on.  A monotone curve then turns the line into the IoU to expect.

    Args:
        tables: one a set of sources; boxes may be in several.
        ridge: weight of the squared weights, in boxes.

    Raises:
        UserError: with fewer than 100 boxes.
    """
    if sum(len(table.ious) for table in tables) < _MIN_BOXES:
        raise UserError(f'a scale takes {_MIN_BOXES} boxes with human masks')
    width = tables[0].components.shape[-1]
    flat = np.concatenate([t.components.reshape(-1, width) for t in tables])
    lows, highs = (np.round(np.quantile(flat, share, axis=0), _DIGITS)
                   for share in (_TAIL, 1 - _TAIL))
    flat = np.clip(flat, lows, highs)
    means, scales = flat.mean(axis=0), flat.std(axis=0)
    scales = np.where(scales > 1e-9, scales, 1.)
    apart = [(np.clip(t.components, lows, highs) - means) / scales for t in tables]
    weights = _best_choice(apart, [t.ious for t in tables], ridge)
    ious = np.concatenate([t.ious.reshape(-1) for t in tables])
    line = QualityVariant(
        features=FEATURES, means=np.round(means, _DIGITS),
        scales=np.round(scales, _DIGITS),
        weights=np.round(weights, _DIGITS),
        bias=float(np.round(ious.mean(), _DIGITS)), lows=lows, highs=highs,
        knots=np.array([[0., 0.], [1., 1.]]))
    return QualityVariant(**{**vars(line), 'knots': _strict(
        fit_knots(line.line(flat), ious))})


def cross_validate(tables: Sequence[ScaleTable],
                   ridge: float = RIDGE) -> list[np.ndarray]:
    """Lines of each table by fits that have not seen the box's image, (n, K)."""
    images = np.unique(np.concatenate([t.images for t in tables]))
    fold_of = dict(zip(images.tolist(), (np.random.default_rng(0).permutation(
        len(images)) % FOLDS).tolist(), strict=True))
    folds = [np.array([fold_of[i] for i in t.images.tolist()]) for t in tables]
    lines = [np.zeros(t.ious.shape) for t in tables]
    for number in range(FOLDS):
        fitted = fit_scale([_rows(t, fold != number)
                            for t, fold in zip(tables, folds, strict=True)], ridge)
        for table, fold, line in zip(tables, folds, lines, strict=True):
            held = table.components[fold == number]
            line[fold == number] = fitted.line(
                held.reshape(-1, held.shape[-1])).reshape(held.shape[:2])
    return lines


def choice_report(lines: np.ndarray, ious: np.ndarray,
                  names: Sequence[str]) -> dict:
    """How far a choice goes from the best single source to the oracle.

    Args:
        lines: (n, K) scores.
        ious: (n, K) true IoUs.
        names: of the K sources.

    Returns:
        Mean IoU by source, of the ``choice`` and of the ``oracle``; ``share``
        of the way from the best single source to the oracle, None if there is
        no way to go; ``kept``: boxes by source.
    """
    picked = lines.argmax(axis=1)
    chosen = float(ious[np.arange(len(ious)), picked].mean())
    means, oracle = ious.mean(axis=0), float(ious.max(axis=1).mean())
    way = oracle - float(means.max())
    return dict(
        boxes=len(ious),
        sources={n: round(float(m), 4) for n, m in zip(names, means, strict=True)},
        choice=round(chosen, 4), oracle=round(oracle, 4),
        share=round((chosen - float(means.max())) / way, 3) if way > 1e-9 else None,
        kept={n: int((picked == i).sum()) for i, n in enumerate(names)})


def report_table(report: Sequence[Mapping]) -> list[list[str]]:
    """Reports as rows, the first of them the heading.

    Args:
        report: of :func:`choice_report`, one a set of sources.
    """
    rows = [['sources', 'choice', 'oracle', 'share', 'kept']]
    for entry in report:
        share = entry['share']
        rows.append([
            ', '.join(f'{k} {v:.3f}' for k, v in entry['sources'].items()),
            f"{entry['choice']:.3f}", f"{entry['oracle']:.3f}",
            '-' if share is None else f'{share:+.2f}',
            ', '.join(f'{k} {v}' for k, v in entry['kept'].items())])
    return rows


def subsets(count: int) -> list[tuple[int, ...]]:
    """All sets of two or more of so many sources, larger ones first."""
    return [chosen for size in range(count, 1, -1)
            for chosen in combinations(range(count), size)]


def scale_json(variant: QualityVariant, fitted_on: list, report: list) -> dict:
    """The content of a scale's file."""
    return dict(version=__version__, predicts='IoU with the human mask',
                fitted_on=fitted_on, cross_validation=report,
                variant=variant.to_json())


def _best_choice(components: Sequence[np.ndarray],
                 ious: Sequence[np.ndarray], ridge: float) -> np.ndarray:
    """Weights, with the signs of their components, of the best soft choice."""
    signs = np.array([-1. if name in AGAINST else 1. for name in FEATURES])
    boxes = sum(map(len, ious))

    def cost(size: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = 0., np.zeros(len(size))
        for values, gains in zip(components, ious, strict=True):
            line = values @ (size * signs) / SOFTNESS
            share = np.exp(line - line.max(axis=1, keepdims=True))
            share /= share.sum(axis=1, keepdims=True)
            mean = (share * gains).sum(axis=1, keepdims=True)
            value -= mean.sum()
            slope -= np.einsum('nk,nkj->j', share * (gains - mean),
                               values) * signs / SOFTNESS
        return (value / boxes + ridge / boxes * size @ size,
                slope / boxes + 2 * ridge / boxes * size)

    start = np.full(len(FEATURES), START)
    found = minimize(cost, start, jac=True, method='L-BFGS-B',
                     bounds=[(0, None)] * len(start))
    return found.x * signs


def _rows(table: ScaleTable, rows: np.ndarray) -> ScaleTable:
    return ScaleTable(table.components[rows], table.ious[rows], table.images[rows])


def _strict(knots: np.ndarray) -> np.ndarray:
    """Make the curve ascend everywhere, so that no two candidates tie."""
    rise = np.arange(len(knots)) * 1e-4
    values = np.clip(knots[:, 1] + rise - rise[-1] * knots[:, 1], 0, 1)
    return np.stack([knots[:, 0], np.round(values, _DIGITS)], axis=1)

"""How well a score tells good masks from bad ones, in numbers."""

import math
from typing import Any

import numpy as np
from scipy.stats import spearmanr

DROPPED_SHARES = (.1, .2, .3)
CURVE_BINS = 10


def score_report(scores: np.ndarray, ious: np.ndarray) -> dict[str, Any]:
    """Compare scores with true IoUs.

    Args:
        scores: (n,) float, n at least 1.
        ious: (n,) in [0, 1].

    Returns:
        Plain JSON values, rounded to four digits:

        * ``spearman``: rank correlation; None if it is not defined, as for
          one mask or equal scores;
        * ``mean_iou``; ``gains``: by how much it rises when the worst 10, 20,
          30 % by score are dropped, and ``best_gains``, when the worst by IoU
          are, which no score can beat;
        * ``mean_error``: mean absolute difference of score and IoU;
        * ``curve``: bins of equally many masks by ascending score, each with
          ``masks``, mean ``score`` and mean ``iou``; ``curve_error``: mean
          absolute difference of the two over the bins.
    """
    scores, ious = np.asarray(scores, float), np.asarray(ious, float)
    spearman = math.nan
    if len(ious) > 1 and np.ptp(scores) > 0 and np.ptp(ious) > 0:
        spearman = float(spearmanr(scores, ious)[0])
    order = np.argsort(scores, kind='stable')
    bins = [part for part in np.array_split(order, CURVE_BINS) if len(part)]
    curve = [dict(masks=len(part), score=_short(scores[part].mean()),
                  iou=_short(ious[part].mean())) for part in bins]
    gaps = [abs(scores[part].mean() - ious[part].mean()) for part in bins]
    sizes = [len(part) for part in bins]
    return dict(
        masks=len(ious), spearman=_short(spearman), mean_iou=_short(ious.mean()),
        gains=_gains(ious, order), best_gains=_gains(ious, np.argsort(ious)),
        mean_error=_short(np.abs(scores - ious).mean()),
        curve_error=_short(np.average(gaps, weights=sizes)), curve=curve)


def report_row(name: str, report: dict[str, Any]) -> list[str]:
    """One row of a table, see :func:`report_head`.

    Args:
        name: what it is the report of.
        report: as :func:`score_report` returns it.
    """
    spearman = report['spearman']
    return [name, '-' if spearman is None else f'{spearman:.3f}',
            *(f'{gain:+.3f}' for gain in report['gains'].values()),
            f"{report['mean_error']:.3f}", f"{report['curve_error']:.3f}"]


def report_head() -> list[str]:
    """The heading of a table of :func:`report_row`."""
    return ['score', 'Spearman', *(f'worst {share:.0%} dropped'
                                   for share in DROPPED_SHARES),
            'mean error', 'curve error']


def curve_rows(report: dict[str, Any]) -> list[list[str]]:
    """The calibration curve as a table."""
    return [['masks', 'mean score', 'mean IoU'],
            *([str(part['masks']), f"{part['score']:.3f}", f"{part['iou']:.3f}"]
              for part in report['curve'])]


def _gains(ious: np.ndarray, order: np.ndarray) -> dict[str, float]:
    """Rise of the mean IoU without the first masks of an order."""
    return {f'{share:.0%}': _short(
        ious[order[int(share * len(ious)):]].mean() - ious.mean())
            for share in DROPPED_SHARES}


def _short(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None

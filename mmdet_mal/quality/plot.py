"""The calibration curve as a picture."""

from typing import Any

import numpy as np

from mmdet_mal.visualization.figures import new_figure, write_figure


def write_curve(path: str, report: dict[str, Any], scores: np.ndarray,
                ious: np.ndarray) -> None:
    """Draw mean IoU over mean score, every mask as a dot behind it.

    Args:
        path: of the PNG.
        report: as :func:`.quality_report.score_report` returns it.
        scores: (n,) in [0, 1].
        ious: (n,) in [0, 1].

    Raises:
        UserError: it cannot be written.
    """
    figure = new_figure(5, 5)
    axes = figure.subplots()
    axes.scatter(scores, ious, s=3, alpha=.25, linewidths=0)
    axes.plot([0, 1], [0, 1], color='grey', linewidth=1)
    axes.plot([part['score'] for part in report['curve']],
              [part['iou'] for part in report['curve']], marker='o')
    axes.set(xlabel='score', ylabel='IoU with the human mask', xlim=(0, 1),
             ylim=(0, 1), title=f"Spearman {report['spearman'] or 0:.3f}")
    write_figure(figure, path)

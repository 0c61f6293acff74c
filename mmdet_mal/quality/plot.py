"""The calibration curve as a picture."""

import io
from typing import Any

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmdet_mal.visualization.grid import write_png

_DPI = 110


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
    # No pyplot: it keeps a global state and may look for a display.
    figure = Figure(figsize=(5, 5), dpi=_DPI, layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.scatter(scores, ious, s=3, alpha=.25, linewidths=0)
    axes.plot([0, 1], [0, 1], color='grey', linewidth=1)
    axes.plot([part['score'] for part in report['curve']],
              [part['iou'] for part in report['curve']], marker='o')
    axes.set(xlabel='score', ylabel='IoU with the human mask', xlim=(0, 1),
             ylim=(0, 1), title=f"Spearman {report['spearman'] or 0:.3f}")
    buffer = io.BytesIO()
    figure.savefig(buffer, format='png')
    write_png(path, cv2.imdecode(
        np.frombuffer(buffer.getvalue(), np.uint8), cv2.IMREAD_COLOR))

"""Retention: what a detector trained on our masks keeps of the AP that it
reaches with human masks (paper section 4.3)."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from mmdet_mal.utils.errors import UserError

# Columns of the paper's tables by the names that mmdet's metrics log, COCO's
# and LVIS's.
METRICS: dict[str, tuple[str, ...]] = {
    'AP': ('segm_mAP', 'segm_AP'),
    'AP50': ('segm_mAP_50', 'segm_AP50'),
    'AP75': ('segm_mAP_75', 'segm_AP75'),
    'APs': ('segm_mAP_s', 'segm_APs'),
    'APm': ('segm_mAP_m', 'segm_APm'),
    'APl': ('segm_mAP_l', 'segm_APl'),
}


def read_mask_ap(path: str | Path) -> dict[str, float]:
    """Mask AP from the log of an MMEngine run.

    Args:
        path (str | Path): a work folder, or one of the JSON logs in it
            (``vis_data/scalars.json`` of a training, ``<time>.json`` of a
            test).  Of a folder the newest log with mask AP counts, of a log
            its last evaluation.

    Returns:
        dict[str, float]: by key of ``METRICS``, in [0, 1]; what was not logged
        is left out, and so is COCO's -1 for sizes that do not occur.

    Raises:
        UserError: nothing there, no JSON log, or no mask AP in it.
    """
    path = Path(path)
    if not path.exists():
        raise UserError(f'{path}: no such log; give the work folder of the '
                        'training, or a .json log in it')
    logs = [path]
    if path.is_dir():
        logs = sorted(path.rglob('*.json'), key=lambda p: p.stat().st_mtime)
    found_boxes = False
    for log in reversed(logs):
        for line in reversed(_log_lines(log, strict=not path.is_dir())):
            values = {key.rpartition('/')[2]: value
                      for key, value in line.items()}
            scores = {name: _value(values, keys)
                      for name, keys in METRICS.items()}
            scores = {k: v for k, v in scores.items() if v is not None}
            if 'AP' in scores:
                return scores
            found_boxes |= any(k.startswith('bbox_') for k in values)
    why = ('only box AP: the detector has no mask branch, or its evaluator '
           "lacks metric='segm'" if found_boxes else 'no evaluation at all')
    raise UserError(f'{path}: no mask AP in the log, {why}')


def retention_rows(mal: Mapping[str, float],
                   human: Mapping[str, float]) -> list[list[str]]:
    """Cells of the paper's table: AP in percent, and what is kept.

    Args:
        mal (Mapping[str, float]): of the training on our masks, as
            :func:`read_mask_ap` returns it.
        human (Mapping[str, float]): of the same training on human masks.

    Returns:
        list[list[str]]: heading, one row a training, the retention.
    """
    names = [name for name in METRICS if name in mal and name in human]
    kept = retention(mal, human)
    return [['masks', *names],
            ['MAL', *(f'{100 * mal[name]:.1f}' for name in names)],
            ['human', *(f'{100 * human[name]:.1f}' for name in names)],
            ['retention %', *('-' if math.isnan(kept[name]) else
                              f'{100 * kept[name]:.1f}' for name in names)]]


def retention(mal: Mapping[str, float],
              human: Mapping[str, float]) -> dict[str, float]:
    """AP with our masks over AP with human masks, nan where that is 0."""
    return {name: mal[name] / human[name] if human[name] else math.nan
            for name in METRICS if name in mal and name in human}


def _value(values: Mapping, keys: tuple[str, ...]) -> float | None:
    for key in keys:
        value = values.get(key)
        if isinstance(value, (int, float)) and value >= 0:
            return float(value)
    return None


def _log_lines(path: Path, strict: bool) -> list[dict]:
    """Objects of a log, a line each, or the one object of a whole file."""
    try:
        text = path.read_text(encoding='utf-8')
        lines = []
        for line in text.splitlines():
            if line.strip():
                lines.append(json.loads(line))
    except (OSError, ValueError):
        try:
            lines = [json.loads(text)]
        except (ValueError, UnboundLocalError):
            lines = None
    if lines is None or not all(isinstance(line, dict) for line in lines):
        if strict:
            raise UserError(f'{path}: is no JSON log of MMEngine; give '
                            'vis_data/scalars.json or the work folder')
        return []
    return lines

"""Retention: what a detector trained on our masks keeps of the AP that it
reaches with human masks (paper section 4.3)."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
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

# Of a log for people: 'Epoch(val) [12][5000/5000]    coco/segm_mAP: 0.3500 …'
_TEXT_METRIC = re.compile(
    r'(\w+/(?:bbox|segm)_m?AP\w*): (-?\d+(?:\.\d+)?(?:e-?\d+)?)')
_TEXT_EPOCH = re.compile(r'Epoch\((?:val|test)\)\s+\[(\d+)\]\[')


@dataclass(frozen=True)
class FoundAP:
    """Mask AP of one evaluation.

    Attributes:
        scores: by key of ``METRICS``, in [0, 1]; what was not logged is left
            out, and so is COCO's -1 for sizes that do not occur.
        log: the file that it was found in.
        kind: what stands before the metrics, such as ``'coco'`` or ``'lvis'``;
            '' if nothing does.
        step: epoch or iteration of the evaluation, None if the log has none.
    """

    scores: dict[str, float]
    log: Path
    kind: str = ''
    step: int | None = None


def read_mask_ap(path: str | Path) -> dict[str, float]:
    """Scores of :func:`find_mask_ap`."""
    return find_mask_ap(path).scores


def find_mask_ap(path: str | Path) -> FoundAP:
    """Mask AP from the log of an MMEngine run.

    Args:
        path (str | Path): a work folder, or one of the logs in it
            (``vis_data/scalars.json`` of a training, ``<time>.json`` of a
            test, ``<time>.log`` of either).  Of a folder the newest JSON log
            with mask AP counts, of a log its last evaluation.

    Returns:
        FoundAP: the scores, and where they are from.

    Raises:
        UserError: nothing there, no log, or no mask AP in it.
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
                return FoundAP(scores, log, _kind(line), _step(line))
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


def _kind(line: Mapping) -> str:
    for key in line:
        prefix, _, name = key.rpartition('/')
        if name in METRICS['AP']:
            return prefix
    return ''


def _step(line: Mapping) -> int | None:
    # Of MMDetection 2: "epoch".
    step = line.get('step', line.get('epoch'))
    return step if type(step) is int else None


def _log_lines(path: Path, strict: bool) -> list[dict]:
    """Objects of a log, a line each, or the one object of a whole file."""
    text = None
    try:
        text = path.read_text(encoding='utf-8')
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, ValueError):
        lines = _whole_or_text(text)
    if lines is None or not all(isinstance(line, dict) for line in lines):
        if strict:
            raise UserError(f'{path}: is no log of MMEngine; give '
                            'vis_data/scalars.json or the work folder')
        return []
    return lines


def _whole_or_text(text: str | None) -> list | None:
    """One object over many lines, or the evaluations of a log for people."""
    if text is None:
        return None
    try:
        return [json.loads(text)]
    except ValueError:
        pass
    lines = []
    for line in text.splitlines():
        pairs = _TEXT_METRIC.findall(line)
        if pairs:
            epoch = _TEXT_EPOCH.search(line)
            lines.append({
                **{key: float(value) for key, value in pairs},
                **({'step': int(epoch[1])} if epoch else {})})
    return lines or None

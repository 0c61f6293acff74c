"""Score a cell's masks, in this process or in one of its own.

``python -m mmdet_mal.ablation.scoring FOLDER HUMAN.json`` scores the masks of a
cell beside other cells: a process scores one after another.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmdet_mal.evaluation.mask_iou import mask_ious
from mmdet_mal.evaluation.scores import labeller_scores
from mmdet_mal.experiments.folder import write_json
from mmdet_mal.utils.json_values import without_nan
from mmdet_mal.utils.tool import run_tool

from .data import read_scored

MASKS = 'masks.json'
IOUS = 'ious.npz'
# Only between a process that scores and the one that waits for it.
SCORES = 'scores.json'


def score_masks(folder: Path, human: Mapping[str, Any]) -> dict[str, Any]:
    """Score ``masks.json``; writes ``ious.npz``, the IoU of each box.

    Args:
        folder (Path): of the cell.
        human (Mapping): COCO dictionary of the same boxes with human masks.

    Returns:
        dict[str, Any]: ``missing``, the number of boxes without a mask, and
        ``sizes``, as of :func:`labeller_scores` with null for nan.
    """
    columns = mask_ious(str(folder / MASKS), human)
    scores = labeller_scores(columns, human, worst=0)
    temporary = folder / 'ious_new.npz'
    np.savez_compressed(
        temporary, ann_ids=columns.ann_ids, image_ids=columns.image_ids,
        box_areas=columns.box_areas, ious=columns.ious)
    temporary.replace(folder / IOUS)
    return dict(missing=int(columns.missing.sum()), sizes=without_nan(scores['sizes']))


def score_command(folder: Path, human: str, number: int | None) -> list[str]:
    """The command that scores a cell and writes ``scores.json``.

    Args:
        folder (Path): of the cell.
        human (str): as ``AblationData.human``.
        number (int, optional): as ``AblationData.score_number``.
    """
    # -P: a folder mmdet_mal where we were started is not this package.
    return ['python', '-P', '-m', __name__, str(folder), human,
            *([] if number is None else ['--number', str(number)])]


def main() -> None:
    """Run the command of :func:`score_command`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path)
    parser.add_argument('human')
    parser.add_argument('--number', type=int)
    args = parser.parse_args()
    write_json(args.folder / SCORES,
               score_masks(args.folder, read_scored(args.human, args.number)))


if __name__ == '__main__':
    run_tool(main)

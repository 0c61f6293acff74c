"""Candidates beside human masks: what the scale is fitted and checked on."""

import os
import tempfile
from collections.abc import Mapping, Sequence

import numpy as np

from mmdet_mal.datasets.image_opening import open_image
from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.evaluation.mask_iou import human_rles, rle_iou
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.utils.errors import UserError

from .agreement import pair_components, pairwise_ious, summarise_pairs
from .candidates import CandidateFiles
from .components import OWN, own_components
from .fit import FEATURES, ScaleTable
from .view import view_of


def read_tables(files: Mapping[str, str], human_json: str, images: str,
                sets: Sequence[tuple[int, ...]]) -> list[ScaleTable]:
    """Measure the candidates of every box that has a human mask.

    Args:
        files: path of each masks JSON by name of its source.
        human_json: COCO JSON of the same boxes with human masks.
        images: folder, archive or address of the images.
        sets: sets of sources, as positions among the files; a table each.
            What candidates share depends on who else is there.

    Raises:
        UserError: as :class:`.candidates.CandidateFiles`; or no box of the
            files has a human mask.
    """
    truths = human_rles(human_json)
    image_dir, backend_args = image_source(images)
    own, shared, ious, of_image = [], [[] for _ in sets], [], []
    with tempfile.TemporaryDirectory(prefix='best_of_') as folder:
        candidates = CandidateFiles(files, folder)
        try:
            groups = list(candidates.by_image())
            bar = show_progress(groups, len(groups), 'measure', 'images')
            for number, (name, rows) in enumerate(bar):
                image = open_image(join_image_path(image_dir, name),
                                   f'annotation {candidates.ann_id(rows[0])}',
                                   backend_args=backend_args)
                for row in rows:
                    truth = truths.get(candidates.ann_id(row))
                    rles = [rle for rle, _ in candidates.of(row).values()]
                    if truth is None:
                        continue
                    view = view_of(image, candidates.box(row), rles)
                    found = own_components(view)
                    own.append(np.stack([found[key] for key in OWN], axis=1))
                    for part, chosen in zip(shared, sets, strict=True):
                        part.append(_shared(view, chosen))
                    ious.append([rle_iou(rle, truth) for rle in rles])
                    of_image.append(number)
        finally:
            candidates.close()
    if not own:
        raise UserError(f'{human_json}: has a human mask for none of the boxes '
                        f"of {', '.join(map(os.path.basename, files.values()))}")
    return [ScaleTable(
        np.concatenate([np.array(own)[:, chosen], np.array(part)], axis=2),
        np.array(ious)[:, chosen], np.array(of_image))
        for part, chosen in zip(shared, sets, strict=True)]


def _shared(view, chosen: tuple[int, ...]) -> np.ndarray:
    """Shared components of some of the candidates, (K, k)."""
    masks = view.masks[list(chosen)]
    part = type(view)(view.image, view.box, masks)
    vote = pairwise_ious(np.concatenate([masks, masks.mean(axis=0)[None] > .5]))
    found = summarise_pairs(pair_components(part), vote[:-1, -1])
    return np.stack([found[key] for key in FEATURES[len(OWN):]], axis=1)

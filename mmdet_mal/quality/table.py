"""Masks beside human ones: what a calibration is fitted and checked on."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.evaluation.mask_iou import human_rles, mask_ious, naming
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.utils.json_values import finite_number

from .features import ALWAYS, feature_names, quality_features
from .model import CalibrationError


@dataclasses.dataclass(frozen=True)
class QualityTable:
    """One row a mask; fallbacks, which are no masks, are left out.

    Attributes:
        ious: (n,) IoU with the human mask, in [0, 1].
        scores: (n,) ``score`` as the file has it.
        images: (n,) int64, equal for masks of one image.
        features: (n,) each, by name; only those that every mask has.
        sources: for people, a dict a pair of files: names, hash, counts.
    """

    ious: np.ndarray
    scores: np.ndarray
    images: np.ndarray
    features: Mapping[str, np.ndarray]
    sources: tuple[dict[str, Any], ...]

    def __len__(self) -> int:
        return len(self.ious)

    @classmethod
    def read(cls, masks_json: str, human_json: str) -> 'QualityTable':
        """Read a masks JSON and the human masks of the same boxes.

        Args:
            masks_json: as a label run of this package writes it.
            human_json: COCO file with the same annotation ids.

        Raises:
            CalibrationError: if the masks have no components, or no mask has
                a human one.
            AnnotationError: if a file cannot be read.
        """
        masks = load_annotation_file(masks_json)
        human = load_annotation_file(human_json)
        with naming(human_json):
            targets = human_rles(human)
        with naming(masks_json):
            columns = mask_ious(masks, human, targets)
        by_id = {ann.get('id'): ann for ann in masks['annotations']}
        rows, kept = [], []
        for row, ann_id in enumerate(columns.ann_ids.tolist()):
            ann = by_id.get(ann_id)
            if columns.missing[row] or (ann.get('mal') or {}).get('fallback'):
                continue
            rows.append(_features_of(ann, masks_json))
            kept.append(row)
        if not kept:
            raise CalibrationError(
                f'{masks_json}: none of its masks has a human one in '
                f'{human_json}; give the human masks of the same boxes')
        names = feature_names(set.intersection(*map(set, rows)))
        images = np.unique(columns.image_ids[kept], return_inverse=True)[1]
        source = dict(masks=os.path.basename(masks_json),
                      human=os.path.basename(human_json),
                      human_sha256=hash_file(human_json),
                      boxes=len(kept), images=int(images.max()) + 1)
        return cls(
            ious=columns.ious[kept],
            scores=np.array([_score_of(by_id[columns.ann_ids[row]], masks_json)
                             for row in kept]),
            images=images,
            features={n: np.array([row[n] for row in rows]) for n in names},
            sources=(source, ))

    @classmethod
    def join(cls, tables: Sequence['QualityTable']) -> 'QualityTable':
        """Put tables of different photographs together.

        Args:
            tables: at least one; images of different tables stay apart.
        """
        starts = np.cumsum([0, *(int(t.images.max()) + 1 for t in tables)])
        names = [name for name in tables[0].features
                 if all(name in table.features for table in tables)]
        return cls(
            ious=np.concatenate([t.ious for t in tables]),
            scores=np.concatenate([t.scores for t in tables]),
            images=np.concatenate(
                [t.images + s for t, s in zip(tables, starts, strict=False)]),
            features={n: np.concatenate([t.features[n] for t in tables])
                      for n in names},
            sources=tuple(s for t in tables for s in t.sources))

    def matrix(self, names: Sequence[str]) -> np.ndarray:
        """Features as (n, k) float64, in the order of the names."""
        return np.stack([self.features[name] for name in names], axis=1)


def _score_of(annotation: Mapping[str, Any], path: str) -> float:
    """The score in the file; 0 if there is none."""
    score = finite_number(annotation.get('score', 0))
    if score is None:
        raise CalibrationError(
            f"{path}: annotation {annotation.get('id')} has score "
            f"{annotation['score']!r}, expected a number; label the boxes anew")
    return score


def _features_of(annotation: Mapping[str, Any], path: str) -> dict[str, float]:
    """Features of one annotation; all of :data:`ALWAYS` must be there."""
    components = annotation.get('mal') or {}
    missing = [name for name in ALWAYS if name not in components]
    if missing:
        raise CalibrationError(
            f"{path}: annotation {annotation.get('id')} has no "
            f"{', '.join(missing)} in 'mal'; label the boxes with this version "
            'of mmdet-mal')
    return quality_features(components)

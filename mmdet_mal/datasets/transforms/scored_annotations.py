"""Scores of masks on their way through a stock pipeline.

Stock transforms drop, reorder and join instances, and know nothing of scores;
but whatever they do to instances they do to the labels, which they never look
into.  So the score rides in the upper half of the 64-bit label, from the
loading of the annotations to their packing.
"""

import numpy as np
from mmdet.datasets.transforms import LoadAnnotations, PackDetInputs

from mmdet_mal.registry import TRANSFORMS

# Steps of a score between 0 and 1; the JSON has five digits.
_STEPS = 1_000_000
_LABEL_BITS = 32


def join_scores(labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Put scores into the upper half of labels.

    Args:
        labels (np.ndarray): int64 (n,), from 0 to 2**32 - 1.
        scores (np.ndarray): float (n,), in [0, 1].

    Returns:
        np.ndarray: int64 (n,); a score of 1 leaves the label as it is.
    """
    lost = np.round((1 - np.asarray(scores, np.float64)) * _STEPS)
    return labels.astype(np.int64) | lost.astype(np.int64) << _LABEL_BITS


def split_scores(joined: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Undo :func:`join_scores`.

    Returns:
        tuple[np.ndarray, np.ndarray]: Labels int64 (n,) and scores float32
        (n,), to a millionth.
    """
    lost = (joined >> _LABEL_BITS) / _STEPS
    return joined & (2**_LABEL_BITS - 1), (1 - lost).astype(np.float32)


@TRANSFORMS.register_module()
class LoadScoredAnnotations(LoadAnnotations):
    """``mmdet.LoadAnnotations`` whose labels carry the instances' scores."""

    def _load_labels(self, results: dict) -> None:
        super()._load_labels(results)
        scores = [instance['score'] for instance in results['instances']]
        results['gt_bboxes_labels'] = join_scores(
            results['gt_bboxes_labels'], np.array(scores, np.float64))


@TRANSFORMS.register_module()
class PackScoredInputs(PackDetInputs):
    """``mmdet.PackDetInputs`` that also packs ``gt_instances.scores``.

    The labels that come out are plain again.
    """

    mapping_table = dict(PackDetInputs.mapping_table, gt_scores='scores')

    def transform(self, results: dict) -> dict:
        """Part labels and scores, then pack.

        Args:
            results (dict): With labels of :class:`LoadScoredAnnotations`.

        Returns:
            dict: ``inputs`` and ``data_samples``.
        """
        labels, scores = split_scores(results['gt_bboxes_labels'])
        results = dict(results, gt_bboxes_labels=labels, gt_scores=scores)
        return super().transform(results)

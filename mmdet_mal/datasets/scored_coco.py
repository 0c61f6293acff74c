"""Stock detection data sets that keep the score of each mask."""

from collections.abc import Sequence
from typing import Any

from mmdet.datasets import CocoDataset, LVISV1Dataset

from mmdet_mal.registry import DATASETS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.json_values import finite_number

# What carries the scores on, by what it stands in for.
_STEPS = {
    'LoadAnnotations': 'mmdet_mal.LoadScoredAnnotations',
    'PackDetInputs': 'mmdet_mal.PackScoredInputs',
}


class _ScoredInstances:
    """Adds ``score`` to the instances of a stock data set.

    The pipeline is the stock one: its loading and its packing of annotations
    are exchanged for those that carry scores.

    Args:
        pipeline (Sequence): Of the stock config.
        **kwargs: Of the stock data set.
    """

    def __init__(self, *args: Any, pipeline: Sequence = (),
                 **kwargs: Any) -> None:
        found: set[str] = set()
        pipeline = _exchange(pipeline, found)
        if found != set(_STEPS):
            raise UserError(
                f'{type(self).__name__}: the pipeline has no '
                f"{' and no '.join(sorted(set(_STEPS) - found))} of its own; "
                'give the scored data set the pipeline that loads and packs '
                'the annotations')
        super().__init__(*args, pipeline=pipeline, **kwargs)

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Parse an image's annotations as stock does, and keep their scores.

        Args:
            raw_data_info (dict): ``raw_img_info`` and ``raw_ann_info``.

        Returns:
            dict: The stock result; each of ``instances`` has ``score``, in
            [0, 1]: 1 where the annotation has none, as human masks have.

        Raises:
            UserError: If a score is no number in [0, 1].
        """
        image, anns = raw_data_info['raw_img_info'], raw_data_info['raw_ann_info']
        info = super().parse_data_info(dict(raw_img_info=image, raw_ann_info=[]))
        for ann in anns:
            # One by one: stock leaves some out, by rules of its own.
            kept = super().parse_data_info(
                dict(raw_img_info=image, raw_ann_info=[ann]))['instances']
            for instance in kept:
                instance['score'] = self._score(ann)
            info['instances'] += kept
        return info

    def _score(self, ann: dict) -> float:
        score = finite_number(ann.get('score', 1.0))
        if score is None or not 0 <= score <= 1:
            raise UserError(
                f"{self.ann_file}: annotation {ann.get('id')} has the score "
                f"{ann['score']!r}, expected a number from 0 to 1")
        return score


@DATASETS.register_module()
class ScoredCocoDataset(_ScoredInstances, CocoDataset):
    """``mmdet.CocoDataset`` whose ``gt_instances`` have ``scores``."""


@DATASETS.register_module()
class ScoredLVISV1Dataset(_ScoredInstances, LVISV1Dataset):
    """``mmdet.LVISV1Dataset`` whose ``gt_instances`` have ``scores``."""


def _exchange(steps: Any, found: set[str]) -> Any:
    """A pipeline, nested or not, with other loading and packing."""
    if isinstance(steps, list):
        return [_exchange(step, found) for step in steps]
    if isinstance(steps, tuple):  # a size, or steps: what it is, it stays
        return tuple(_exchange(step, found) for step in steps)
    if not isinstance(steps, dict):
        return steps
    changed = {key: _exchange(value, found) for key, value in steps.items()}
    kind = changed.get('type', '')
    name = getattr(kind, '__name__', str(kind)).rpartition('.')[2]
    if name in _STEPS:
        found.add(name)
        changed['type'] = _STEPS[name]
    return changed

"""IoUs by labeller as columns, in the order of the human file."""

from collections.abc import Mapping

import numpy as np

from mmdet_mal.evaluation.mask_iou import box_area, scored_annotations
from mmdet_mal.utils.errors import UserError

Columns = dict[str, np.ndarray]


def columns_of(ious: Mapping[int, Mapping[str, float]],
               human: Mapping) -> dict[str, Columns]:
    """Columns as :func:`mmdet_mal.ablation.comparison.compare` takes them.

    Args:
        ious (Mapping): IoU by annotation id and labeller.
        human (Mapping): the COCO dictionary with human masks; sizes are those
            of its boxes.

    Returns:
        dict: by labeller, (n,) arrays ``ann_ids``, ``image_ids``, ``box_areas``
        in px² and ``ious``.

    Raises:
        UserError: a box has no IoU by some labeller.
    """
    annotations = list(scored_annotations(human))
    names = list(next(iter(ious.values()), {}))
    missing = [ann['id'] for ann in annotations
               if set(ious.get(ann['id'], ())) != set(names)]
    if missing:
        raise UserError(
            f'{len(missing)} boxes were not labelled (annotation {missing[0]} is '
            "the first): they may be faulty ('mal doctor' tells); mend them or "
            'leave them out of both files')
    common = dict(
        ann_ids=np.array([ann['id'] for ann in annotations], np.int64),
        image_ids=np.array([ann['image_id'] for ann in annotations], np.int64),
        box_areas=np.array([box_area(ann) for ann in annotations], np.float64))
    return {name: dict(common, ious=np.array(
        [ious[ann['id']][name] for ann in annotations], np.float64))
        for name in names}

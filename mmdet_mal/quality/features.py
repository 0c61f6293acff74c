"""From the components of a mask's quality to the numbers that are weighed."""

from collections.abc import Iterable, Mapping
from typing import Any

from mmdet_mal.labelling.records import DIGITS

# Components that every labeller of this package gives.
ALWAYS = ('raw_mask_score', 'stability', 'sharpness', 'entropy', 'map_fill',
          'box_fill', 'tightness')
# Components that depend on the labeller, its switches or its data set.
OPTIONAL = ('spill', 'flip_iou', 'student_teacher_iou', 'refine_iou',
            'box_overlap')


def quality_features(components: Mapping[str, Any]) -> dict[str, float]:
    """Compute the features of one mask.

    None of them is in pixels, so that they mean the same in other images.
    The components are rounded as a masks JSON keeps them: a score can be
    computed again from the file.

    Args:
        components: ``mal`` of an annotation: values in [0, 1] by name; others
            than :data:`ALWAYS` and :data:`OPTIONAL` are not used.

    Returns:
        The components that are there, in the order of those two, and with
        ``box_overlap`` its product with ``box_fill``, ``overlap_fill``: a
        covered box should not be filled.
    """
    found = {name: round(float(components[name]), DIGITS)
             for name in (*ALWAYS, *OPTIONAL) if name in components}
    if 'box_overlap' in found and 'box_fill' in found:
        found['overlap_fill'] = found['box_overlap'] * found['box_fill']
    return found


def feature_names(components: Iterable[str]) -> list[str]:
    """Name the features that some components give, in a fixed order.

    Args:
        components: names of components; others are not looked at.
    """
    return list(quality_features(dict.fromkeys(components, 0.)))

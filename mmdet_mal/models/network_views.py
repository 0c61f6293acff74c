"""What several passes over the same crops say, together and against each other.

Views are probability maps (N, h, w) by network ('teacher', 'student') and kind
('plain', 'mirrored'; the latter mirrored back).
"""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor

Views = Mapping[tuple[str, str], Tensor]


def mean_view(maps: Iterable[Tensor]) -> Tensor:
    """Mean of one or more maps (N, h, w)."""
    return torch.stack(list(maps)).mean(dim=0)


def opinion_pairs(views: Views, predict: Callable[[str], Tensor] | None = None
                  ) -> dict[str, tuple[Tensor, Tensor]]:
    """Pairs of opinions on the crops, by what their IoU is called.

    Args:
        views (Views): Of the networks that label.
        predict (Callable, optional): Gives the plain view of the network so
            named; asked for those that do not label, if given.

    Returns:
        dict[str, tuple[Tensor, Tensor]]: ``flip_iou`` with mirrored views, and
        ``student_teacher_iou`` where both networks had their say.
    """
    plain, mirrored = (
        {name: view for (name, one), view in views.items() if one == kind}
        for kind in ('plain', 'mirrored'))
    pairs = {}
    if mirrored:
        pairs['flip_iou'] = (mean_view(plain.values()),
                             mean_view(mirrored.values()))
    if predict is not None:
        for name in {'teacher', 'student'} - plain.keys():
            plain[name] = predict(name)
    if len(plain) == 2:
        pairs['student_teacher_iou'] = plain['student'], plain['teacher']
    return pairs

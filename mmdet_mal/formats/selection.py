"""Which masks are exported: by score, and by what a person decided."""

import dataclasses
from typing import Any

from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.json_values import finite_number

from .decisions import Decisions

BELOW = ('drop', 'crowd', 'ignore')
FLAGGED = ('keep', 'drop')
UNDECIDED = ('keep', 'drop')


@dataclasses.dataclass(frozen=True)
class Selection:
    """Judges annotations.

    A decision counts more than a score: what was accepted stays whatever its
    score, what was rejected does not.  Crowd regions stay.

    Attributes:
        min_score: Masks of a lower score are not kept; None keeps them.
        below: What becomes of what is not kept: 'drop', or a mark: 'crowd' or
            'ignore'.
        decisions: Of a person; None if there are none.
        flagged: Whether to 'keep' flagged masks (if their score is high
            enough) or not ('drop').
        undecided: Whether to 'keep' masks without a decision and flagged ones
            (if their score is high enough), or not ('drop').

    Raises:
        UserError: If a value is not allowed.
    """

    min_score: float | None = None
    below: str = 'drop'
    decisions: Decisions | None = None
    flagged: str = 'keep'
    undecided: str = 'keep'

    def __post_init__(self) -> None:
        for option, value, known in (
                ('--below', self.below, BELOW), ('--flagged', self.flagged, FLAGGED),
                ('undecided', self.undecided, UNDECIDED)):
            if value not in known:
                raise UserError(f"{option} {value}: expected one of "
                                f"{', '.join(known)}")
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise UserError(f'--min-score {self.min_score}: expected a number in '
                            '[0, 1]')
        if self.decisions is None and (self.flagged, self.undecided) != (
                'keep', 'keep'):
            raise UserError('--flagged and --only-accepted ask for decisions; give '
                            '--decisions')

    def judge(self, annotation: dict[str, Any], path: str) -> str:
        """Judge an annotation.

        Args:
            annotation: Of the masks JSON.
            path: The masks JSON, for messages.

        Returns:
            'crowd', 'unscored', 'good', 'accepted' or 'flagged' (all kept), or
            'bad', 'rejected', 'flagged out' or 'undecided' (not kept).

        Raises:
            AnnotationError: If a score is no number.
        """
        from mmdet_mal.datasets.annotation_reader import is_crowd
        if is_crowd(annotation):
            return 'crowd'
        decision = None
        if self.decisions is not None:
            decision = self.decisions.by_id.get(str(annotation.get('id')))
        if decision == 'accept':
            return 'accepted'
        if decision == 'reject':
            return 'rejected'
        if decision == 'flag' and self.flagged == 'drop':
            return 'flagged out'
        if self.undecided == 'drop':
            return 'undecided'
        score = annotation.get('score')
        if score is None:
            return 'flagged' if decision else 'unscored'
        _check_score(score, annotation, path)
        if self.min_score is not None and score < self.min_score:
            return 'bad'
        return 'flagged' if decision else 'good'

    def apply(self, annotation: dict[str, Any],
              verdict: str) -> dict[str, Any] | None:
        """The annotation as it is exported; None if it is left out."""
        if verdict in KEPT:
            return annotation
        if self.below == 'crowd':
            return {**annotation, 'iscrowd': 1}
        if self.below == 'ignore':
            return {**annotation, 'ignore': 1}
        return None


KEPT = frozenset(('crowd', 'unscored', 'good', 'accepted', 'flagged'))


def _check_score(score: Any, annotation: dict[str, Any], path: str) -> None:
    from mmdet_mal.datasets.annotations import AnnotationError
    if finite_number(score) is None:
        raise AnnotationError(
            f"{path}: annotation {annotation.get('id')} has score {score!r}, "
            'expected a number; label the boxes anew')

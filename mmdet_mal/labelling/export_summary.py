"""What an export has done, for people."""

import collections
import dataclasses
from typing import Any

_WORDS = dict(drop='left out', crowd='marked iscrowd', ignore='marked ignore')
# What is not kept, by verdict of formats.selection.
_OUT = ('bad', 'rejected', 'flagged out', 'undecided')


@dataclasses.dataclass
class ExportSummary:
    """Counts of one export of a masks JSON.

    Attributes:
        out_file: where it lies.
        min_score: the lowest score that is good enough; None if any is.
        below: what became of the others, see :func:`.export.export_labels`.
        annotations: of the input.
        verdicts: number of annotations by verdict of
            :class:`mmdet_mal.formats.selection.Selection`.
        bad_fallbacks: filled boxes that stand in for a mask, among the masks of
            too low a score.
        lines: what the format could not hold, a remark a line.
    """

    out_file: str
    min_score: float | None
    below: str
    annotations: int = 0
    verdicts: collections.Counter = dataclasses.field(
        default_factory=collections.Counter)
    bad_fallbacks: int = 0
    scores_seen: int = 0
    lines: list[str] = dataclasses.field(default_factory=list)
    _images_kept: set = dataclasses.field(default_factory=set)
    _images_dropped: set = dataclasses.field(default_factory=set)

    def count(self, annotation: dict[str, Any], verdict: str) -> None:
        """Note what became of an annotation."""
        self.annotations += 1
        self.verdicts[verdict] += 1
        self.scores_seen += annotation.get('score') is not None
        if verdict == 'bad':
            self.bad_fallbacks += bool(
                (annotation.get('mal') or {}).get('fallback'))
        if verdict not in _OUT:
            self._images_kept.add(annotation.get('image_id'))
        elif self.below == 'drop':
            self._images_dropped.add(annotation.get('image_id'))

    @property
    def kept(self) -> int:
        """Masks that are good enough, decisions apart."""
        return self.verdicts['good'] + self.verdicts['flagged']

    @property
    def bad(self) -> int:
        """Masks of too low a score."""
        return self.verdicts['bad']

    @property
    def unscored(self) -> int:
        """Crowd regions and annotations without a score, copied."""
        return self.verdicts['unscored'] + self.verdicts['crowd']

    @property
    def emptied_images(self) -> int:
        """Images that had annotations and have none now."""
        return len(self._images_dropped - self._images_kept)

    def __str__(self) -> str:
        out = _WORDS[self.below]
        counts = self.verdicts
        parts = []
        if self.min_score is not None:
            parts += [f'{self.kept} have a score of at least {self.min_score:g}',
                      f'{self.bad} have less and are {out} ({self.bad_fallbacks} '
                      'of them were filled boxes)']
        elif self.kept:
            parts.append(f'{self.kept} have a score')
        for verdict, words in (('accepted', 'were accepted'),
                               ('rejected', f'were rejected and are {out}'),
                               ('flagged out', f'were flagged and are {out}'),
                               ('undecided', f'were not accepted and are {out}')):
            if counts[verdict]:
                parts.append(f'{counts[verdict]} {words}')
        parts.append(f'{self.unscored} have no score or are crowd regions and stay')
        lines = [f'{self.out_file}: of {self.annotations} annotations '
                 + '; '.join(parts)]
        if self.emptied_images:
            lines.append(f'{self.emptied_images} images have no annotation left; '
                         'stock configs skip them (filter_empty_gt)')
        return '\n  '.join([*lines, *self.lines])

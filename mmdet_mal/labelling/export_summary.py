"""What an export has done, for people."""

import dataclasses
from typing import Any

_WORDS = dict(drop='left out', crowd='marked iscrowd', ignore='marked ignore')


@dataclasses.dataclass
class ExportSummary:
    """Counts of one copy of a masks JSON.

    Attributes:
        out_file: where it lies.
        min_score: the lowest score that is good enough.
        below: what became of the others, see :func:`.export.export_labels`.
        annotations: of the input.
        kept: masks that are good enough.
        bad: masks that are not.
        bad_fallbacks: of these, filled boxes that stand in for a mask.
        unscored: crowd regions and annotations without a score, copied.
    """

    out_file: str
    min_score: float
    below: str
    annotations: int = 0
    kept: int = 0
    bad: int = 0
    bad_fallbacks: int = 0
    unscored: int = 0
    _images_kept: set = dataclasses.field(default_factory=set)
    _images_dropped: set = dataclasses.field(default_factory=set)

    def count_kept(self, annotation: dict[str, Any]) -> None:
        """Note an annotation that stays."""
        self._images_kept.add(annotation.get('image_id'))

    def count_dropped(self, annotation: dict[str, Any]) -> None:
        """Note an annotation that is left out."""
        self._images_dropped.add(annotation.get('image_id'))

    @property
    def scored(self) -> int:
        """Masks with a score."""
        return self.kept + self.bad

    @property
    def emptied_images(self) -> int:
        """Images that had annotations and have none now."""
        return len(self._images_dropped - self._images_kept)

    def __str__(self) -> str:
        lines = [
            f'{self.out_file}: of {self.annotations} annotations {self.kept} '
            f'have a score of at least {self.min_score:g}; {self.bad} have less '
            f'and are {_WORDS[self.below]} ({self.bad_fallbacks} of them were '
            f'filled boxes); {self.unscored} have no score or are crowd '
            'regions and stay']
        if self.emptied_images:
            lines.append(f'  {self.emptied_images} images have no annotation '
                         'left; stock configs skip them (filter_empty_gt)')
        return '\n'.join(lines)

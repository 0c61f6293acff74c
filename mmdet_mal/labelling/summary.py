"""What a label run has done, for people and for programs."""

import dataclasses
from collections import Counter
from typing import Any

# Sentences that a summary lists one by one; the others are only counted.
LISTED = 10
# Sentences that are kept; a million unreadable images are not a million.
KEPT_REASONS = 1000


@dataclasses.dataclass
class LabelSummary:
    """Counts of one masks JSON.

    Attributes:
        out_file: where it lies.
        images: entries of ``images``.
        annotations: entries of ``annotations``.
        masks: annotations with a mask by the labeller.
        crowds: crowd regions, passed through.
        crowds_completed: of these, the ones that had no mask or area: their
            box was filled, as stock loaders need both.
        fallbacks: number of annotations by kind of fallback: their box was
            filled, or one pixel set where the box shows no pixel.
        score_sum: of the masks' scores.
        reasons: number of boxes by the sentence that says why they could not
            be labelled (one sentence an unreadable image); the first 1000.
        other_reasons: number of boxes with any further sentence.
    """

    out_file: str
    images: int = 0
    annotations: int = 0
    masks: int = 0
    crowds: int = 0
    crowds_completed: int = 0
    fallbacks: Counter = dataclasses.field(default_factory=Counter)
    score_sum: float = 0.
    reasons: Counter = dataclasses.field(default_factory=Counter)
    other_reasons: int = 0

    def add_reason(self, reason: str) -> None:
        """Count a box that could not be labelled.

        Args:
            reason: the sentence that says why.
        """
        if reason in self.reasons or len(self.reasons) < KEPT_REASONS:
            self.reasons[reason] += 1
        else:
            self.other_reasons += 1

    @property
    def mean_score(self) -> float:
        """Mean score of the masks by the labeller, 0 without any."""
        return self.score_sum / self.masks if self.masks else 0.

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain JSON values."""
        return dict(
            out_file=self.out_file, images=self.images,
            annotations=self.annotations, masks=self.masks, crowds=self.crowds,
            crowds_completed=self.crowds_completed,
            fallbacks=dict(sorted(self.fallbacks.items())),
            mean_score=round(self.mean_score, 5),
            reasons=dict(sorted(self.reasons.items())),
            other_reasons=self.other_reasons)

    def __str__(self) -> str:
        lines = [
            f'Masks JSON: {self.out_file}',
            f'  {self.annotations} annotations of {self.images} images: '
            f'{self.masks} masks (mean score {self.mean_score:.3f}), '
            f'{sum(self.fallbacks.values())} fallbacks, '
            f'{self.crowds} crowd regions passed through'
            + (f' ({self.crowds_completed} had no mask: box filled)'
               if self.crowds_completed else '')]
        if self.fallbacks:
            lines.append('  fallbacks (box filled; flagged in mal.fallback):')
            width = max(map(len, self.fallbacks))
            lines += [f'    {kind:<{width}}  {count}'
                      for kind, count in sorted(self.fallbacks.items())]
        lines += [f'    {reason} ({count} boxes)'
                  for reason, count in sorted(self.reasons.items())[:LISTED]]
        if len(self.reasons) > LISTED:
            # Beyond the kept sentences only their boxes are counted.
            more = f'{len(self.reasons) - LISTED} more'
            if self.other_reasons:
                more += f', and others for {self.other_reasons} boxes'
            lines.append(f'    … and {more}')
        return '\n'.join(lines)

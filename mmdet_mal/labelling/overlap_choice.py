"""Exported masks whose pixels belong to one mask each."""

import json
import math
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from mmdet_mal.formats.mask import Mask
from mmdet_mal.formats.mask_set import ImageMasks, MaskSet
from mmdet_mal.formats.tally import Tally
from mmdet_mal.structures.rle import encode_window, rle_area
from mmdet_mal.utils.errors import UserError

from .overlap_rules import RULES
from .overlaps import MAX_LOSS, Claim, resolve_overlaps

Annotation = dict[str, Any]
Choose = Callable[[Iterator[Annotation]], Iterator[Annotation]]

_CHANGED = 'masks lose pixels to a neighbour that they overlapped'


class OverlapChoice:
    """Takes pixels from masks that overlap, among those that are exported.

    The first pass reads the masks image by image and keeps those that change
    in a temporary file, so that memory grows by some 100 bytes for each.  Crowd
    regions and masks that are to be ignored neither take nor lose.

    Args:
        source: the masks JSON.
        choose: yields what is exported; masks that are not take nothing.
        rule: a key of :data:`.overlap_rules.RULES` other than ``'keep'``.
        tally: gets the number of masks that change.
        finish: what is done to an annotation after its mask has changed.
    """

    def __init__(self, source: Any, choose: Choose, rule: str, tally: Tally,
                 finish: Callable[[Annotation], Annotation] = lambda a: a) -> None:
        self._source = source
        self._choose = choose
        self._owner, self._among = RULES[rule]
        self._rule = rule
        self._tally = tally
        self._finish = finish
        self._places: dict[Any, int] | None = None
        self._file: Any = None

    def __call__(self, annotations: Iterator[Annotation]) -> Iterator[Annotation]:
        if self._places is None:
            self._resolve()
        for annotation in self._choose(annotations):
            place = self._places.get(annotation.get('id'))
            if place is None:
                yield annotation
                continue
            self._file.seek(place)
            change = json.loads(self._file.readline())
            yield self._finish({
                **annotation, 'segmentation': change['rle'],
                'area': rle_area(change['rle']),
                'mal': {**(annotation.get('mal') or {}),
                        'overlap_lost': change['lost'],
                        'overlap_rule': self._rule}})

    def _resolve(self) -> None:
        """Find the masks that change."""
        # Deleted by the system when the export ends, however it ends.
        self._file = tempfile.TemporaryFile('w+', encoding='utf-8')
        places: dict[Any, int] = {}
        masks = MaskSet(self._source, self._choose, lambda annotation: None)
        for entry in masks.by_image():
            for ann_id, change in self._changes(entry):
                places[ann_id] = self._file.tell()
                self._file.write(json.dumps(change) + '\n')
                self._tally.add(_CHANGED, f'annotation {ann_id}')
        self._places = places

    def _changes(self, entry: ImageMasks) -> Iterator[tuple[Any, dict]]:
        """Id, new run lengths and lost share of the masks of an image."""
        claims = []
        for mask in entry.masks:
            pixels, x, y = mask.window()
            claims.append(Claim(pixels, (x, y), self._box_of(mask),
                                mask.label_index, mask.score))
        width, height = entry.size
        for index, pixels in sorted(resolve_overlaps(
                claims, self._owner, self._among, MAX_LOSS).items()):
            claim = claims[index]
            x, y = claim.offset
            h, w = pixels.shape
            rle = encode_window(pixels, (x, y, x + w, y + h), (height, width))
            lost = 1 - pixels.sum() / claim.pixels.sum()
            yield entry.masks[index].id, dict(rle=rle, lost=round(float(lost), 5))

    def _box_of(self, mask: Mask) -> list[float]:
        """The box of a mask, xywh."""
        box = mask.annotation.get('bbox')
        try:
            values = [float(value) for value in box]
            if len(values) != 4 or not all(map(math.isfinite, values)):
                raise ValueError
        except (TypeError, ValueError):
            raise UserError(
                f'{self._source.path}: annotation {mask.id}: has bbox {box!r}, '
                'expected four numbers, which --overlaps needs; run `mal doctor` '
                'on the boxes') from None
        return values

"""Best-of: one masks JSON out of several, box by box."""

import os
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.datasets.images import check_size
from mmdet_mal.datasets.last_image import LastImage
from mmdet_mal.labelling.files import check_writable, refuse_overwriting
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.labelling.merge import write_labels
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.labelling.records import make_record
from mmdet_mal.labelling.summary import LabelSummary
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.review.spool import MaskSpool

from .candidates import CandidateFiles
from .choice import choose
from .scorer import MaskScorer

# Goes into the provenance: raise it when choices change.
VERSION = 1


@dataclass
class BestOfSummary:
    """What was chosen.

    Attributes:
        labels: what was written.
        kept: number of boxes by source.
        unavailable: number of boxes for which a source had no mask, or a
            filled box in place of one, by source.
    """

    labels: LabelSummary
    kept: Counter = field(default_factory=Counter)
    unavailable: Counter = field(default_factory=Counter)


def best_of(files: Mapping[str, str], images: str, out_file: str,
            scale: str = 'coco_mini', rule: str = 'best',
            missing: str = 'error') -> BestOfSummary:
    """Write the masks JSON that keeps the best candidate of each box.

    Human masks are not read: candidates are measured against picture and box.

    Args:
        files: path of each masks JSON by name of its source; what is not a
            mask (top-level keys, crowds, unknown keys) comes from the first.
        images: folder, archive or address of the images.
        out_file: the masks JSON; replaced in one step once it is validated.
        scale: see :meth:`.scorer.MaskScorer.load`.
        rule: see :func:`.choice.choose`.
        missing: see :class:`.candidates.CandidateFiles`.

    Raises:
        UserError: files of other boxes, masks that cannot be read, an image
            that cannot be read, an output that cannot be written.
    """
    check_writable(out_file, 'the masks JSON')
    refuse_overwriting(out_file, files.values(), '--out')
    scorer = MaskScorer.load(scale)
    image_dir, backend_args = image_source(images)
    folder = os.path.dirname(os.path.abspath(out_file))
    with tempfile.TemporaryDirectory(prefix='.best_of_', dir=folder) as temporary:
        candidates = CandidateFiles(files, temporary, missing)
        records = MaskSpool(os.path.join(temporary, 'records'), len(candidates))
        try:
            summary = BestOfSummary(LabelSummary(out_file))
            rows = show_progress(_rows(candidates), candidates.count, 'choose')
            opened = LastImage()
            for name, row in rows:
                who = f'annotation {candidates.ann_id(row)}'
                image = opened.open(join_image_path(image_dir, name), who,
                                    backend_args=backend_args)
                check_size(name, who, tuple(image.shape[:2]),
                           candidates.image_size(row))
                _keep(candidates, row, image, scorer, rule, records, summary)

            def lookup(ann_id: object) -> dict | None:
                row = candidates.row(ann_id)
                return None if row < 0 else records.get(row)

            summary.labels = write_labels(
                candidates.source, lookup, out_file, dict(
                    best_of=VERSION, rule=rule, scale=scorer.details,
                    sources={name: dict(sha256=hash_file(path))
                             for name, path in files.items()}))
            return summary
        finally:
            candidates.close()
            records.close()


def _rows(candidates: CandidateFiles):
    """File name of the image and row of each box, image by image."""
    for name, rows in candidates.by_image():
        for row in rows:
            yield name, row


def _keep(candidates: CandidateFiles, row: int, image, scorer: MaskScorer,
          rule: str, records: MaskSpool, summary: BestOfSummary) -> None:
    """Choose for one box and set the record aside."""
    found = candidates.of(row)
    masks = {name: rle for name, (rle, fallback) in found.items()
             if fallback is None}
    for name in candidates.names:
        if name not in masks:
            summary.unavailable[name] += 1
    ann_id = candidates.ann_id(row)
    if not masks:
        # Only filled boxes: the first stays what it is, flagged.
        for name, (rle, fallback) in found.items():
            records.put(row, make_record(ann_id, rle, 0., dict(
                fallback=fallback, source=name)))
            return
        return
    try:
        choice = choose(image, candidates.box(row), masks, scorer, rule)
    except ValueError as error:
        raise UserError(f'{candidates.source.path}: annotation {ann_id}: '
                        f'{error}') from None
    summary.kept[choice.source] += 1
    records.put(row, make_record(ann_id, choice.rle, choice.score, dict(
        source=choice.source, candidates=choice.scores)))

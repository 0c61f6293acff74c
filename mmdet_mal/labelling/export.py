"""Masks for other tools: chosen by score and decision, in any format."""

import os
from collections.abc import Iterator
from typing import Any

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.formats import WRITERS
from mmdet_mal.formats.base import MaskWriter
from mmdet_mal.formats.chosen_masks import ChosenMasks
from mmdet_mal.formats.decisions import Decisions
from mmdet_mal.formats.mask_set import MaskSet
from mmdet_mal.formats.output_folder import check_folder, folder_then_rename
from mmdet_mal.formats.read import fill_options
from mmdet_mal.formats.selection import Selection
from mmdet_mal.formats.tally import Tally
from mmdet_mal.formats.tighten import tighten_box
from mmdet_mal.utils.errors import UserError

from .export_summary import ExportSummary
from .files import check_writable, temporary_name, write_then_rename
from .overlap_choice import OverlapChoice
from .overlap_rules import KEEP, RULES
from .progress import show_progress

BOXES = ('keep', 'tighten')
_NO_MASK = 'annotations have no mask and are left out'


def export_labels(masks_json: str, out_file: str, min_score: float | None = None,
                  below: str = 'drop', *, to: str = 'coco',
                  decisions: str | None = None, flagged: str = 'keep',
                  undecided: str = 'keep', other_decisions: str = 'refuse',
                  masks_of: dict[str, str] | None = None, boxes: str = 'keep',
                  overlaps: str = KEEP, **options: Any) -> ExportSummary:
    """Write chosen masks; the input stays as it is.

    Crowd regions and annotations without a score, which no labeller made, are
    kept.  Images stay, also those that lose all annotations.  COCO and LVIS are
    read and written as a stream; of the other formats an image is held at a
    time, and at most about 50,000 annotations.

    Args:
        masks_json: as a label run writes it.
        out_file: a file or a folder, as the format has it; it gets its name
            when it is whole.  A folder must not exist yet, or be empty.
        min_score: masks of a lower score are bad; in [0, 1]; None takes all.
        below: what becomes of a mask that is not kept: ``'drop'``: its
            annotation is left out; ``'crowd'``: it gets ``iscrowd`` 1: it is no
            target, and detectors that heed crowd regions (``ignore_iof_thr`` >
            0) do not learn that it is ground either; ``'ignore'``: it gets
            ``ignore`` 1, which stock MMDetection leaves out while loading.
        to: a name of ``mmdet_mal.formats.WRITERS``.
        decisions: file that a review page saved; what was rejected is not kept,
            what was accepted is, whatever its score.
        flagged: whether flagged masks are kept (``'keep'``, ``'drop'``).
        undecided: whether masks that nobody accepted are kept (the same).
        other_decisions: ``'refuse'`` decisions on other masks, or ``'force'``
            them.
        masks_of: path of a masks JSON by the name under which the review page
            showed it: masks that were chosen there are taken from it.
        boxes: ``'keep'``, or ``'tighten'`` them to the masks.
        overlaps: a key of :data:`.overlap_rules.RULES`: whose pixels are those
            that several exported masks of an image claim.
        options: of the format.

    Returns:
        What was done, and what the format could not hold.

    Raises:
        UserError: if an option is wrong, the output cannot be written, or
            ``min_score`` is given and no annotation has a score.
        AnnotationError: if the input cannot be read or a score is no number.
    """
    if to not in WRITERS:
        raise UserError(f'--to {to}: not known; choose one of '
                        f"{', '.join(sorted(WRITERS))}")
    if boxes not in BOXES:
        raise UserError(f"boxes {boxes}: expected one of {', '.join(BOXES)}")
    if overlaps not in RULES:
        raise UserError(f"--overlaps {overlaps}: expected one of {', '.join(RULES)}")
    writer = WRITERS[to]
    values = fill_options({option.name: option for option in writer.options},
                          options, f'--to {to}')
    loaded = None if decisions is None else Decisions.load(
        decisions, masks_json, other_decisions)
    selection = Selection(min_score, below, loaded, flagged, undecided)
    source = AnnotationFile(masks_json)
    summary = ExportSummary(out_file, min_score, below)
    tally = Tally()
    chosen = ChosenMasks(loaded, masks_of or {}, masks_json)
    done: dict[str, Any] = dict(min_score=min_score, below=below)
    if loaded is not None:
        done.update(decisions=os.path.basename(decisions), flagged=flagged,
                    undecided=undecided)
    if boxes == 'tighten':
        done.update(boxes='tightened')
    if overlaps != KEEP:
        done.update(overlaps=overlaps)
    choose = _Choice(source, selection, summary, chosen, boxes, tally)
    resolved = choose if overlaps == KEEP else OverlapChoice(
        source, choose, overlaps, tally,
        # The box has been fitted to the mask before it lost pixels.
        (lambda annotation: tighten_box(annotation, masks_json, Tally()))
        if boxes == 'tighten' else (lambda annotation: annotation))
    masks = MaskSet(source, resolved, lambda annotation: tally.add(
        _NO_MASK, f"annotation {annotation.get('id')}"), done)
    _write(writer, masks, out_file, tally, values, choose)
    summary.lines += tally
    return summary


class _Choice:
    """Yields what is exported; counts it in the first pass."""

    def __init__(self, source: AnnotationFile, selection: Selection,
                 summary: ExportSummary, chosen: ChosenMasks, boxes: str,
                 tally: Tally) -> None:
        self._source = source
        self._selection = selection
        self._summary = summary
        self._chosen = chosen
        self._boxes = boxes
        self._tally = tally
        self._first = True
        self._decided: set[str] = set()

    def __call__(self, annotations: Iterator[dict]) -> Iterator[dict]:
        first, self._first = self._first, False
        selection, path = self._selection, self._source.path
        if first:
            annotations = show_progress(
                annotations, self._source.count('annotations'), 'export')
        tally = self._tally if first else Tally()
        for entry in annotations:
            annotation = self._chosen.apply(entry, tally)
            verdict = selection.judge(annotation, path)
            if first:
                self._summary.count(annotation, verdict)
                if selection.decisions is not None:
                    self._decided.add(str(annotation.get('id')))
            annotation = selection.apply(annotation, verdict)
            if annotation is None:
                continue
            if self._boxes == 'tighten':
                annotation = tighten_box(annotation, path, tally)
            yield annotation

    def check(self) -> None:
        """Raise UserError if the options did not fit the file."""
        path, total = self._source.path, self._summary.annotations
        if (self._selection.min_score is not None and total
                and not self._summary.scores_seen):
            raise UserError(f"{path}: none of its {total} annotations has a "
                            "'score'; give the file that a label run wrote")
        decisions = self._selection.decisions
        if decisions is None:
            return
        unknown = sorted(decisions.by_id.keys() - self._decided)
        if unknown:
            raise UserError(
                f'{decisions.path}: {len(unknown)} decisions are about annotations '
                f"that {path} does not have ({', '.join(unknown[:5])}); give the "
                'masks that were reviewed')


def _write(writer: MaskWriter, masks: MaskSet, out: str, tally: Tally,
           values: dict[str, Any], choose: _Choice) -> None:
    """Write under a temporary name, check, rename."""
    if writer.out_kind == 'file':
        check_writable(out, 'the copy')
        with write_then_rename(out):  # locks, syncs and renames what we write
            writer.write(masks, temporary_name(out), tally, **values)
            choose.check()
        return
    check_folder(out)
    with folder_then_rename(out) as folder:
        writer.write(masks, folder, tally, **values)
        choose.check()

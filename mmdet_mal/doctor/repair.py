"""Writes a repaired copy of an annotation file."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, TextIO

from mmdet_mal.labelling.files import (check_writable, refuse_overwriting,
                                       write_then_rename)
from mmdet_mal.utils.errors import UserError

from .annotation_judge import AnnotationJudge, Verdict
from .examination import Examination
from .finding import printable
from .kinds import DROPPED, FIXES, KINDS, LEFT
from .ledger import Ledger
from .literals import make_strict


class Repair:
    """What was written.

    Attributes:
        out_file (str): Where.
        fixes (dict[str, Counter]): By kind, how many findings were
            'repaired', 'dropped' or 'left'.
        entries (dict[str, tuple[int, int]]): By list, the number of entries
            before and after.
    """

    def __init__(self, out_file: str) -> None:
        self.out_file = out_file
        self.fixes: dict[str, Counter] = {}
        self.entries: dict[str, tuple[int, int]] = {}

    def __str__(self) -> str:
        lines = [f'repaired copy: {printable(self.out_file)}']
        lines += [f'  {key}: {before} -> {after}' if before != after else
                  f'  {key}: {before}, all kept'
                  for key, (before, after) in self.entries.items()]
        for name, fixes in self.fixes.items():
            told = [f'{fixes[fix]} {fix}' for fix in FIXES if fixes[fix]]
            if KINDS[name].severity != 'note' or fixes.total() > fixes[LEFT]:
                lines.append(f'  {name}: {", ".join(told)}')
        return '\n'.join(lines)


def repair_file(examination: Examination, out_file: str) -> Repair:
    """Write a copy in which all is repaired that the rules can repair.

    Entries keep their order, and keys their order and values, except those
    that a rule names.  Memory does not grow with the file, apart from 25
    bytes an annotation.

    Args:
        examination (Examination): Of the file, done.
        out_file (str): The file to write; it gets its name when it is whole.

    Returns:
        Repair: What was done.

    Raises:
        UserError: If the file cannot be read at all, seems to have boxes of
            another format, or ``out_file`` is the input or cannot be written.
    """
    source = examination.source
    refuse_overwriting(out_file, [source.path], '--fix')
    if examination.images is None:
        raise UserError(f'{source.path}: nothing can be repaired: '
                        f'{examination.diagnosis.fatal[0]}')
    if examination.suspicion:
        raise UserError(
            f'{source.path}: {KINDS[examination.suspicion].meaning}, and '
            'repairs would spoil them: say what they are with --bbox-format '
            '(xywh if they are what COCO says)')
    check_writable(out_file, 'the repaired copy')
    writer = _Writer(examination, Repair(out_file))
    with write_then_rename(out_file) as file:
        writer.write(file)
    return writer.repair


class _Writer:
    """Writes the copy, judging every annotation once more."""

    def __init__(self, examination: Examination, repair: Repair) -> None:
        self.repair = repair
        self._examination = examination
        self._source = examination.source
        # Boxes are repaired for the sizes that the copy states.
        self._images = examination.images.with_repaired_sizes()
        self._judge = AnnotationJudge(self._images, examination.categories,
                                      examination.bbox_format or 'xywh')
        self._ledger = Ledger()
        examination.judge_all(
            self._judge, lambda _, __, verdict: self._ledger.add(verdict),
            'comparing annotations')
        self._counts: dict[str, Counter] = {}

    def write(self, file: TextIO) -> None:
        """Write everything, top-level keys in the order of the input."""
        separator = '{'
        for key in self._source.keys:
            file.write(f'{separator}{json.dumps(key)}: ')
            separator = ',\n'
            if key in ('images', 'categories', 'annotations'):
                self._write_list(file, key)
            else:
                file.write(_dump(self._source.value(key)))
        file.write('}\n')
        self._sum_up()

    def _write_list(self, file: TextIO, key: str) -> None:
        entries = (self._annotations() if key == 'annotations'
                   else self._edited(key))
        separator, written = '[\n', 0
        for entry in entries:
            file.write(separator + _dump(entry))
            separator = ',\n'
            written += 1
        file.write('\n]' if written else '[]')
        self.repair.entries[key] = (self._source.count(key), written)

    def _edited(self, key: str) -> Iterator[dict]:
        """Entries of images or categories with their repairs."""
        edits = getattr(self._examination, key).edits
        for row, entry in enumerate(self._source.entries(key)):
            edit = edits.get(row, {})
            if edit is not None:
                yield {**entry, **edit}

    def _annotations(self) -> Iterator[dict]:
        """Annotations with their repairs."""
        copies, _ = self._ledger.copies()
        drops = iter(copies.tolist())
        new_ids = zip(*map(iter, self._ledger.new_ids()), strict=True)
        next_drop, next_id = next(drops, -1), next(new_ids, (-1, -1))
        for position, entry in enumerate(self._source.entries('annotations')):
            verdict = self._judge.judge(entry)
            self._count(verdict)
            is_copy = position == next_drop
            if is_copy:
                next_drop = next(drops, -1)
            edits = verdict.edits
            if position == next_id[0]:
                edits['id'] = int(next_id[1])
                next_id = next(new_ids, (-1, -1))
            if not verdict.dropped and not is_copy:
                yield {**entry, **edits}

    def _count(self, verdict: Verdict) -> None:
        for kind, fix, _ in verdict.problems:
            self._counts.setdefault(kind, Counter())[fix] += 1
        for kind, fix in verdict.notes:
            self._counts.setdefault(kind, Counter())[fix] += 1

    def _sum_up(self) -> None:
        """Put together what was found before and what was found now."""
        counts = self._counts
        copies, others = self._ledger.copies()
        counts['bbox_duplicate'] = Counter({DROPPED: len(copies)})
        counts['bbox_two_categories'] = Counter({LEFT: len(others)})
        judged = {*self._examination.judged, *counts}
        for name, fixes in self._examination.diagnosis.fixes.items():
            # Entries of the two other lists can be no objects, too.
            if name not in judged or name == 'entry_type':
                counts[name] = Counter(fixes)
        self.repair.fixes = {name: counts[name] for name in KINDS
                             if name in counts and counts[name].total()}


def _dump(value: Any) -> str:
    """Strict JSON."""
    try:
        return json.dumps(value, allow_nan=False)
    except ValueError:
        return json.dumps(make_strict(value), allow_nan=False)

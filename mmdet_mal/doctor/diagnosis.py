"""All findings of one file, in bounded memory."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mmdet_mal.labelling.files import write_then_rename

from .finding import Finding
from .kinds import FIXES, KINDS, LEFT

# Findings of each kind that are kept in memory and shown.
SHOWN = 5
# Fatal findings that are kept in memory.
_FATAL_KEPT = 50
# Bytes of findings that are read back at once.
_BLOCK = 1 << 16


class Diagnosis:
    """What is wrong with an annotation file and its images.

    Findings go to a temporary file as they are made: a million of them take
    no more memory than ten.

    Args:
        ann_file (str): The annotation file.
        check_images (str): How far the image files are looked at.

    Attributes:
        fatal (list[Finding]): Why nothing can be done with the file (the
            first 50).
        fixes (dict[str, Counter]): By kind, how many findings ``--fix``
            repairs, drops or leaves.
        sizes (dict[str, int]): Number of images, annotations and categories.
    """

    def __init__(self, ann_file: str, check_images: str = 'none') -> None:
        self.ann_file = ann_file
        self.check_images = check_images
        self.fatal: list[Finding] = []
        self.fixes: dict[str, Counter] = {}
        self.sizes: dict[str, int] = {}
        self._shown: dict[str, list[Finding]] = {}
        self._spool = tempfile.TemporaryFile()

    def add(self, finding: Finding) -> None:
        """Take a finding.

        Args:
            finding (Finding): Of a kind that is only counted, its ``count``
                is added and the first few are kept.
        """
        kind = KINDS[finding.kind]
        fixes = self.fixes.setdefault(kind.name, Counter())
        fixes[finding.fix] += finding.count
        shown = self._shown.setdefault(kind.name, [])
        if len(shown) < SHOWN:
            shown.append(finding)
        if kind.severity == 'fatal' and len(self.fatal) < _FATAL_KEPT:
            self.fatal.append(finding)
        if not kind.counted:
            self._spool.write(json.dumps(finding.as_dict()).encode() + b'\n')

    def count(self, kind: str, fix: str = LEFT, **who: Any) -> None:
        """Take a finding of a kind that is only counted.

        Args:
            kind (str): Its name.
            fix (str): As in :class:`Finding`.
            **who: Further fields of a :class:`Finding`.
        """
        if len(self._shown.get(kind, ())) < SHOWN:
            self.add(Finding(kind, fix=fix, **who))
        else:  # a million notes need no million objects
            self.fixes[kind][fix] += 1

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings by kind, the gravest kinds first."""
        return {name: sum(self.fixes[name].values())
                for name in KINDS if name in self.fixes}

    @property
    def num_errors(self) -> int:
        """Findings by which a box or an image cannot be labelled."""
        return self._count('error')

    @property
    def num_repairs(self) -> int:
        """Findings that the label run itself puts right."""
        return self._count('repair')

    def _count(self, severity: str) -> int:
        return sum(count for name, count in self.counts.items()
                   if KINDS[name].severity == severity)

    @property
    def exit_code(self) -> int:
        """0 if nothing is wrong (warnings are allowed), 1 if there are
        errors or repairs, 2 if the file cannot be used at all."""
        if self.fatal:
            return 2
        return 1 if self.num_errors or self.num_repairs else 0

    def shown(self, kind: str) -> list[Finding]:
        """The first findings of a kind."""
        return list(self._shown.get(kind, []))

    def findings(self) -> Iterator[Finding]:
        """Every finding, read back in the order in which they were made.

        Yields:
            Finding: Those of kinds that are only counted come last, one for
            each kind, with the first entry that it concerns.
        """
        for line in self._lines():
            values = json.loads(line)
            del values['severity']
            yield Finding(**values)

    def _lines(self) -> Iterator[str]:
        """Every finding as a line of JSON."""
        position = 0
        while True:
            # Others may write or read between two blocks.
            self._spool.seek(position)
            lines = self._spool.readlines(_BLOCK)
            position = self._spool.tell()
            self._spool.seek(0, os.SEEK_END)
            if not lines:
                break
            yield from (line.decode().rstrip('\n') for line in lines)
        for name, count in self.counts.items():
            if KINDS[name].counted:
                first = self._shown[name][0]
                yield json.dumps({**first.as_dict(), 'count': count})

    def save(self, path: str) -> None:
        """Write all findings as JSON.

        Args:
            path (str): Of the report; an older one is replaced as a whole.
        """
        head: dict[str, Any] = dict(
            ann_file=self.ann_file, check_images=self.check_images,
            **self.sizes, errors=self.num_errors, repairs=self.num_repairs,
            fatal=self._count('fatal'), kinds={
                name: dict(severity=KINDS[name].severity, count=count,
                           meaning=KINDS[name].meaning, rule=KINDS[name].rule,
                           fix={fix: self.fixes[name][fix] for fix in FIXES})
                for name, count in self.counts.items()})
        with write_then_rename(path) as file:
            for key, value in head.items():
                start = '{' if key == 'ann_file' else ',\n'
                file.write(f'{start}{json.dumps(key)}: {json.dumps(value)}')
            separator = ',\n"findings": [\n'
            for line in self._lines():
                file.write(separator + line)
                separator = ',\n'
            file.write('\n]}\n' if separator == ',\n'
                       else ',\n"findings": []}\n')

    def __str__(self) -> str:
        from .text import report_text
        return report_text(self)

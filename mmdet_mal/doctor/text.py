"""The doctor's report for people."""

from .diagnosis import SHOWN, Diagnosis
from .finding import printable
from .kinds import FIXES, KINDS, LEFT, SEVERITIES

_LOOKED = {'none': 'image files were not looked at',
           'exists': 'image files were looked for, not opened',
           'headers': 'the headers of the image files were read',
           'decode': 'the image files were decoded'}


def report_text(diagnosis: Diagnosis) -> str:
    """Describe a diagnosis.

    Args:
        diagnosis (Diagnosis): Of one file.

    Returns:
        str: Several lines: counts, each kind with its rule and its first
        findings, notes in a line each, and what to do next.
    """
    counts = diagnosis.counts
    lines = [f'{printable(diagnosis.ann_file)}: {_sizes(diagnosis)}', '  ' +
             _headline(counts)]
    for name, count in counts.items():
        kind = KINDS[name]
        if kind.severity == 'note':
            continue
        lines += [f'{kind.severity} {name} ({count}): {kind.meaning}',
                  f'  --fix ({_outcome(diagnosis, name)}): {kind.rule}']
        lines += [f'    {finding}' for finding in diagnosis.shown(name)]
        if count > SHOWN:
            lines.append(f'    … and {count - SHOWN} more')
    for name, count in counts.items():
        if KINDS[name].severity == 'note':
            first = str(diagnosis.shown(name)[0])
            first = f' (first: {first})' if first else ''
            lines.append(f'note {name} ({count}): {KINDS[name].meaning}{first}')
    return '\n'.join(lines + _next_steps(diagnosis))


def _sizes(diagnosis: Diagnosis) -> str:
    """How much there is and how far it was looked at."""
    parts = [f'{number} {name}' for name, number in diagnosis.sizes.items()]
    if not parts:
        return 'nothing in it could be examined'
    return ', '.join(parts) + '; ' + _LOOKED[diagnosis.check_images]


def _headline(counts: dict[str, int]) -> str:
    """How many findings of each severity there are."""
    parts = []
    for severity in SEVERITIES[:-1]:
        number = sum(count for name, count in counts.items()
                     if KINDS[name].severity == severity)
        if number:
            plural = 's' if number > 1 and severity != 'fatal' else ''
            parts.append(f'{number} {severity}{plural}')
    return ', '.join(parts) or 'nothing is wrong'


def _outcome(diagnosis: Diagnosis, name: str) -> str:
    """What --fix does with the findings of a kind, in numbers."""
    fixes = diagnosis.fixes[name]
    return ', '.join(f'{fixes[fix]} {fix}' for fix in FIXES if fixes[fix])


def _next_steps(diagnosis: Diagnosis) -> list[str]:
    """What a person can do now."""
    if not diagnosis.fatal and not diagnosis.num_errors:
        return []
    grave = [name for name in diagnosis.counts
             if KINDS[name].severity in ('fatal', 'error')]
    mended = sum(diagnosis.fixes[name].total() - diagnosis.fixes[name][LEFT]
                 for name in grave)
    left = sum(diagnosis.fixes[name][LEFT] for name in grave)
    lines = []
    if mended:
        lines.append('next: tools/doctor.py … --fix OUT.json writes a copy in '
                     f'which {mended} of these are put right or dropped')
    if left:
        lines.append(f'next: {left} of these are left for you')
    if not diagnosis.fatal:
        lines.append('a label run goes on all the same: faulty boxes are '
                     'carried through, flagged and counted')
    return lines

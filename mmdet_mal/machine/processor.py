"""What /proc/cpuinfo tells of the processor."""

import dataclasses
from pathlib import Path

CPUINFO = Path('/proc/cpuinfo')
# Units that multiply bf16 matrices, the faster first: the flag in
# /proc/cpuinfo and what people call it.
_BF16_UNITS = (('amx_bf16', 'AMX'), ('avx512_bf16', 'AVX512-BF16'))


@dataclasses.dataclass(frozen=True)
class Processor:
    """A processor as Linux describes it.

    Attributes:
        name: For people; ``'unknown processor'`` where the system is silent.
        flags: What every core of it can do, by Linux's names.
    """

    name: str = 'unknown processor'
    flags: frozenset[str] = frozenset()

    @property
    def bf16_unit(self) -> str:
        """What multiplies bf16 matrices, ``''`` for nothing.

        Without such a unit bf16 is computed by widening and rounding, which is
        slower than fp32.  Only x86 processors are recognised.
        """
        for flag, name in _BF16_UNITS:
            if flag in self.flags:
                return name
        return ''


def this_processor(cpuinfo: Path = CPUINFO) -> Processor:
    """Read what the system tells.

    Args:
        cpuinfo: The file; another one in tests.

    Returns:
        The processor.  Where the file is absent (another system than Linux) or
        has no flags (another kind than x86), one that can do nothing special.
    """
    try:
        text = cpuinfo.read_text(encoding='utf-8', errors='replace')
    except OSError:
        return Processor()
    name, flags = '', None
    for line in text.splitlines():
        key, found, value = line.partition(':')
        key, value = key.strip(), value.strip()
        if not found:
            continue
        if key == 'model name' and not name:
            name = value
        elif key == 'flags':
            # Cores may differ; a thread may run on any of them.
            own = frozenset(value.split())
            flags = own if flags is None else flags & own
    return Processor(name or Processor.name, flags or frozenset())

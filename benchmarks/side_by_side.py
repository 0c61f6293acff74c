"""Times several ways to do the same, in turn in one process.

    result = side_by_side('sum', dict(textbook=slow, ours=fast))
    report([result], json_path='sum.json')

A busy or throttled machine slows all paths of a round alike, so the ratio of a
round says more than its seconds do.
"""

import contextlib
import gc
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

from benchmarks.machine import (machine_name, peak_mib, thread_count,
                                wait_for_device)

QUICK_WARNING = ('QUICK RUN: it shows that the benchmarks work. Each path was '
                 'called once, cold, on little: do not quote its figures.')

_QUICK: ContextVar[bool] = ContextVar('quick', default=False)


@contextlib.contextmanager
def quick_run() -> Iterator[None]:
    """Within it :func:`side_by_side` calls each path once.

    No rounds that warm up, none for memory: to see that a benchmark works, not
    to measure.  Results say so, and so does the table.
    """
    token = _QUICK.set(True)
    try:
        yield
    finally:
        _QUICK.reset(token)


def side_by_side(title: str,
                 paths: dict[str, Callable[[], object]],
                 rounds: int = 7,
                 warmup: int = 1,
                 inputs: str = '') -> dict:
    """Time paths against the first of them, alternating.

    All paths of a round run one after the other; every other round in the
    opposite order.  Before the timed rounds come those that warm up, and one
    that measures memory.

    Args:
        title (str): What is done.
        paths (dict[str, Callable]): By name, called without arguments; the
            first is the baseline.
        rounds (int): Timed calls of each path, at least 1.
        warmup (int): Calls of each before, not timed.
        inputs (str): What it is done to, for the reader of the table.

    Returns:
        dict: ``title``, ``inputs``, ``machine``, ``threads``, ``rounds``;
        ``quick``, whether it was one of :func:`quick_run`; and
        by name of a path ``seconds`` (wall-clock) and ``cpu_seconds`` (this
        process's, and of what it started and waited for) as ``median``,
        ``min`` and ``max``; ``ratio``, the same of baseline/path round by
        round, and ``cpu_ratio`` by processor seconds; ``peak_mib``, see
        :func:`~benchmarks.machine.peak_mib`.
    """
    if not paths or rounds < 1:
        raise ValueError(f'{title}: nothing to time: {len(paths)} paths, '
                         f'{rounds} rounds')
    if _QUICK.get():
        rounds, warmup = 1, 0
    names = list(paths)
    for _ in range(warmup):
        for name in names:
            paths[name]()
    # What is there stays there, so that collecting between calls is cheap.
    gc.freeze()
    try:
        return _measure(title, paths, rounds, inputs)
    finally:
        gc.unfreeze()


def _measure(title: str, paths: dict[str, Callable[[], object]], rounds: int,
             inputs: str) -> dict:
    """The rounds that count, and the result."""
    names = list(paths)
    quick = _QUICK.get()
    peaks = {name: None if quick else peak_mib(paths[name]) for name in names}
    clock: dict[str, list[float]] = {name: [] for name in names}
    cpu: dict[str, list[float]] = {name: [] for name in names}
    for i in range(rounds):
        _say(f'{title}: round {i + 1} of {rounds}')
        for name in names if i % 2 == 0 else reversed(names):
            seconds, cpu_seconds = _time(paths[name])
            clock[name].append(seconds)
            cpu[name].append(cpu_seconds)
    _say('')
    result = dict(
        title=title, inputs=inputs, machine=machine_name(),
        threads=thread_count(), rounds=rounds, quick=quick,
        seconds={name: _summary(values) for name, values in clock.items()},
        cpu_seconds={name: _summary(values) for name, values in cpu.items()},
        ratio={name: _ratio(clock[names[0]], clock[name]) for name in names},
        cpu_ratio={name: _ratio(cpu[names[0]], cpu[name]) for name in names},
        peak_mib={name: None if peak is None else round(peak, 2)
                  for name, peak in peaks.items()})
    print('\n'.join(_rows(result)), flush=True)
    return result


def report(results: list[dict],
           json_path: str | Path | None = None,
           markdown_path: str | Path | None = None) -> None:
    """Print results as one table and write them.

    Args:
        results (list[dict]): Of :func:`side_by_side`; where a result has
            ``target``, the ratio that is aimed at, the table has it; where it
            has ``notes``, a list of sentences, these follow.
        json_path (str | Path, optional): Where the results go.
        markdown_path (str | Path, optional): Where the table goes.
    """
    text = markdown(results)
    print(f'\n{text}', flush=True)
    for path, content in ((json_path, json.dumps(results, indent=2) + '\n'),
                          (markdown_path, text)):
        if path is not None:
            Path(path).write_text(content, encoding='utf-8')


def markdown(results: list[dict]) -> str:
    """The results as a Markdown table, with a line that says where it ran."""
    lines = ['| what | path | seconds: median (min to max) | CPU seconds | '
             'ratio: median (min to max) | target | peak MiB |',
             '| --- | --- | --- | --- | --- | --- | --- |']
    places = []
    for result in results:
        lines += _rows(result)
        place = (f"{result['machine']}; threads {result['threads']}")
        if place not in places:
            places.append(place)
    notes = [f"* {result['title']}: {note}" for result in results
             for note in result.get('notes', ())]
    if any(result.get('quick') for result in results):
        lines = [QUICK_WARNING, '', *lines]
    return '\n'.join([*lines, '', *(f'Machine: {place}.' for place in places),
                      *([''] if notes else []), *notes, ''])


def _time(call: Callable[[], object]) -> tuple[float, float]:
    """Wall-clock and processor seconds of one call."""
    gc.collect()
    wait_for_device()
    cpu, clock = _cpu_seconds(), time.perf_counter()
    call()
    wait_for_device()
    return time.perf_counter() - clock, _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    """Processor time of all threads, and of processes that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(
        resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def _summary(values: list[float]) -> dict[str, float]:
    return dict(median=statistics.median(values), min=min(values),
                max=max(values))


def _ratio(baseline: list[float], own: list[float]) -> dict[str, float]:
    """How many times as long the baseline takes, round by round."""
    # The processor's clock may stand still during a very short call.
    return _summary([base / max(seconds, 1e-9)
                     for base, seconds in zip(baseline, own, strict=True)])


def _rows(result: dict) -> list[str]:
    """One row of the table for each path."""
    rows, names = [], list(result['seconds'])
    for name in names:
        seconds, ratio = result['seconds'][name], result['ratio'][name]
        peak = result['peak_mib'][name]
        target = result.get('target') if name != names[0] else None
        title = result['title']
        if result['inputs']:
            title += f" ({result['inputs']})"
        rows.append(
            f'| {title if name == names[0] else ""} | {name} | '
            + '{median:.4g} ({min:.4g} to {max:.4g}) | '.format(**seconds)
            + f"{result['cpu_seconds'][name]['median']:.4g} | "
            + ('1' if name == names[0] else
               '**{median:.3g}** ({min:.3g} to {max:.3g})'.format(**ratio))
            + f" | {'' if target is None else f'≥ {target:g}'} | "
            + f"{'?' if peak is None else f'{peak:.1f}'} |")
    return rows


def _say(text: str) -> None:
    """A line that the next one overwrites, for who watches."""
    if sys.stderr.isatty():
        print(f'\r\033[K{text}', end='', file=sys.stderr, flush=True)

"""What the commands of all benchmarks have in common."""

import argparse
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.side_by_side import quick_run, report


def make_parser(doc: str, rounds: int = 7) -> argparse.ArgumentParser:
    """A parser with ``--rounds``, ``--threads``, ``--json`` and ``--quick``.

    Args:
        doc (str): Docstring of the benchmark, shown by --help.
        rounds (int): Default of ``--rounds``.
    """
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=rounds,
                        help='timed calls of each path (default: %(default)s)')
    parser.add_argument('--threads', type=int, default=1,
                        help='of torch (default: %(default)s)')
    parser.add_argument('--json', metavar='OUT.json', help='write the figures')
    parser.add_argument('--quick', action='store_true',
                        help='each path once, on little: whether it works, not '
                        'how fast it is')
    return parser


def run(parser: argparse.ArgumentParser,
        measure: Callable[[argparse.Namespace], list[dict]],
        quick: Mapping[str, Any] | None = None) -> None:
    """Parse, measure, report: the ``main`` of a benchmark.

    Args:
        parser (argparse.ArgumentParser): From :func:`make_parser`.
        measure (Callable): Makes the results of the options.
        quick (Mapping, optional): Defaults of options under ``--quick``, by
            the name of their attribute.
    """
    args = parser.parse_args()
    if args.quick:
        parser.set_defaults(**(quick or {}))
        args = parser.parse_args()  # what was said stays
    with quick_run() if args.quick else contextlib.nullcontext():
        results = measure(args)
    report(results, args.json)


def set_threads(count: int) -> None:
    """Let torch and OpenCV use so many threads."""
    import cv2
    import torch
    torch.set_num_threads(count)
    cv2.setNumThreads(0 if count == 1 else count)

"""What the commands of all benchmarks have in common."""

import argparse
from collections.abc import Callable

from benchmarks.side_by_side import report


def make_parser(doc: str, rounds: int = 7) -> argparse.ArgumentParser:
    """A parser with ``--rounds``, ``--threads`` and ``--json``.

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
    return parser


def run(parser: argparse.ArgumentParser,
        measure: Callable[[argparse.Namespace], list[dict]]) -> None:
    """Parse, measure, report: the ``main`` of a benchmark."""
    args = parser.parse_args()
    report(measure(args), args.json)


def set_threads(count: int) -> None:
    """Let torch and OpenCV use so many threads."""
    import cv2
    import torch
    torch.set_num_threads(count)
    cv2.setNumThreads(0 if count == 1 else count)

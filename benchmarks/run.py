"""All benchmarks that compare with the textbook, one after the other.

    make bench
    OMP_NUM_THREADS=1 python -m benchmarks.run [--only rle labelling …] [--quick]

Writes work_dirs/bench/results.json and results.md; after each benchmark, so that
what was measured stays when it is stopped.  An hour or more; with --quick some
minutes, which show that all of them work here and measure nothing.
"""

import argparse
import importlib
import json
import sys
from pathlib import Path
from unittest import mock

from benchmarks.side_by_side import report

# In the order of the time they take.
NAMES = ('rle', 'mean_field', 'json_index', 'data_loading', 'loader',
         'training_step', 'vit_rate', 'labelling')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Options of this command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', nargs='+', choices=NAMES, default=NAMES,
                        metavar='NAME', help=f"of {', '.join(NAMES)}")
    parser.add_argument('--rounds', type=int,
                        help='of each; by default what each says')
    parser.add_argument('--threads', type=int, default=1,
                        help='of torch (default: %(default)s)')
    parser.add_argument('--quick', action='store_true',
                        help='each path once, on little: whether it works, not '
                        'how fast it is')
    parser.add_argument('--out', default='work_dirs/bench', metavar='FOLDER',
                        help='default: %(default)s')
    return parser.parse_args(argv)


def results_of(name: str, args: argparse.Namespace, folder: Path) -> list[dict]:
    """Run a benchmark by its own command line; what it measured.

    Args:
        name (str): Of its module.
        args (argparse.Namespace): Threads and rounds; else its own defaults.
        folder (Path): Where its JSON passes through.
    """
    module = importlib.import_module(f'benchmarks.{name}')
    path = folder / f'{name}.json'
    words = [name, '--threads', str(args.threads), '--json', str(path)]
    if args.rounds:
        words += ['--rounds', str(args.rounds)]
    if args.quick:
        words.append('--quick')
    with mock.patch.object(sys, 'argv', words):
        module.main()
    results = json.loads(path.read_text())
    path.unlink()
    return [dict(result, benchmark=name) for result in results]


def main() -> None:
    args = parse_args()
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    results: list[dict] = []
    for name in args.only:
        print(f'== {name}', flush=True)
        results += results_of(name, args, folder)
        report(results, folder / 'results.json', folder / 'results.md')


if __name__ == '__main__':
    main()

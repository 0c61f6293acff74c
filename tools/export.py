"""Keep good masks: ``python tools/export.py masks.json --out kept.json …``."""

import argparse

import mmdet_mal  # noqa: F401  its shields come first
from mmdet_mal.doctor import refuse_same_file
from mmdet_mal.labelling.export import BELOW, export_labels
from mmdet_mal.utils.tool import run_tool


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Copy a masks JSON without its worst masks, or with a mark '
        'on them; the input is never changed.',
        epilog='example:\n  python tools/export.py masks.json --out kept.json '
        '--min-score .5\ndocs/quality.md says what scores mean')
    parser.add_argument('masks', help='masks JSON of a label run')
    parser.add_argument('--out', required=True, metavar='KEPT.json',
                        help='the copy')
    parser.add_argument(
        '--min-score', required=True, type=float, metavar='S',
        help='the lowest score that is good enough, in [0, 1]; with a '
        'calibration, the IoU that may be expected')
    parser.add_argument(
        '--below', choices=BELOW, default='drop',
        help='masks of a lower score: drop them (default), mark them as crowd '
        '(iscrowd: 1; not a target, and not ground for detectors that heed '
        'such regions), or ignore (ignore: 1; stock MMDetection leaves them '
        'out while loading)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    refuse_same_file(args.out, args.masks, '--out')
    print(export_labels(args.masks, args.out, args.min_score, args.below))


if __name__ == '__main__':
    run_tool(main)

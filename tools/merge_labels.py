"""Merge shards: ``python tools/merge_labels.py --ann … --out … RUN_DIR …``."""

import argparse

import mmdet_mal  # noqa: F401
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.utils.tool import run_tool

_EXAMPLES = """\
examples:
  python tools/merge_labels.py --ann boxes.json --out masks.json masks.run
  python tools/merge_labels.py --ann boxes.json --out masks.json node*/masks.run

The folders must be of one label run (same boxes, checkpoint and config); what is
missing is named.  Merging again gives the same bytes.
"""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Put the parts of a label run together (label.py --shard)',
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'run_dirs', nargs='+', metavar='RUN_DIR', help='run folders')
    parser.add_argument(
        '--ann', required=True, metavar='BOXES.json',
        help='the boxes that were labelled')
    parser.add_argument(
        '--out', required=True, metavar='MASKS.json', help='the JSON to write')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    run = LabelRun(args.ann, args.out, args.run_dirs[0])
    print(run.finish(args.run_dirs[1:]))


if __name__ == '__main__':
    run_tool(main)

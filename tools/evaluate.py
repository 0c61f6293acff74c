"""Score masks: ``python tools/evaluate.py masks.json human.json``."""

import argparse
import tempfile
from pathlib import Path

import mmdet_mal  # noqa: F401  its shields come first
from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.evaluation.baselines import BASELINES, label_with_baseline
from mmdet_mal.evaluation.mask_iou import MaskIoUs, mask_ious, summarise
from mmdet_mal.evaluation.report import text_table, write_report
from mmdet_mal.utils.tool import run_tool


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Mean IoU of masks with human masks, box by box, by size '
        'of the box')
    parser.add_argument('masks', help='masks JSON of the labeller')
    parser.add_argument('human', help='COCO JSON of the same boxes with human '
                        'masks; crowds are left out')
    parser.add_argument('--name', default='MAL', help='name of the row')
    parser.add_argument(
        '--baselines', nargs='+', default=[], choices=list(BASELINES),
        help='label the same boxes with these and add their rows')
    parser.add_argument('--images', metavar='DIR',
                        help='folder of the images; grabcut needs it')
    parser.add_argument(
        '--baseline-dir', metavar='DIR',
        help='keep the masks JSONs of the baselines here, and use those that '
        'are here already (default: make them anew and drop them)')
    parser.add_argument('--out', metavar='RESULT.json',
                        help='write the scores here, and a table in Markdown '
                        'beside it')
    return parser.parse_args()


def score_baselines(names: list[str], human_file: str, human: dict,
                    images: str | None, folder: str) -> dict[str, MaskIoUs]:
    """Label the boxes of the human JSON with baselines, and score those."""
    scores = {}
    for name in names:
        out_file = str(Path(folder) / f'{name}.json')
        label_with_baseline(name, human_file, out_file, images, reuse=True)
        scores[name] = mask_ious(out_file, human)
    return scores


def main() -> None:
    args = parse_args()
    human = load_annotation_file(args.human)
    mal = mask_ious(args.masks, human)
    with tempfile.TemporaryDirectory() as temporary:
        scores = score_baselines(args.baselines, args.human, human, args.images,
                                 args.baseline_dir or temporary)
    scores[args.name] = mal

    summaries = {name: summarise(columns) for name, columns in scores.items()}
    print(text_table(summaries))
    missing = int(mal.missing.sum())
    if missing:
        print(f'{missing} of {len(mal)} boxes have no mask in {args.masks}; '
              'each counts as IoU 0')
    if args.out:
        markdown = write_report(
            args.out, summaries,
            dict(masks=args.masks, human=args.human, missing=missing))
        print(f'scores: {args.out}, table: {markdown}')


if __name__ == '__main__':
    run_tool(main)

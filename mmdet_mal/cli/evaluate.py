"""``mal evaluate``: score masks against human masks."""

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmdet_mal.evaluation.mask_iou import MaskIoUs

SUMMARY = 'Compare masks with human masks of the same boxes'
EPILOG = """\
examples:
  mal evaluate masks.json human.json
  mal evaluate masks.json human.json --baselines box ellipse grabcut \\
      --images photos --out scores.json

Mean IoU and Boundary IoU by size and class, share of masks over each IoU, the
worst masks.
"""

# As mmdet_mal.evaluation.baselines has them; a test compares.
BASELINES = ('box', 'ellipse', 'grabcut', 'random_walker')


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('masks', help='masks JSON of the labeller')
    parser.add_argument('human', help='COCO JSON of the same boxes with human '
                        'masks; crowds are left out')
    parser.add_argument('--name', default='MAL', help='name of the row')
    parser.add_argument(
        '--more', nargs='+', default=[], metavar='NAME=MASKS.json',
        help='masks of other labellers, a row each')
    parser.add_argument(
        '--baselines', nargs='+', default=[], choices=BASELINES,
        help='label the same boxes with these and add their rows')
    parser.add_argument('--images', metavar='DIR',
                        help='folder of the images, a .zip, .tar or .lmdb, '
                        'or an address: for grabcut and random_walker, and for a '
                        'picture of the worst masks beside --out')
    parser.add_argument(
        '--baseline-dir', metavar='DIR',
        help='keep the masks JSONs of the baselines here, and use those that '
        'are here already (default: make them anew and drop them)')
    parser.add_argument(
        '--retention', nargs=2, metavar=('MAL_LOG', 'HUMAN_LOG'),
        help='work folders (or JSON logs) of the same detector trained on '
        'these masks and on human masks: adds its AP and what is kept of it')
    parser.add_argument(
        '--out', metavar='RESULT.json',
        help='write all scores here; beside it a report in Markdown and plots')


def run(args: argparse.Namespace) -> None:
    """Score and print, and write what was asked for."""
    from mmdet_mal.datasets.annotations import load_annotation_file
    from mmdet_mal.evaluation.report import curve_rows, size_rows, text_table
    from mmdet_mal.evaluation.retention import read_mask_ap, retention_rows
    from mmdet_mal.evaluation.scores import labeller_scores

    retention = args.retention and retention_rows(
        *(read_mask_ap(log) for log in args.retention))
    human = load_annotation_file(args.human)
    pred = load_annotation_file(args.masks)
    columns = _score_all(args, human)

    own = {ann.get('id'): ann.get('score') for ann in pred['annotations']}
    scores = {
        name: labeller_scores(c, human, own if name == args.name else None)
        for name, c in columns.items()}
    print(text_table(size_rows(scores)))
    print(text_table(curve_rows(scores)))
    if retention:
        print(text_table(retention))
    missing = int(columns[args.name].missing.sum())
    if missing:
        print(f'{missing} of {len(columns[args.name])} boxes have no mask in '
              f'{args.masks}; each counts as IoU 0')
    if args.out:
        _write_files(args, scores, human, pred, missing, retention)


def _score_all(args: argparse.Namespace, human: dict) -> 'dict[str, MaskIoUs]':
    """Score the baselines, the other labellers and the main one, in order."""
    import tempfile
    from pathlib import Path

    from mmdet_mal.evaluation.baselines import label_with_baseline
    from mmdet_mal.evaluation.mask_iou import mask_ious
    from mmdet_mal.utils.errors import UserError

    scores = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name in args.baselines:
            masks = str(Path(args.baseline_dir or temporary) / f'{name}.json')
            label_with_baseline(name, args.human, masks, args.images,
                                reuse=True)
            scores[name] = mask_ious(masks, human)
    for item in args.more:
        name, found, masks = item.partition('=')
        if not (name and found and masks) or name in (*scores, args.name):
            raise UserError(f'--more {item}: expected NAME=MASKS.json with a '
                            'name that no other row has')
        scores[name] = mask_ious(masks, human)
    return scores | {args.name: mask_ious(args.masks, human)}


def _write_files(args: argparse.Namespace, scores: dict, human: dict,
                 pred: dict, missing: int, retention: list | None) -> None:
    """Write JSON, Markdown and pictures, and say where."""
    from pathlib import Path

    from mmdet_mal.evaluation.plots import write_plots
    from mmdet_mal.evaluation.report import write_report
    from mmdet_mal.evaluation.worst_picture import worst_grid
    from mmdet_mal.visualization import write_png

    markdown = write_report(
        args.out, scores, args.name,
        dict(masks=args.masks, human=args.human, missing=missing), retention)
    stem = Path(args.out).with_suffix('')
    print(f'scores: {args.out}, report: {markdown}, '
          f'plots: {write_plots(stem, scores, args.name)}')
    worst = scores[args.name]['worst']
    if args.images and worst:
        picture = f'{stem}_worst.png'
        write_png(picture, worst_grid(worst, pred, human, args.images))
        print(f'worst masks: {picture}')

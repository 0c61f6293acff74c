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
  mal evaluate masks.json human.json --baselines all --images photos \\
      --more twin=twin.json --baseline-dir baselines --out scores.json

Mean IoU and Boundary IoU by size, class and overlap with neighbours, share of
masks over each IoU, histogram, differences paired by box, the worst masks.
"""

# As mmdet_mal.evaluation.baselines has them; a test compares.
BASELINES = ('box', 'ellipse', 'grabcut', 'random_walker')
INSTANT = 'instant'
# What looks at the images.
_SEEING = ('grabcut', 'random_walker', INSTANT)
_ALL = 'all'


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
        '--baselines', nargs='+', default=[],
        choices=(*BASELINES, INSTANT, _ALL),
        help='label the same boxes with these and add their rows; random_walker '
        "needs 'mmdet-mal[baselines]', instant the weights of DeiT-Ti")
    parser.add_argument('--images', metavar='DIR',
                        help='folder of the images, a .zip, .tar or .lmdb, '
                        'or an address: for grabcut, random_walker and instant, '
                        'and for a picture of the worst masks beside --out')
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
    from mmdet_mal.evaluation.mask_iou import human_rles, naming
    from mmdet_mal.evaluation.report import (curve_rows, difference_rows, size_rows,
                                             text_table)
    from mmdet_mal.evaluation.retention import read_mask_ap, retention_rows
    from mmdet_mal.evaluation.scores import labeller_scores, paired_differences
    from mmdet_mal.utils.errors import UserError

    rows = _name_rows(args)
    _check_places(args, rows)
    retention = args.retention and retention_rows(
        *(read_mask_ap(log) for log in args.retention))
    human = load_annotation_file(args.human)
    with naming(args.human):
        targets = human_rles(human)
    if not targets:
        raise UserError(f'{args.human}: has no annotation to score against '
                        '(crowd regions are left out)')
    pred = load_annotation_file(args.masks)
    columns = _score_all(args, rows, human, targets)

    own = {ann.get('id'): ann.get('score') for ann in pred['annotations']}
    scores = {
        name: labeller_scores(c, human, own if name == args.name else None)
        for name, c in columns.items()}
    differences = paired_differences(columns, args.name)
    print(text_table(size_rows(scores)))
    print(text_table(curve_rows(scores)))
    if differences:
        print(text_table(difference_rows(differences, args.name,
                                         ('all', 'ge32'))))
    if retention:
        print(text_table(retention))
    missing = {name: int(c.missing.sum()) for name, c in columns.items()}
    for name, number in missing.items():
        if number:
            print(f'{number} of {len(targets)} boxes have no mask in '
                  f'{rows[name] or name}; each counts as IoU 0')
    if args.out:
        _write_files(args, scores, human, pred, dict(
            masks=args.masks, human=args.human, missing=missing[args.name]),
            retention=retention, differences=differences)


def _name_rows(args: argparse.Namespace) -> dict[str, str]:
    """Masks file of each row by name, in order; '' for a baseline to be run."""
    from mmdet_mal.utils.errors import UserError

    wanted = args.baselines
    if _ALL in wanted:
        wanted = [*BASELINES, INSTANT]
    rows = dict.fromkeys(wanted, '')
    for item in args.more:
        name, found, masks = item.partition('=')
        if not (name and found and masks) or name in (*rows, args.name):
            raise UserError(f'--more {item}: expected NAME=MASKS.json with a '
                            'name that no other row has')
        rows[name] = masks
    if args.name in rows:
        raise UserError(f'--name {args.name}: a baseline has this name; give '
                        'another')
    return rows | {args.name: args.masks}


def _check_places(args: argparse.Namespace, rows: dict[str, str]) -> None:
    """Find out what is wrong with the paths before the long work."""
    from pathlib import Path

    from mmdet_mal.datasets.image_source import image_source
    from mmdet_mal.doctor import refuse_same_file
    from mmdet_mal.labelling.files import check_writable
    from mmdet_mal.utils.errors import UserError

    seeing = [name for name in _SEEING if rows.get(name) == '']
    if seeing and args.images is None:
        raise UserError(f"baseline '{seeing[0]}' looks at the images; say where "
                        'they are (--images DIR)')
    if args.images is not None:
        image_source(args.images)
    inputs = [args.human, *filter(None, rows.values())]
    if args.out:
        if Path(args.out).suffix in ('.md', '.png'):
            raise UserError(f'--out {args.out}: names the JSON; the report in '
                            'Markdown and the plots go beside it')
        for path in inputs:
            refuse_same_file(args.out, path, '--out')
        check_writable(args.out, 'the scores')
    if args.baseline_dir:
        for name in (name for name, masks in rows.items() if not masks):
            for path in inputs:
                refuse_same_file(_baseline_file(args.baseline_dir, name), path,
                                 '--baseline-dir')


def _baseline_file(folder: str, name: str) -> str:
    """Where the masks of a baseline are kept."""
    from pathlib import Path

    return str(Path(folder) / f'{name}.json')


def _score_all(args: argparse.Namespace, rows: dict[str, str], human: dict,
               targets: dict[int, dict]) -> 'dict[str, MaskIoUs]':
    """Score every row; baselines without a file are run."""
    import tempfile

    from mmdet_mal.evaluation.baselines import (label_with_baseline,
                                                label_with_instant)
    from mmdet_mal.evaluation.mask_iou import mask_ious

    scores = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, masks in rows.items():
            if not masks:
                masks = _baseline_file(args.baseline_dir or temporary, name)
                if name == INSTANT:
                    label_with_instant(args.human, masks, args.images)
                else:
                    summary = label_with_baseline(name, args.human, masks,
                                                  args.images, reuse=True)
                    if summary is not None and summary.fallbacks:
                        print(f'{name}: filled boxes stand in for '
                              f'{sum(summary.fallbacks.values())} masks '
                              f"({', '.join(summary.fallbacks)})")
            scores[name] = mask_ious(masks, human, targets)
    return scores


def _write_files(args: argparse.Namespace, scores: dict, human: dict, pred: dict,
                 details: dict, **tables: object) -> None:
    """Write JSON, Markdown and pictures, and say where."""
    from pathlib import Path

    from mmdet_mal.datasets.annotations import AnnotationError
    from mmdet_mal.evaluation.plots import write_plots
    from mmdet_mal.evaluation.report import write_report
    from mmdet_mal.evaluation.worst_picture import worst_grid
    from mmdet_mal.visualization import write_png

    stem = Path(args.out).with_suffix('')
    pictures = [write_plots(stem, scores, args.name)]
    problem = None
    worst = scores[args.name]['worst']
    if args.images and worst:
        try:
            grid = worst_grid(worst, pred, human, args.images)
        except AnnotationError as error:  # the scores are none the worse
            problem = error
        else:
            pictures.append(f'{stem}_worst.png')
            write_png(pictures[-1], grid)
    markdown = write_report(args.out, scores, args.name, details, **tables,
                            pictures=[Path(path).name for path in pictures])
    print(f'scores: {args.out}, report: {markdown}, '
          f"pictures: {', '.join(pictures)}")
    if problem is not None:
        raise problem

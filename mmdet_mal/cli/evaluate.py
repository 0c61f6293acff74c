"""``mal evaluate``: score masks against human masks."""

import argparse
from typing import TYPE_CHECKING

from mmdet_mal.utils.choices import BASELINE_NAMES, INSTANT, SEEING_BASELINES

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
        choices=(*BASELINE_NAMES, INSTANT, _ALL),
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
    import tempfile

    rows = _name_rows(args)
    _check_places(args, rows)
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.baseline_dir or temporary
        kept = _check_baselines(args, rows, folder)
        _evaluate(args, rows, folder, kept)


def _evaluate(args: argparse.Namespace, rows: dict[str, str], folder: str,
              kept: set[str]) -> None:
    """Score and print, and write what was asked for, with the masks of
    baselines in ``folder``."""
    from mmdet_mal.datasets.annotations import load_annotation_file
    from mmdet_mal.evaluation.mask_iou import human_rles, naming
    from mmdet_mal.evaluation.report import (curve_rows, difference_rows, size_rows,
                                             text_table)
    from mmdet_mal.evaluation.retention import read_mask_ap, retention_rows
    from mmdet_mal.evaluation.scores import labeller_scores, paired_differences
    from mmdet_mal.utils.errors import UserError

    retention = args.retention and retention_rows(
        *(read_mask_ap(log) for log in args.retention))
    human = load_annotation_file(args.human)
    with naming(args.human):
        targets = human_rles(human)
    if not targets:
        raise UserError(f'{args.human}: has no annotation to score against '
                        '(crowd regions are left out)')
    pred = load_annotation_file(args.masks)
    columns = _score_all(args, rows, folder, kept, human, targets)

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
        wanted = [*BASELINE_NAMES, INSTANT]
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
    from mmdet_mal.labelling.files import check_writable, refuse_overwriting
    from mmdet_mal.utils.errors import UserError

    seeing = [name for name in (*SEEING_BASELINES, INSTANT) if rows.get(name) == '']
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
        refuse_overwriting(args.out, inputs, '--out')
        check_writable(args.out, 'the scores')
    if args.baseline_dir:
        for name in (name for name, masks in rows.items() if not masks):
            refuse_overwriting(_baseline_file(args.baseline_dir, name), inputs,
                               '--baseline-dir')


def _baseline_file(folder: str, name: str) -> str:
    """Where the masks of a baseline are kept."""
    from pathlib import Path

    return str(Path(folder) / f'{name}.json')


def _check_baselines(args: argparse.Namespace, rows: dict[str, str],
                     folder: str) -> set[str]:
    """Find out what a baseline lacks before the first of them has begun.

    Returns:
        set[str]: those whose masks are in the folder already.
    """
    if all(rows.values()):
        return set()
    from mmdet_mal.evaluation.baselines import check_baseline, check_instant

    kept = set()
    for name in (name for name, masks in rows.items() if not masks):
        places = args.human, _baseline_file(folder, name), args.images
        if name == INSTANT:
            check_instant(*places)
        elif check_baseline(name, *places):
            kept.add(name)
    return kept


def _score_all(args: argparse.Namespace, rows: dict[str, str], folder: str,
               kept: set[str], human: dict,
               targets: dict[int, dict]) -> 'dict[str, MaskIoUs]':
    """Score every row; baselines without a file are run."""
    from mmdet_mal.evaluation.mask_iou import mask_ious

    scores = {}
    # First what may turn out to be faulty: files that were given, and the
    # process of its own, which looks at its input before it labels.
    for name in sorted(rows, key=lambda name: (rows[name] == '', name != INSTANT)):
        masks = rows[name] or _baseline_file(folder, name)
        if not rows[name] and name not in kept:
            _label(args, name, masks)
        scores[name] = mask_ious(masks, human, targets)
    return {name: scores[name] for name in rows}


def _label(args: argparse.Namespace, name: str, masks: str) -> None:
    """Run a baseline, and say what it could not label."""
    from mmdet_mal.evaluation.baselines import (label_with_baseline,
                                                label_with_instant)

    if name == INSTANT:
        label_with_instant(args.human, masks, args.images)
        return
    summary = label_with_baseline(name, args.human, masks, args.images)
    if summary.fallbacks:
        print(f'{name}: filled boxes stand in for '
              f'{sum(summary.fallbacks.values())} masks '
              f"({', '.join(summary.fallbacks)})")


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

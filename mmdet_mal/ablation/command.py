"""``tools/ablation.py``: run a grid of settings."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmdet_mal.utils.settings_action import SettingsAction

if TYPE_CHECKING:  # help and mistakes in the grid need none of it
    from mmdet_mal.experiments.job_places import JobPlace

    from .runner import AblationRun

_EPILOG = '''examples:
  python tools/ablation.py configs/mal/ablations/theta.yaml --dry-run
  python tools/ablation.py configs/mal/ablations/theta.yaml --seeds 0 1 2
  python tools/ablation.py configs/mal/ablations/zeta.yaml --max-iters 150 \\
      --score-number 40 --out work_dirs/ablations/zeta_short

The grids are small by default: the config and the photographs of coco_mini
(MAL_DATA_ROOT, MAL_WEIGHTS).  On COCO:
  python tools/ablation.py configs/mal/ablations/theta.yaml \\
      --config configs/mal/mal_vit-mae-b_coco.py \\
      --boxes data/coco/annotations/instances_train2017.json \\
      --images data/coco/train2017 \\
      --human data/coco/annotations/instances_val2017.json \\
      --score-images data/coco/val2017 --out work_dirs/ablations/theta_coco \\
      --jobs auto

Start the same command again to go on where it stopped; more seeds may be added.
Exit code 1: a cell failed (the others were run).'''


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EPILOG,
        description='Train, label and score each cell of a grid of settings, and '
        'compare it with the base, box by box.')
    parser.add_argument('grid', help='YAML file, as in configs/mal/ablations')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0], metavar='N',
                        help='of the trainings (default: 0)')
    parser.add_argument(
        '--max-iters', type=int, metavar='N',
        help='shorten longer trainings to so many iterations, with their '
        'schedules in proportion')
    parser.add_argument(
        '--out', metavar='DIR',
        help='folder of the experiment (default: work_dirs/ablations/GRID)')
    parser.add_argument('--config', help="config in place of the grid's")
    parser.add_argument('--boxes', metavar='BOXES.json',
                        help='train on these boxes (default: coco_mini)')
    parser.add_argument('--images', metavar='PLACE', help='their images')
    parser.add_argument(
        '--human', metavar='HUMAN.json',
        help='COCO JSON with human masks: its boxes are labelled, and the labels '
        'scored (default: the training photographs of coco_mini)')
    parser.add_argument('--score-images', metavar='PLACE',
                        help='images of --human (default: --images)')
    parser.add_argument('--score-number', type=int, metavar='N',
                        help='label and score about N of these images only')
    parser.add_argument(
        '--jobs', default='1', metavar='N',
        help='cells at the same time, each in processes of its own: on the GPUs '
        'in turn, and with a share of the cores; "auto" is one a visible GPU '
        '(default: 1)')
    parser.add_argument('--dry-run', action='store_true',
                        help='list the cells, who runs them and their time, and '
                        'run nothing')
    parser.add_argument(
        '--cfg-options', nargs='+', action=SettingsAction, metavar='KEY=VALUE',
        help='settings of all cells, e.g. train_dataloader.num_workers=0; unlike '
        'elsewhere an unknown key is an error')
    return parser


def main() -> None:
    """Run the command."""
    args = make_parser().parse_args()
    import mmdet_mal  # noqa: F401  its shields come first
    from .grid import load_grid
    grid = load_grid(args.grid, args.config)

    from mmdet_mal.experiments.command import exit_on_sigterm, keep_log_short
    from mmdet_mal.experiments.job_places import choose_jobs, visible_gpus

    from .data import AblationData
    from .report import PLOT, REPORT, RESULTS, print_table
    from .runner import AblationRun
    exit_on_sigterm()
    keep_log_short()
    data = AblationData.from_options(args.boxes, args.images, args.human,
                                     args.score_images, args.score_number)
    out = Path(args.out or Path('work_dirs/ablations') / grid.name)
    gpus = visible_gpus()
    run = AblationRun(grid, data, args.seeds, out, args.max_iters, args.cfg_options,
                      choose_jobs(args.jobs, gpus), gpus)
    if args.dry_run:
        _show_plan(run)
        return
    try:
        failed = run.run()
    except (KeyboardInterrupt, SystemExit):
        print('\nStopped; nothing is lost. Start the same command again to go on.',
              file=sys.stderr)
        raise
    print_table(grid, run.runs, failed)
    print(f'{out / RESULTS}, {out / REPORT}, {out / PLOT}')
    if failed:
        print(f'{len(failed)} of {len(run.runs)} cells failed; why stands in '
              f'{out / REPORT}', file=sys.stderr)
        sys.exit(1)


def _show_plan(run: 'AblationRun') -> None:
    from mmdet_mal.evaluation.report import text_table
    boxes = len(run.data.scored()['annotations'])
    print(run.grid.title)
    print(text_table(run.plan_rows(boxes)))
    many = len(run.places) > 1
    if many:
        print(_places_line(run.places))
    done = [r for r in run.runs if r.state == 'done']
    left = len(run.runs) - len(done)
    seconds = run.expected_seconds(boxes)
    if left and seconds is not None:
        print(f'{left} cells are left, about {seconds / 60:.0f} minutes at the '
              f'speed of the {len(done)} that are done'
              + (' (with fewer jobs or more they ran at another speed)'
                 if many else ''))
    elif left:
        print(f'{left} cells, none done: times are known when the first is')


def _places_line(places: Sequence['JobPlace']) -> str:
    """Who runs where, and that the table's column is a forecast."""
    from mmdet_mal.machine.cores import usable_cores
    where = '; '.join(f'job {number} on {place.device}'
                      for number, place in enumerate(places, 1))
    cores = usable_cores()
    crowded = (f'; more jobs than the {cores} usable cores'
               if len(places) > cores else '')
    return (f'{len(places)} cells at a time: {where}; {places[0].threads} each'
            f'{crowded}. The job that is free first takes the next cell; the '
            'table deals by the expected times.')

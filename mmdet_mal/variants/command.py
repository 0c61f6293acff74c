"""``tools/analysis/switch_effects.py``: the effect of each switch of labelling."""

import argparse
import os
import sys
from pathlib import Path

_SETS = ('coco_mini', 'feral_cats', 'nuclei')

_EPILOG = '''examples:
  python tools/analysis/switch_effects.py configs/mal/ablations/inference.yaml \\
      epoch_18.pth --out work_dirs/switches
  python tools/analysis/switch_effects.py configs/mal/ablations/inference.yaml \\
      epoch_18.pth --out work_dirs/switches_train --part train --number 30
  python tools/analysis/switch_effects.py my_grid.yaml epoch_18.pth --out mine \\
      --set mine instances.json photos/

Choose settings by the training photographs (--part train), report dev.
Rows that differ behind the network share its passes.  Start the same command again
to go on where it stopped.'''


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EPILOG,
        description='Label data sets with each row of a grid of labelling settings '
        'and table the differences to its base, paired by box. Nothing is trained.')
    parser.add_argument('grid', help='YAML file, see docs/ablations.md')
    parser.add_argument('checkpoint', nargs='?',
                        help='weights of a labeller that has been trained')
    parser.add_argument('--out', required=True, metavar='DIR',
                        help='folder of the experiment')
    parser.add_argument(
        '--set', dest='sets', nargs=3, action='append', default=[],
        metavar=('NAME', 'HUMAN.json', 'IMAGES'),
        help='data set with human masks; several may be given (default: '
        f'{", ".join(_SETS)} below MAL_DATA_ROOT)')
    parser.add_argument('--part', choices=('train', 'dev'), default='dev',
                        help='of the default sets (default: dev)')
    parser.add_argument('--number', type=int, metavar='N',
                        help='about N images of each set, evenly spread')
    parser.add_argument('--config', help="config in place of the grid's")
    return parser


def main() -> None:
    """Run the command."""
    args = make_parser().parse_args()
    import mmdet_mal  # noqa: F401  its shields come first
    from mmdet_mal.ablation.data import AblationData
    from mmdet_mal.ablation.grid import load_grid
    from mmdet_mal.evaluation.report import text_table
    from mmdet_mal.experiments.command import exit_on_sigterm, keep_log_short
    from mmdet_mal.utils.errors import UserError

    from .effects_run import REPORT, EffectsRun
    exit_on_sigterm()
    keep_log_short()
    sets = args.sets
    if not sets:
        root = Path(os.environ.get('MAL_DATA_ROOT', '../shared/data'))
        sets = [(name, str(root / name / f'annotations/instances_{args.part}.json'),
                 str(root / name / 'images')) for name in _SETS]
    names = [name for name, _, _ in sets]
    if len(set(names)) != len(names) or any('/' in name for name in names):
        raise UserError(f'--set {" ".join(names)}: names must differ and have no /')
    data = {name: AblationData.from_options(human, images, human, images, args.number)
            for name, human, images in sets}
    run = EffectsRun(load_grid(args.grid, args.config), data, Path(args.out),
                     args.checkpoint)
    try:
        rows = run.run()
    except (KeyboardInterrupt, SystemExit):
        print('\nStopped; nothing is lost. Start the same command again to go on.',
              file=sys.stderr)
        raise
    print(text_table(rows))
    print(Path(args.out) / REPORT)

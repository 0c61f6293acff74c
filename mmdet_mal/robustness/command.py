"""``tools/analysis/loose_boxes.py``: labellers on boxes that are off."""

import argparse
import sys
from pathlib import Path

from mmdet_mal.utils.choices import BASELINE_NAMES

from .kinds import KINDS

DEFAULT_LEVELS = (0., .05, .1, .15, .2, .3)

_EPILOG = '''examples:
  python tools/analysis/loose_boxes.py instances.json --images photos/ --out loose \\
      --baselines box ellipse --labeller instant_deit-ti
  python tools/analysis/loose_boxes.py instances.json --images photos/ --out loose \\
      --labeller mal_deit-ti_coco-mini epoch_18.pth
  python tools/analysis/loose_boxes.py instances.json --images photos/ --out loose \\
      --labeller configs/mal/ablations/loose_trained.yaml epoch_18.pth

A grid (.yaml, docs/ablations.md) compares settings of one labeller: its rows share
the network's passes.  Start the same command again to go on where it stopped;
labellers and levels may be added in the same folder.'''


def make_parser() -> argparse.ArgumentParser:
    """The command's options."""
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EPILOG,
        description='Shift and scale the boxes of a data set, label them, and '
        'draw the mean IoU with human masks over how far the boxes are off.')
    parser.add_argument('human', metavar='HUMAN.json',
                        help='COCO JSON with human masks; only the scores read them')
    parser.add_argument('--images', required=True, metavar='PLACE',
                        help='folder, archive or address of its images')
    parser.add_argument('--out', required=True, metavar='DIR',
                        help='folder of the experiment')
    parser.add_argument(
        '--labeller', nargs='+', action='append', default=[],
        metavar=('[NAME=]CONFIG', 'CHECKPOINT'),
        help='config or grid of settings and, if it has been trained, its '
        'checkpoint; NAME is for the table (default: that of the file); may be '
        'given several times')
    parser.add_argument('--baselines', nargs='*', default=[],
                        choices=BASELINE_NAMES, help='labellers without learning')
    parser.add_argument('--levels', nargs='+', type=float, metavar='SHARE',
                        default=list(DEFAULT_LEVELS),
                        help='how far boxes are off, as a share of their size '
                        '(default: 0 .05 .1 .15 .2 .3)')
    parser.add_argument('--how', choices=tuple(KINDS), default='both',
                        help='; '.join(f'{k}: {v}' for k, v in KINDS.items()))
    parser.add_argument('--seed', type=int, default=0,
                        help='of the directions (default: 0)')
    parser.add_argument('--number', type=int, metavar='N',
                        help='about N of the images, evenly spread')
    return parser


def main() -> None:
    """Run the command."""
    args = make_parser().parse_args()
    import mmdet_mal  # noqa: F401  its shields come first
    from mmdet_mal.ablation.data import AblationData
    from mmdet_mal.experiments.command import exit_on_sigterm, keep_log_short
    from mmdet_mal.utils.errors import UserError
    from mmdet_mal.variants.job import load_labeller

    from .loose_run import REPORT, LooseRun
    exit_on_sigterm()
    keep_log_short()
    if not args.labeller and not args.baselines:
        raise UserError('nothing to label with; give --labeller CONFIG, or '
                        '--baselines box ellipse')
    if not all(0 <= level < 1 for level in args.levels):
        raise UserError(f'--levels {" ".join(f"{v:g}" for v in args.levels)}: '
                        'expected shares in [0, 1), such as .1')
    if args.seed < 0:
        raise UserError(f'--seed {args.seed}: expected 0 or more')
    data = AblationData.from_options(args.human, args.images, args.human,
                                     args.images, args.number)
    labellers = {}
    for words in args.labeller:
        if len(words) > 2:
            raise UserError(f'--labeller {" ".join(words)}: expected a config or '
                            'grid and at most one checkpoint')
        name, equals, config = words[0].rpartition('=')
        known_as, groups = load_labeller(config, *words[1:])
        name = name if equals else known_as
        if not name or name in labellers:
            raise UserError(f'--labeller {words[0]}: each needs a name of its own; '
                            'write NAME=CONFIG')
        labellers[name] = groups
    run = LooseRun(data, labellers, args.baselines, args.levels, Path(args.out),
                   args.how, args.seed)
    try:
        table = run.run()
    except (KeyboardInterrupt, SystemExit):
        print('\nStopped; nothing is lost. Start the same command again to go on.',
              file=sys.stderr)
        raise
    print(table)
    print(Path(args.out) / REPORT)

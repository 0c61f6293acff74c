"""``tools/retention.py``: the table from logs, or from trainings that it runs."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.settings_action import SettingsAction

_EPILOG = '''examples:
  python tools/retention.py --logs MAL=work_dirs/solov2_mal \\
      --human work_dirs/solov2_human --out retention
  python tools/retention.py run configs/phase2/coco-mini/mask-rcnn_deit-ti_coco-mini.py \\
      --class-agnostic --masks MAL=masks.json box=baselines/box.json \\
      --human instances_train.json --val instances_dev.json --images images \\
      --out work_dirs/retention'''  # noqa: E501  a command that can be pasted

_RUN_EPILOG = '''Every training has the same config, seed and schedule; only the masks
differ, which is checked.  Start the same command again to go on where it stopped;
more --masks may be added.  Exit code 1: a training failed (the others were run).'''


def make_logs_parser() -> argparse.ArgumentParser:
    """Options of the table from logs."""
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EPILOG,
        description='What a detector trained on masks from boxes keeps of the mask '
        'AP that it has with human masks. With "run" as the first word the '
        'trainings are run, too (retention.py run --help).')
    parser.add_argument(
        '--logs', nargs='+', required=True, metavar='NAME=LOG',
        help='work folders or logs of trainings on masks from boxes')
    parser.add_argument('--human', required=True, metavar='LOG',
                        help='that of the training on human masks')
    parser.add_argument(
        '--allow-unfinished', action='store_true',
        help='take the last evaluation of trainings that stopped early')
    parser.add_argument('--out', metavar='STEM',
                        help='write STEM.json, STEM.md and STEM.png')
    return parser


def make_run_parser() -> argparse.ArgumentParser:
    """Options of the trainings."""
    parser = argparse.ArgumentParser(
        prog=f'{os.path.basename(sys.argv[0])} run', epilog=_RUN_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Train one detector on several kinds of masks of the same '
        'boxes, test each on human masks, and print the table.')
    parser.add_argument('config', help='config of a detector with a mask branch')
    parser.add_argument('--masks', nargs='+', required=True, metavar='NAME=JSON',
                        help='masks made from the boxes, a training each')
    parser.add_argument('--human', required=True, metavar='JSON',
                        help='human masks of the same boxes')
    parser.add_argument('--val', required=True, metavar='JSON',
                        help='human masks of other images')
    parser.add_argument('--images', required=True, metavar='DIR',
                        help='folder of the images')
    parser.add_argument('--val-images', metavar='DIR',
                        help='folder of the images of --val (default: --images)')
    parser.add_argument('--out', required=True, metavar='DIR',
                        help='folder of the experiment')
    parser.add_argument('--seed', type=int, default=0, help='of all trainings')
    parser.add_argument(
        '--max-epochs', type=int, metavar='N',
        help='train so many epochs, with the schedules in proportion')
    parser.add_argument(
        '--class-agnostic', action='store_true',
        help='train one class "object": with few images a detector learns where '
        'objects are long before it learns 80 names')
    parser.add_argument(
        '--cfg-options', nargs='+', action=SettingsAction, metavar='KEY=VALUE',
        help='override settings, e.g. train_dataloader.batch_size=4')
    return parser


def main() -> None:
    """Run the command."""
    if sys.argv[1:2] == ['run']:
        _run(make_run_parser().parse_args(sys.argv[2:]))
    else:
        _compare(make_logs_parser().parse_args())


def _compare(args: argparse.Namespace) -> None:
    from .comparison import compare_logs
    from .table import write_table
    table = compare_logs(args.human, _pairs('--logs', args.logs),
                         'accept' if args.allow_unfinished else 'refuse')
    _show(table)
    if args.out:
        print(', '.join(write_table(args.out, table)))


def _run(args: argparse.Namespace) -> None:
    import mmdet_mal  # noqa: F401  its shields come first
    from mmdet_mal.experiments.command import exit_on_sigterm, keep_log_short

    from .runner import TABLE, RetentionRun
    exit_on_sigterm()
    keep_log_short()
    run = RetentionRun(
        args.config, args.human, _pairs('--masks', args.masks), args.val,
        args.images, Path(args.out), args.val_images,
        'agnostic' if args.class_agnostic else 'keep', args.seed, args.max_epochs,
        args.cfg_options)
    try:
        table, failed = run.run()
    except (KeyboardInterrupt, SystemExit):
        print('\nStopped; nothing is lost. Start the same command again to go on.',
              file=sys.stderr)
        raise
    _show(table)
    stem = Path(args.out) / TABLE
    print(f'{stem}.json, {stem}.md, {stem}.png')
    if failed:
        print(f'{len(failed)} trainings failed: {", ".join(failed)}',
              file=sys.stderr)
        sys.exit(1)


def _show(table) -> None:
    from mmdet_mal.evaluation.report import text_table
    print(text_table(table.rows()))
    for note in table.remarks():
        print(f'note: {note}', file=sys.stderr)


def _pairs(option: str, words: Sequence[str]) -> dict[str, str]:
    """NAME=PATH words as a dict.

    Raises:
        UserError: a word is not of that form, or a name is there twice.
    """
    pairs: dict[str, str] = {}
    for word in words:
        name, found, path = word.partition('=')
        if not (name and found and path) or name in pairs or name == 'human':
            raise UserError(f'{option} {word}: expected NAME=PATH with a name that '
                            'no other has, and other than human')
        pairs[name] = path
    return pairs

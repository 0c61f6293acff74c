"""``mal train``: train the labeller of a config."""

import argparse
import sys

from mmdet_mal.machine.options import add_precision_option, set_precision
from mmdet_mal.utils.tool import (add_run_options, load_config, note_local_rank,
                                  prepare_work_dir)

SUMMARY = 'Train the mask labeller'
EPILOG = """\
examples:
  mal train mal_deit-ti_coco-mini --work-dir work_dirs/mine
  mal train masks/config.py --work-dir masks/train --resume

CONFIG is a file, or the name of a shipped config.  A training that was stopped
goes on with --resume.  More: docs/training.md
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('config', help='config file, or name of a shipped one')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints')
    parser.add_argument(
        '--resume', nargs='?', const='auto', metavar='CHECKPOINT',
        help='go on from a checkpoint; without a value, from the latest sound '
        'one in the work folder')
    parser.add_argument(
        '--auto-scale-lr', action='store_true',
        help='scale the learning rate by the global batch over '
        'auto_scale_lr.base_batch_size')
    add_precision_option(parser)
    add_run_options(parser, 'train_dataloader.batch_size=4')


def run(args: argparse.Namespace) -> None:
    """Train, or go on training."""
    note_local_rank(args)
    from mmengine.runner import Runner

    from mmdet_mal.engine.checkpoint import load_weights
    from mmdet_mal.engine.optim_wrapper import training_precision
    from mmdet_mal.engine.resume import check_resumable
    from mmdet_mal.labelling.weights import needs_checkpoint
    from mmdet_mal.machine.process import prepare_process
    from mmdet_mal.utils.annotation_paths import check_annotation_paths
    from mmdet_mal.utils.errors import UserError

    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if not needs_checkpoint(cfg):
        raise UserError(f'{args.config}: its labeller is not trained; it labels '
                        'at once (tools/label.py CONFIG --ann …)')
    check_annotation_paths(cfg, args.config)
    set_precision(cfg, args.precision)
    prepare_work_dir(cfg, args.work_dir, args.config)

    if args.auto_scale_lr:
        if 'base_batch_size' not in cfg.get('auto_scale_lr', {}):
            raise UserError(f'--auto-scale-lr: {args.config} does not say '
                            'auto_scale_lr.base_batch_size; add it')
        cfg.auto_scale_lr.enable = True
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    # A bad file fails here, in a second, not after the data are read.
    if cfg.get('load_from') and '://' not in cfg.load_from:
        if cfg.get('resume'):
            check_resumable(cfg.load_from)
        else:
            load_weights(cfg.load_from)

    prepared = prepare_process(training_precision(cfg))
    runner = Runner.from_cfg(cfg)
    runner.logger.info(prepared)
    try:
        runner.train()
    except KeyboardInterrupt:
        print(f'\nStopped; what is behind the last checkpoint in {cfg.work_dir} '
              'is not lost. Go on with the same command and --resume.',
              file=sys.stderr)
        raise

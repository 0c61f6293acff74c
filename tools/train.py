"""Train the labeller: ``python tools/train.py CONFIG``."""

import argparse

import mmdet_mal  # noqa: F401  its shields come before mmengine's runner
from mmengine.runner import Runner

from mmdet_mal.engine.checkpoint import load_weights
from mmdet_mal.engine.resume import check_resumable
from mmdet_mal.labelling.weights import needs_checkpoint
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import (load_config, parse_run_args,
                                  prepare_work_dir, run_tool)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description='Train the mask labeller')
    parser.add_argument('config', help='config file')
    parser.add_argument('--work-dir', help='folder for logs and checkpoints')
    parser.add_argument(
        '--resume', nargs='?', const='auto', metavar='CHECKPOINT',
        help='go on from a checkpoint; without a value, from the latest sound '
        'one in the work folder')
    parser.add_argument(
        '--auto-scale-lr', action='store_true',
        help='scale the learning rate by the global batch over '
        'auto_scale_lr.base_batch_size')
    return parse_run_args(parser, 'train_dataloader.batch_size=4')


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if not needs_checkpoint(cfg):
        raise UserError(f'{args.config}: its labeller is not trained; it labels '
                        'at once (tools/label.py CONFIG --ann …)')
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

    Runner.from_cfg(cfg).train()


if __name__ == '__main__':
    run_tool(main)

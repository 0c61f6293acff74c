"""``mal label``: a mask for every box."""

import argparse

from mmdet_mal.labelling.box_trust import add_boxes_option, trust_boxes
from mmdet_mal.labelling.options import add_label_options
from mmdet_mal.machine.options import add_precision_option, set_precision
from mmdet_mal.utils.tool import (add_run_options, load_config, note_local_rank,
                                  prepare_work_dir)

SUMMARY = 'Write a mask for every box of a COCO-style JSON'
EPILOG = """\
examples:
  mal label instant_deit-ti --ann boxes.json --images photos/   # no training
  mal label mal_deit-ti_coco-mini epoch_18.pth --ann boxes.json \\
      --images photos/ --out masks.json
  mal label CONFIG CHECKPOINT --ann boxes.json --images photos.zip
  mal label CONFIG CHECKPOINT --ann boxes.json --images photos/ \\
      --out masks.json --shard 0/4        # the first of four machines

CONFIG is a file, or the name of a shipped config.  Several devices of one
machine: bash tools/dist_label.sh CONFIG CHECKPOINT 8 --ann … --images …

A run that was cut off goes on where it stopped: start the same command again.
Exit code: 0 done, 2 something to mend (one line says what), 130 and 143 stopped
by SIGINT and SIGTERM with everything on disk.  More: docs/label_runs.md
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    add_label_options(parser)
    parser.add_argument(
        '--shard', metavar='i/n',
        help='label only part i of n, counted from 0, on a machine of its own; '
        'tools/merge_labels.py puts the parts together')
    parser.add_argument(
        '--work-dir', help="folder for MMEngine's logs (default: in the run's)")
    add_boxes_option(parser)
    add_precision_option(parser)
    add_run_options(parser, 'test_dataloader.num_workers=8 log_level=INFO')


def run(args: argparse.Namespace) -> None:
    """Label, or go on labelling."""
    note_local_rank(args)
    from mmdet_mal.labelling.command import (LabelJob, examine, is_first_rank,
                                             point_config_at, run_labelling)
    from mmdet_mal.labelling.weights import choose_weights

    job = LabelJob.from_options(args.ann, args.images, args.out, args.run_dir,
                                args.shard)
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    if 'log_level' not in (args.cfg_options or {}):
        cfg.log_level = 'WARNING'  # the bar and the summary say the rest
    trust_boxes(cfg, args.boxes)
    set_precision(cfg, args.precision, ('label', ))
    point_config_at(cfg, job)
    choose_weights(cfg, args.checkpoint)
    prepare_work_dir(cfg, args.work_dir or job.work_dir, args.config)
    if is_first_rank(args.launcher):
        examine(job, args.check_images)
    run_labelling(cfg)

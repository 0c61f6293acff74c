"""Label on a Ray cluster: ``python tools/label_ray.py CONFIG [CHECKPOINT] …``."""

import argparse
import os.path as osp
import sys

from mmengine.config import DictAction

import mmdet_mal  # noqa: F401  its shields come before mmdet
from mmdet_mal.labelling.command import LabelJob, examine, point_config_at
from mmdet_mal.labelling.on_ray.cluster import import_ray
from mmdet_mal.labelling.on_ray.label import RayOptions, label_on_ray
from mmdet_mal.labelling.on_ray.pool import ActorOptions
from mmdet_mal.labelling.options import add_label_options
from mmdet_mal.labelling.signals import LabelRunStopped, StopSignals, resume_command
from mmdet_mal.labelling.weights import choose_weights
from mmdet_mal.utils.tool import load_config, run_tool

_EXAMPLES = """\
examples:
  python tools/label_ray.py configs/mal/mal_deit-ti_coco-mini.py epoch_18.pth \\
      --ann boxes.json --images /shared/photos --out masks.json
  python tools/label_ray.py CONFIG CHECKPOINT --ann boxes.json \\
      --images photos/ --address local --actors 2   # no cluster: this machine

The file is that of tools/label.py, byte for byte, and either tool resumes what
the other has begun.  Exit codes are the same, too.  More: docs/scaling_out.md
"""


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Write a mask for every box of a COCO-style JSON, on Ray',
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add_label_options(parser)
    parser.add_argument(
        '--address', default='auto',
        help="'auto' (default): the cluster that this machine belongs to; "
        "host:port: another; 'local': start one of this machine alone")
    parser.add_argument(
        '--actors', type=_at_least_1, metavar='N',
        help='default: as many as the cluster has room for now')
    parser.add_argument(
        '--gpus-per-actor', type=_amount, metavar='G',
        help='may be a fraction (default: 1 where the cluster has GPUs, else 0)')
    parser.add_argument(
        '--cpus-per-actor', type=_amount, default=1., metavar='C',
        help='default: 1')
    parser.add_argument(
        '--max-retries', type=_at_least_0, default=3, metavar='R',
        help='how often a chunk is tried again after its actor died or raised '
        '(default: 3)')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
        help='override settings, e.g. test_dataloader.dataset.chunk_boxes=32')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    import_ray()  # if it is not there, that is said at once
    # Ray's workers run in folders of their own.
    images = args.images if '://' in args.images else osp.abspath(args.images)
    job = LabelJob.from_options(args.ann, images, args.out, args.run_dir)
    config = load_config(args.config, args.cfg_options)
    point_config_at(config, job)
    choose_weights(config, args.checkpoint)
    examine(job, args.check_images)
    actors = ActorOptions(args.actors, args.gpus_per_actor, args.cpus_per_actor)
    options = RayOptions(args.address, actors, args.max_retries)
    try:
        # For the time before and after the labelling, which has its own.
        with StopSignals():
            print(label_on_ray(config, config.load_from, job.out_file,
                               job.run_dir, options))
    except LabelRunStopped as stop:
        if not stop.reported:
            print('\nStopped; nothing is lost. Start the same command again:\n  '
                  f'{resume_command()}', file=sys.stderr, flush=True)
        raise


def _at_least_1(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError(f'{text} is less than 1')
    return int(text)


def _at_least_0(text: str) -> int:
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f'{text} is less than 0')
    return int(text)


def _amount(text: str) -> float:
    if not 0 <= float(text) < float('inf'):
        raise argparse.ArgumentTypeError(f'{text} is not 0 or more')
    return float(text)


if __name__ == '__main__':
    run_tool(main)

"""Label the test data of a config: ``python tools/test.py CONFIG [CHECKPOINT]``.

tools/label.py does the same for boxes and images that are named on its command
line, and looks at them first.
"""

import argparse

import mmdet_mal  # noqa: F401  its shields come before mmengine's runner
from mmengine.config import Config

from mmdet_mal.labelling.command import (LABEL_HOOK, find_label_hook,
                                         run_labelling)
from mmdet_mal.labelling.weights import choose_weights
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import (load_config, parse_run_args,
                                  prepare_work_dir, run_tool)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Turn the boxes of a COCO JSON into masks')
    parser.add_argument('config', help='config file')
    parser.add_argument(
        'checkpoint', nargs='?',
        help='checkpoint of the labeller; an InstantLabeler needs none')
    parser.add_argument(
        '--out', metavar='MASKS.json',
        help='the JSON to write (default: masks.json in the work folder)')
    parser.add_argument('--work-dir', help='folder for logs and shards')
    return parse_run_args(parser, 'test_dataloader.num_workers=0')


def set_out_file(cfg: Config, out_file: str) -> None:
    """Tell the config's label hook which file to write."""
    hook = find_label_hook(cfg)
    if hook is None:
        raise UserError(f'--out: {cfg.filename} has no {LABEL_HOOK} among its '
                        'hooks, so nothing would write the file; add it')
    hook['out_file'] = out_file


def main() -> None:
    args = parse_args()
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    choose_weights(cfg, args.checkpoint)
    if args.out is not None:
        set_out_file(cfg, args.out)
    prepare_work_dir(cfg, args.work_dir, args.config)

    run_labelling(cfg)


if __name__ == '__main__':
    run_tool(main)

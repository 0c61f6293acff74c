"""Label boxes: ``python tools/test.py CONFIG CHECKPOINT --out masks.json``."""

import argparse

import mmdet_mal  # noqa: F401  its shields come before mmengine's runner
from mmengine.config import Config
from mmengine.runner import Runner

from mmdet_mal.engine.checkpoint import load_weights
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import (load_config, parse_run_args,
                                  prepare_work_dir, run_tool)

_LABEL_HOOK = 'mmdet_mal.PseudoLabelHook'


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Turn the boxes of a COCO JSON into masks')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint of the labeller')
    parser.add_argument(
        '--out', metavar='MASKS.json',
        help='the JSON to write (default: masks.json in the work folder)')
    parser.add_argument('--work-dir', help='folder for logs and shards')
    return parse_run_args(parser, 'test_dataloader.num_workers=0')


def set_out_file(cfg: Config, out_file: str) -> None:
    """Tell the config's label hook which file to write."""
    hooks = [*cfg.get('custom_hooks', []), *cfg.default_hooks.values()]
    for hook in hooks:
        if hook is not None and hook['type'] == _LABEL_HOOK:
            hook['out_file'] = out_file
            return
    raise UserError(f'--out: {cfg.filename} has no {_LABEL_HOOK} among its '
                    'hooks, so nothing would write the file; add it')


def main() -> None:
    args = parse_args()
    load_weights(args.checkpoint)  # a bad file fails here, in one line
    cfg = load_config(args.config, args.cfg_options)
    cfg.launcher = args.launcher
    cfg.load_from = args.checkpoint
    if args.out is not None:
        set_out_file(cfg, args.out)
    prepare_work_dir(cfg, args.work_dir, args.config)

    Runner.from_cfg(cfg).test()


if __name__ == '__main__':
    run_tool(main)

"""``mal demo``: the whole chain on drawn pictures."""

import argparse

SUMMARY = 'Boxes to masks to a stock detector, on drawn pictures'
EPILOG = """\
examples:
  mal demo
  mal demo --num-train 40 --num-val 10 --work-dir demo

Draws pictures, trains the labeller on their boxes, labels, scores the masks
beside simple baselines, and trains a stock detector on the masks.  Starting it
again starts anew.  As it stands it takes about 9 minutes on two CPU cores.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('--work-dir', default='work_dirs/demo',
                        help='folder of all results (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0,
                        help='of the drawn pictures')
    parser.add_argument('--num-train', type=int, default=200,
                        help='pictures to train on')
    parser.add_argument('--num-val', type=int, default=40,
                        help='pictures to score on')
    parser.add_argument('--config', default='configs/mal/mal_tiny_demo.py',
                        help='config of the labeller, within the repository')
    parser.add_argument(
        '--detector-config',
        default='configs/phase2/demo/mask-rcnn_r50_fpn_demo.py',
        help='config of the stock detector, within the repository')
    parser.add_argument('--detector-iters', type=int, default=15,
                        help='iterations of the stock detector')
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE',
        help='settings of the labeller to override, as in tools/train.py')


def run(args: argparse.Namespace) -> None:
    """Run the chain and print its tables."""
    from terminaltables import AsciiTable

    from mmdet_mal.demo.chain import BASELINES, DemoChain
    from mmdet_mal.experiments.command import exit_on_sigterm
    from mmdet_mal.utils.shipped import shipped_root

    exit_on_sigterm()
    root = shipped_root()
    chain = DemoChain(root, args.work_dir, str(root / args.config),
                      str(root / args.detector_config))
    chain.draw(args.num_train, args.num_val, args.seed)
    chain.train(args.cfg_options)
    chain.label('val', args.cfg_options)
    miou = chain.evaluate()
    picture = chain.picture()
    chain.label('train', args.cfg_options)
    chain.detect(args.detector_iters)
    summary = chain.write_summary(miou)

    names = [*BASELINES, 'mal']
    print()
    print(AsciiTable([['masks by', 'mean IoU on drawn masks'],
                      *([name, f'{miou[name]:.3f}'] for name in names)]).table)
    total = sum(chain.seconds.values())
    print(AsciiTable([['step', 'seconds'],
                      *([step, f'{value:.0f}']
                        for step, value in chain.seconds.items()),
                      ['in all', f'{total:.0f}']]).table)
    lead = miou['mal'] - max(miou[name] for name in BASELINES)
    print(f'MAL is {abs(lead):.3f} {"ahead of" if lead >= 0 else "behind"} the '
          f'best baseline, trained on boxes alone')
    print(f'pictures: {picture}\nsummary:  {summary}')

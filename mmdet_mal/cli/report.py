"""``mal report``: one page about a run."""

import argparse

SUMMARY = 'Write report.html: what was done, how the masks are, what to do next'
EPILOG = """\
examples:
  mal report masks.json --images photos/ -o report.html
  mal report masks.run -o report.html
  mal report work_dirs/mine --masks masks.json --human human.json -o report.html
  mal report --curves work_dirs/a work_dirs/b -o curves.png

The page holds its pictures and needs no network.  docs/pictures.md shows one.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        'run', nargs='?', metavar='RUN',
        help='a masks JSON, the run folder beside it, or the work folder of a '
        'training')
    parser.add_argument('--masks', metavar='MASKS.json',
                        help='masks JSON, where RUN is a work folder')
    parser.add_argument('--work-dir', metavar='DIR',
                        help='work folder of the training, where RUN are masks')
    parser.add_argument('--images', metavar='DIR',
                        help='folder, archive or address of the images (default: '
                        "where the run's own logs say they were)")
    parser.add_argument('--human', metavar='HUMAN.json',
                        help='COCO JSON with human masks of the same boxes: '
                        'compare and show the lowest IoUs')
    parser.add_argument('--scores', metavar='SCORES.json',
                        help='what mal evaluate --out wrote, instead of comparing '
                        'anew')
    parser.add_argument('--doctor', metavar='REPORT.json',
                        help="the doctor's report (default: that of the run)")
    parser.add_argument('--title', help='heading of the page')
    parser.add_argument(
        '--curves', nargs='+', metavar='[NAME=]DIR',
        help='only draw the curves of these trainings into one PNG')
    parser.add_argument('-o', '--out', default='report.html', metavar='FILE',
                        help='the page, or the PNG of --curves (default: '
                        '%(default)s)')


def run(args: argparse.Namespace) -> None:
    """Find the sources and write the page."""
    from mmdet_mal.utils.errors import UserError
    if args.curves:
        if args.run:
            raise UserError('--curves draws curves only; name all trainings '
                            f'behind it and leave out {args.run}')
        _write_curves(args.curves, args.out)
        return
    if not (args.run or args.masks or args.work_dir):
        raise UserError('nothing to report on: name a masks JSON, its run folder '
                        'or the work folder of a training (mal report --help)')
    from mmdet_mal.visualization.report.sources import find_sources
    from mmdet_mal.visualization.report.run_report import write_run_report
    sources = find_sources(args.run, masks=args.masks, work_dir=args.work_dir)
    page = write_run_report(
        args.out, **sources, images=args.images, scores=args.scores,
        doctor=args.doctor, human=args.human, title=args.title)
    print(f'report: {page}')


def _write_curves(paths: list[str], out: str) -> None:
    """Draw several trainings into one PNG."""
    from mmdet_mal.utils.errors import UserError
    from mmdet_mal.visualization.picture_files import write_bytes
    from mmdet_mal.visualization.training.curves import training_curves
    from mmdet_mal.visualization.training.log import name_logs
    if not out.lower().endswith('.png'):
        raise UserError(f'-o {out}: the curves are a PNG, name it so')
    write_bytes(out, training_curves(name_logs(paths)))
    print(f'curves: {out}')

"""Masks side by side: ``python tools/analysis/compare_pages.py MASKS.json``."""

import argparse

import mmdet_mal  # noqa: F401  its shields come first
from mmdet_mal.utils.tool import run_tool
from mmdet_mal.visualization.comparison.run import ORDERS, compare_pages
from mmdet_mal.visualization.comparison.contact_sheet import write_pages


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Pages of boxes with the masks of labellers and people side '
        'by side, for a paper or a talk.',
        epilog='example:\n  python tools/analysis/compare_pages.py masks.json '
        '--human instances_dev.json \\\n      --images photos --more '
        'GrabCut=grabcut.json --out compare.pdf')
    parser.add_argument('masks', help='masks JSON of a labeller')
    parser.add_argument('--images', required=True, metavar='DIR',
                        help='folder, archive or address of the images')
    parser.add_argument('--human', metavar='HUMAN.json',
                        help='COCO JSON with human masks of the same boxes, the '
                        'last picture of each box')
    parser.add_argument('--name', default='MAL', help='heading of the masks')
    parser.add_argument('--more', nargs='+', default=[], metavar='NAME=MASKS.json',
                        help='masks of other labellers')
    parser.add_argument('--order', choices=ORDERS, default='spread',
                        help='which boxes: evenly over all by IoU (by score '
                        'without human masks), the worst, the best, or the '
                        "file's first (default: %(default)s)")
    parser.add_argument('--boxes', type=int, default=36, metavar='N',
                        help='how many (default: %(default)s)')
    parser.add_argument('--min-area', type=float, default=0., metavar='PX2',
                        help='only boxes of at least this area in px² (default: '
                        '%(default)s)')
    parser.add_argument('--out', default='compare.pdf', metavar='FILE',
                        help='.pdf, or .png for a picture a page (default: '
                        '%(default)s)')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    pages = compare_pages(
        args.masks, args.images, human=args.human, name=args.name,
        more=args.more, order=args.order, number=args.boxes,
        min_area=args.min_area)
    print('pages: ' + ', '.join(write_pages(args.out, pages)))


if __name__ == '__main__':
    run_tool(main)

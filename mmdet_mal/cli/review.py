"""``mal review``: a page to look at masks and decide on each."""

import argparse

SUMMARY = ('Write review.html, a page to look at masks one by one, worst first, '
           'and to accept, reject or flag them')
EPILOG = """\
examples:
  mal review masks.json --images photos/ -o review.html
  mal review masks.run -o review.html
  mal review masks.json --more instant=instant.json --human human.json -o review.html
  mal review masks.json --images photos.zip --worst 2000 -o review.html

Open the page in a browser; it needs no network.  'Save' there writes a file that
mal export --decisions obeys.  Stopped, the same command goes on.  More:
docs/review.md
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument(
        'masks', metavar='RUN_OR_MASKS',
        help='a masks JSON, or the run folder beside it')
    parser.add_argument(
        '--images', metavar='DIR',
        help='folder, archive or address of the images (default: where the run '
        'had them, or beside the boxes)')
    parser.add_argument(
        '--more', action='append', default=[], metavar='[NAME=]FILE',
        help='another masks JSON of the same boxes, to be shown side by side; '
        'may be repeated')
    parser.add_argument(
        '--human', metavar='FILE',
        help='a JSON with human masks of the same boxes, to be shown side by side')
    parser.add_argument(
        '--worst', type=int, metavar='N',
        help='only the N masks of the lowest scores (default: all)')
    parser.add_argument(
        '-o', '--out', default='review.html', metavar='FILE.html',
        help='the page; a folder FILE_files is made beside it (default: '
        '%(default)s)')


def run(args: argparse.Namespace) -> None:
    """Find masks and images, and write the page."""
    from mmdet_mal.labelling.signals import LabelRunStopped, StopSignals
    from mmdet_mal.visualization.review import build_review
    from mmdet_mal.visualization.review.sources import (find_images, find_masks,
                                                        parse_named)

    masks, run_folder = find_masks(args.masks)
    images = args.images or find_images(masks, run_folder)
    files = [parse_named(masks), *map(parse_named, args.more)]
    try:
        with StopSignals():
            summary = build_review(files, images, args.out, args.human,
                                   worst=args.worst)
    except LabelRunStopped as stop:
        print(f'\n{stop}; the same command goes on')
        raise
    print(summary)

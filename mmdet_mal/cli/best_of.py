"""``mal best-of``: keep, box by box, the best of several tools' masks."""

import argparse

SUMMARY = 'Choose the best mask of each box among several masks files'
EPILOG = """\
examples:
  mal best-of mal.json grabcut.json --images photos/ --out best.json
  mal best-of MAL=a/masks.json SAM=b/masks.json tool.json --images photos.zip \\
      --out best.json
  mal best-of mal.json tool.json --images photos/ --out best.json --missing skip

The files must be of the same boxes: equal annotation ids, images, classes and
boxes.  Masks of other tools come in with mal convert.  Every candidate is
measured by one scale against the picture and its box; human masks are not read.
mal.source of each annotation says which file it was kept from; what is no mask
comes from the first file.  Exit code: 0 done, 2 something to mend.
More: docs/best_of.md
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('masks', nargs='+', metavar='[NAME=]MASKS.json',
                        help='masks of the same boxes, two files or more; a '
                        'file is named by itself unless it gets a NAME')
    parser.add_argument('--images', required=True, metavar='DIR',
                        help='folder of the images, a .zip, .tar or .lmdb, or '
                        'an address')
    parser.add_argument('--out', required=True, metavar='BEST.json',
                        help='the masks JSON to write')
    parser.add_argument(
        '--rule', choices=('best', 'vote'), default='best',
        help='keep the candidate of the best score, or the pixels that most '
        'candidates hold, weighted by score (default: %(default)s)')
    parser.add_argument(
        '--scale', default='coco_mini', metavar='SCALE',
        help='how candidates are measured: a shipped scale or a file of '
        'tools/analysis/fit_best_of.py (default: %(default)s)')
    parser.add_argument(
        '--missing', choices=('error', 'skip'), default='error',
        help='what if a file lacks the mask of a box: stop, or choose among '
        'the others there (default: %(default)s)')


def run(args: argparse.Namespace) -> None:
    """Choose, write, and say what was kept."""
    from mmdet_mal.best_of.candidates import name_sources
    from mmdet_mal.best_of.run import best_of
    from mmdet_mal.experiments.command import exit_on_sigterm
    exit_on_sigterm()  # the masks that wait beside --out are removed
    files = name_sources(args.masks)
    summary = best_of(files, args.images, args.out, args.scale, args.rule,
                      args.missing)
    labels = summary.labels
    print(f'Masks JSON: {args.out}')
    print(f'  {labels.annotations} annotations of {labels.images} images: '
          f'{labels.masks} masks (mean score {labels.mean_score:.3f}), '
          f'{sum(labels.fallbacks.values())} fallbacks, {labels.crowds} crowd '
          'regions passed through')
    for name in [*files, *(set(summary.kept) - set(files))]:
        lacking = summary.unavailable[name]
        print(f'  {name}: kept for {summary.kept[name]} boxes'
              + (f'; no mask of its own for {lacking}' if lacking else ''))

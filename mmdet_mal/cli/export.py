"""``mal export``: chosen masks for training and for other tools."""

import argparse

from mmdet_mal.formats import WRITERS
from mmdet_mal.formats.selection import BELOW, FLAGGED
from mmdet_mal.labelling.overlap_rules import KEEP, RULES

SUMMARY = 'Choose masks by score and review, and write them for other tools'
EPILOG = """\
examples:
  mal export masks.json --out kept.json --min-score .5
  mal export masks.json --out reviewed.json --decisions masks.decisions.json
  mal export masks.json --out yolo/ --to yolo-seg --link-images photos/
  mal export masks.json --out polygons.json --polygons --tighten-boxes

formats (--to):
""" + ''.join(f'  {name:13}{writer.summary}\n'
              for name, writer in sorted(WRITERS.items())) + """
The masks JSON is never changed.  What a format cannot hold is counted and said.
docs/formats.md says more; docs/quality.md says what scores mean.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('masks', metavar='MASKS.json',
                        help='masks JSON of a label run')
    parser.add_argument('--out', required=True,
                        help='file or folder to write, as the format has it')
    parser.add_argument('--to', choices=sorted(WRITERS), default='coco',
                        metavar='FORMAT', help='see below (default: coco)')
    choice = parser.add_argument_group('which masks')
    choice.add_argument(
        '--min-score', type=float, metavar='S',
        help='the lowest score that is good enough, in [0, 1]; with a '
        'calibration, the IoU that may be expected (default: all are)')
    choice.add_argument(
        '--decisions', metavar='FILE',
        help='what the review page saved: rejected masks are not kept, accepted '
        'ones are, whatever their score')
    choice.add_argument(
        '--flagged', choices=FLAGGED, default='keep',
        help='with --decisions: what becomes of flagged masks (default: keep)')
    choice.add_argument(
        '--only-accepted', action='store_const', dest='undecided', const='drop',
        default='keep', help='with --decisions: keep nothing but accepted masks '
        '(and crowd regions, which nobody labelled)')
    choice.add_argument(
        '--force-decisions', action='store_const', dest='other_decisions',
        const='force', default='refuse',
        help='obey decisions that were made on another masks file with the same '
        'annotation ids')
    choice.add_argument(
        '--masks-of', action='append', default=[], metavar='NAME=FILE',
        help='masks JSON that the review page showed under this name; masks that '
        'were chosen there are taken from it (once for each)')
    choice.add_argument(
        '--below', choices=BELOW, default='drop',
        help='masks that are not kept: drop them (default), mark them as crowd '
        '(iscrowd: 1; not a target, and not ground for detectors that heed such '
        'regions), or ignore (ignore: 1; stock MMDetection leaves them out while '
        'loading)')
    shape = parser.add_argument_group('how they are written')
    shape.add_argument(
        '--tighten-boxes', action='store_const', dest='boxes', const='tighten',
        default='keep', help='write the boxes of the masks (for loose boxes)')
    shape.add_argument(
        '--overlaps', choices=tuple(RULES), default=KEEP,
        help='pixels that several exported masks of an image claim: keep them in '
        'all (default); same-class: among masks of one class, to the mask that has '
        'both the higher score and the nearer box centre; score, near: among all, by '
        'one of the two (docs/inference_switches.md has their effect)')
    shape.add_argument('--polygons', action='store_const', dest='shapes',
                       const='polygons', default=argparse.SUPPRESS,
                       help='the same as --shapes polygons')
    known: dict = {}
    for writer in WRITERS.values():
        for option in writer.options:
            known.setdefault(option.name, (option, []))[1].append(writer.name)
    for option, names in known.values():
        option.add_to(shape, ', '.join(sorted(names)))


def run(args: argparse.Namespace) -> None:
    """Export, and say what was done and lost."""
    from mmdet_mal.labelling.export import export_labels
    from mmdet_mal.labelling.files import refuse_overwriting
    from mmdet_mal.utils.errors import UserError

    options = dict(vars(args))
    masks, out = options.pop('masks'), options.pop('out')
    files = {}
    for text in options.pop('masks_of'):
        name, equals, path = text.partition('=')
        if not (name and equals and path):
            raise UserError(f'--masks-of {text}: expected NAME=FILE')
        files[name] = path
    refuse_overwriting(out, [masks, options['decisions'], *files.values()],
                       '--out')
    print(export_labels(masks, out, masks_of=files, **options))

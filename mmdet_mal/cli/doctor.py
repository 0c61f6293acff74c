"""``mal doctor``: what is wrong with boxes and images."""

import argparse
import sys

from mmdet_mal.utils.choices import BBOX_FORMATS, IMAGE_CHECKS
from mmdet_mal.utils.settings_action import SettingsAction

SUMMARY = ('Find everything that is wrong with a COCO detection file and its '
           'images; the input is never changed')
EPILOG = """\
examples:
  mal doctor boxes.json --images photos/
  mal doctor boxes.json --images photos/ --json report.json --fix fixed.json

exit code: 0 nothing is wrong (warnings are allowed), 1 there are errors or boxes
to clip, 2 the file cannot be used or an option is wrong.  With --fix the code
tells what was found in the input.  All kinds of fault and their rules:
docs/doctor.md
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('ann_file', help='COCO JSON with boxes')
    parser.add_argument(
        '--images', metavar='DIR',
        help='folder, .zip, .tar, .lmdb or address of the images (default: '
        'images are not looked at)')
    parser.add_argument(
        '--check-images', choices=IMAGE_CHECKS, default='headers',
        help='how far images are looked at (default: %(default)s; about a '
        'millisecond each)')
    parser.add_argument(
        '--backend-args', nargs='+', action=SettingsAction, metavar='KEY=VALUE',
        help='file backend of mmengine for the images, e.g. backend=petrel')
    parser.add_argument('--json', metavar='REPORT.json',
                        help='write every finding here')
    parser.add_argument('--fix', metavar='OUT.json',
                        help='write a repaired copy here')
    parser.add_argument(
        '--bbox-format', choices=BBOX_FORMATS,
        help='what the boxes are: corner and size (COCO, the default), two '
        'corners, or fractions of the image (xywhn: corner and size, cxcywhn: '
        'centre and size)')


def run(args: argparse.Namespace) -> int:
    """Examine, report, repair."""
    from mmdet_mal.datasets.image_source import image_source
    from mmdet_mal.doctor import Examination, repair_file
    from mmdet_mal.labelling.files import check_writable, refuse_overwriting
    from mmdet_mal.utils.errors import UserError

    for option, path in (('--json', args.json), ('--fix', args.fix)):
        if path is not None:
            refuse_overwriting(path, [args.ann_file], option)
            check_writable(path, 'the file of ' + option)
    if args.fix is not None and args.json == args.fix:
        raise UserError(f'--json and --fix both name {args.fix}; give two names')
    image_dir, backend_args = args.images, args.backend_args
    if image_dir is not None and backend_args is None:
        image_dir, backend_args = image_source(image_dir)
    elif backend_args is not None and image_dir is None:
        raise UserError('--backend-args says how to read --images; give it')

    examination = Examination(
        args.ann_file, image_dir, args.check_images, backend_args,
        args.bbox_format, progress=sys.stderr.isatty())
    diagnosis = examination.diagnosis
    print(diagnosis)
    if args.json is not None:
        diagnosis.save(args.json)
        print(f'all findings: {args.json}')
    if args.fix is not None:
        print(repair_file(examination, args.fix))
    examination.source.close()
    return diagnosis.exit_code

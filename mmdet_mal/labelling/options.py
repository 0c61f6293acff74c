"""The options that every command which labels has."""

import argparse

from mmdet_mal.utils.choices import IMAGE_CHECKS


def add_label_options(parser: argparse.ArgumentParser) -> None:
    """Add config, checkpoint, and where boxes, images and masks are.

    Args:
        parser: of a tool; its attributes ``config``, ``checkpoint``, ``ann``,
            ``images``, ``out``, ``run_dir`` and ``check_images`` are set.
    """
    parser.add_argument('config', help='config of the labeller')
    parser.add_argument(
        'checkpoint', nargs='?',
        help='checkpoint of the labeller; an InstantLabeler needs none')
    parser.add_argument(
        '--ann', required=True, metavar='BOXES.json',
        help='the boxes; the file is never changed')
    parser.add_argument(
        '--images', required=True, metavar='PLACE',
        help='folder, .zip, .tar, .lmdb or address (s3://…, http://…) that the '
        'file names in the JSON are relative to; all processes must reach it')
    parser.add_argument(
        '--out', metavar='MASKS.json',
        help='the JSON to write (default: beside the boxes, BOXES_masks.json)')
    parser.add_argument(
        '--run-dir', metavar='DIR',
        help='folder that remembers what is done (default: MASKS.run beside '
        '--out); on a disk that all processes share')
    parser.add_argument(
        '--check-images', default='exists',
        choices=IMAGE_CHECKS,
        help='how closely the doctor looks at the images before the run '
        '(default: exists)')

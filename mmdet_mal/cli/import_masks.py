"""``mal import-masks``: another tool's masks on our boxes."""

import argparse

SUMMARY = "Put another tool's masks on the boxes of a COCO JSON"
EPILOG = """\
examples:
  mal import-masks boxes.json sam.json --out sam_masks.json
  mal import-masks boxes.json detector.json --out detector_masks.json --min-iou .7

Images are matched by file_name, masks by annotation id where its box fits, and
else by the overlap of the boxes.  A box that gets no mask is filled, flagged and
counted.  The result is like that of a label run: mal evaluate, review, report
and best-of read it.  Exit code: 0 done, 2 something to mend.
"""
# As mmdet_mal.evaluation.baselines.imported has it; a test compares.
MIN_IOU = .5


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('boxes', metavar='BOXES.json', help='COCO JSON with our '
                        'boxes; masks in it are not looked at')
    parser.add_argument('masks', metavar='MASKS.json',
                        help='COCO JSON of any tool, polygons or RLE')
    parser.add_argument('--out', required=True, metavar='OUT.json',
                        help='the masks JSON to write')
    parser.add_argument(
        '--min-iou', type=float, default=MIN_IOU, metavar='IOU',
        help='least IoU of two boxes that are taken for one (default: '
        '%(default)s)')


def run(args: argparse.Namespace) -> None:
    """Match, write, say what was left."""
    from mmdet_mal.evaluation.baselines.imported import import_masks
    from mmdet_mal.labelling.files import check_writable, refuse_overwriting

    refuse_overwriting(args.out, [args.boxes, args.masks], '--out')
    check_writable(args.out, 'the masks JSON')
    summary = import_masks(args.boxes, args.masks, args.out, args.min_iou)
    print(f'Masks JSON: {args.out}')
    print(f"  {summary.matched['id']} masks by annotation id, "
          f"{summary.matched['box']} by their box, {len(summary.unmatched)} "
          f'boxes without a mask (filled), {summary.left_over} masks left over')
    if summary.unmatched:
        print('  without a mask: annotations '
              + ', '.join(map(str, summary.unmatched[:10]))
              + (', …' if len(summary.unmatched) > 10 else ''))

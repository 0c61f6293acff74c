"""``mal convert``: boxes of any tool as COCO JSON."""

import argparse

from mmdet_mal.formats import READERS
from mmdet_mal.formats.common_options import COMMON

SUMMARY = 'Turn boxes of other tools (VOC, YOLO, CSV, CVAT, …) into COCO JSON'
EPILOG = """\
examples:
  mal convert my_yolo/data.yaml --out boxes.json
  mal convert Annotations/ --images JPEGImages/ --out boxes.json
  mal convert boxes.csv --images photos/ --box-format xyxy --out boxes.json
  mal convert results.bbox.json --annotations val.json --out boxes.json

formats (--from; found out if it is not given):
""" + ''.join(f'  {name:14}{reader.summary}\n'
              for name, reader in sorted(READERS.items())) + """
What is left out or bounded is counted and said.  docs/formats.md says more.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('source', metavar='SRC',
                        help='file or folder with the boxes')
    parser.add_argument('--out', required=True, metavar='BOXES.json',
                        help='COCO JSON to write')
    parser.add_argument(
        '--images', metavar='DIR', help='folder of the images; gives or proves '
        'their sizes, and file names become relative to it')
    parser.add_argument('--from', dest='format', choices=sorted(READERS),
                        metavar='FORMAT', help='see below')
    for option in COMMON:
        option.add_to(parser, '')
    group = parser.add_argument_group('options of some formats')
    known = {option.name: option for reader in READERS.values()
             for option in reader.options}
    for name, option in known.items():
        option.add_to(group, ', '.join(
            sorted(reader.name for reader in READERS.values()
                   if name in {own.name for own in reader.options})))


def run(args: argparse.Namespace) -> None:
    """Read, write, say what was lost."""
    from mmdet_mal.formats.coco_file import write_coco
    from mmdet_mal.formats.read import choose_reader, read_boxes
    from mmdet_mal.formats.tally import Tally
    from mmdet_mal.labelling.files import check_writable, refuse_overwriting

    options = dict(vars(args))
    source, out, images, name = (options.pop(key) for key in (
        'source', 'out', 'images', 'format'))
    refuse_overwriting(out, [source], '--out')
    check_writable(out, 'the boxes')
    reader = choose_reader(source, name)
    tally = Tally()
    data = read_boxes(source, images, reader.name, tally, **options)
    write_coco(data, out)
    print(f"{out}: {len(data['annotations'])} boxes of "
          f"{len(data['categories'])} classes in {len(data['images'])} images "
          f'(read as {reader.name})')
    for line in tally:
        print(f'  {line}')
    if not data['annotations']:
        print('  there is no box in it: correct SRC or the options')

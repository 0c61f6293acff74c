"""``mal auto``: from boxes to masks that can be looked at, in one command."""

import argparse
import errno
import os
import shlex
import sys
from typing import TYPE_CHECKING

from mmdet_mal.auto.presets import PRESETS
from mmdet_mal.machine.options import add_precision_option
from mmdet_mal.utils.choices import BBOX_FORMATS

if TYPE_CHECKING:
    from mmdet_mal.auto.chain import AutoChain

SUMMARY = 'From boxes and images to masks that you can look at, in one command'
EPILOG = """\
examples:
  mal auto boxes.json photos/ -o masks --instant
  mal auto labels/ photos/ -o masks --from yolo
  mal auto boxes.csv photos/ -o masks --from csv --read box-format=xyxy
  mal auto boxes.json photos/ -o masks --preset small --minutes 60

Steps: convert, doctor, train where it is worth it, label, review page, report.
Boxes may be of any format that 'mal convert' reads; the input is never changed.
What it will do and how long that takes is said beforehand, from a few real steps
on this machine.  Stop it whenever you like, and start the same command again: it
goes on where it was.  OUT/config.py is what it made: an expert goes on from there
with 'mal train' and 'mal label'.  Presets: docs/presets.md.

Exit code: 0 done, 2 something to mend (one line says what), 130 and 143 stopped
by SIGINT and SIGTERM, 1 a fault of the program.
"""

# What a disk says that takes no more; a person can mend it.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    parser.add_argument('boxes', help='file or folder of boxes, any format')
    parser.add_argument(
        'images', help='folder, .zip, .tar, .lmdb or address of the images')
    parser.add_argument('-o', '--out', required=True, metavar='OUT',
                        help='folder of all results; made if it is not there')
    way = parser.add_mutually_exclusive_group()
    way.add_argument('--preset', choices=PRESETS,
                     help='how to label (default: chosen by data and machine)')
    way.add_argument('--instant', dest='preset', action='store_const',
                     const='instant', help='without training; --preset instant')
    parser.add_argument(
        '--minutes', type=_positive, metavar='N',
        help='time for training and labelling together (default: what the '
        'preset wants; it is said beforehand)')
    parser.add_argument(
        '--weights', metavar='FILE',
        help='pretrained weights of the preset (default: $MAL_WEIGHTS)')
    parser.add_argument(
        '--from', dest='format', metavar='FORMAT',
        help="of the boxes, as in 'mal convert' (default: found out)")
    parser.add_argument(
        '--read', nargs='+', default=[], metavar='NAME=VALUE',
        help="options of the format, as in 'mal convert', e.g. classes=cat,dog")
    parser.add_argument(
        '--bbox-format', choices=BBOX_FORMATS,
        help='what the boxes of a COCO file are, if not xywh in pixels')
    add_precision_option(parser)
    parser.add_argument(
        '--plan', action='store_true',
        help='stop when it is said what would be done and how long it takes')
    parser.add_argument(
        '--restart', action='store_true',
        help='begin anew; what is in OUT moves to OUT/earlier-1')


def run(args: argparse.Namespace) -> int:
    """Do what is left to do."""
    from mmdet_mal.auto.chain import AutoChain, StepCrashed
    from mmdet_mal.auto.child import ChildFailed
    from mmdet_mal.auto.folder import hold_folder, move_aside
    from mmdet_mal.auto.machine import this_machine
    from mmdet_mal.auto.options import AutoOptions
    from mmdet_mal.auto.reading import reader_options
    from mmdet_mal.auto.weights import find_weights
    from mmdet_mal.datasets.image_source import image_source
    from mmdet_mal.labelling.signals import LabelRunStopped, StopSignals
    from mmdet_mal.utils.errors import UserError
    if not os.path.exists(args.boxes):
        raise UserError(f'{args.boxes}: no such file or folder of boxes (working '
                        f'directory {os.getcwd()}); correct the path')
    image_source(args.images)  # a wrong folder is told before OUT is made
    options = AutoOptions(
        args.boxes, args.images, find_weights(args.weights, args.preset),
        args.preset, args.minutes, args.format, args.bbox_format,
        reader_options(args.format, args.boxes, args.read), args.precision)
    try:
        with StopSignals(), hold_folder(args.out) as lock:
            if args.restart and (moved := move_aside(args.out)):
                print(f'what was in {args.out} is now in {moved}')
            chain = AutoChain(args.out, options, lock)
            chain.run(this_machine, 'plan' if args.plan else 'report')
            if not args.plan:
                print(_ending(chain, args))
    except (LabelRunStopped, KeyboardInterrupt) as error:
        print('\nStopped; nothing that was done is lost, except training since '
              'its last checkpoint (about a minute). Start the same command '
              f'again:\n  {_same_command()}', file=sys.stderr)
        return error.code if isinstance(error, LabelRunStopped) else 130
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise UserError(
            f'{error.filename or args.out}: {error.strerror}; make space and '
            'start the same command again, it goes on') from error
    except ChildFailed as error:
        return error.code if error.code > 0 else 1
    except StepCrashed as error:
        print(f'mal auto: {error}\nNothing that was done is lost: start the same '
              'command again.', file=sys.stderr)
        return 1
    return 0


def _same_command() -> str:
    """What a person types to go on."""
    from mmdet_mal.labelling.signals import resume_command
    if os.path.basename(sys.argv[0]) == 'mal':
        words = [word for word in sys.argv[1:] if word != '--restart']
        return shlex.join(['mal', *words])
    return resume_command()


def _positive(text: str) -> float:
    """A number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.
    if not 0 < value < float('inf'):
        raise argparse.ArgumentTypeError(f'{text!r} is no number above 0')
    return value


def _ending(chain: 'AutoChain', args: argparse.Namespace) -> str:
    """Where everything is, and what comes next."""
    def place(name: str) -> str:
        return os.path.join(args.out, name)

    def word(name: str) -> str:
        return shlex.quote(place(name))

    from mmdet_mal.formats import WRITERS
    # Back to where the boxes came from, where masks can go there.
    form = next((name for name in (chain.format, f'{chain.format}-seg')
                 if name in WRITERS), 'coco')
    final = 'final.json' if form == 'coco' else 'final'
    return f"""
masks       {place('masks.json')}
look        {place('review.html')}   (open it in a browser)
report      {place('report.html')}
config      {place('config.py')}

next:
  mal export {word('masks.json')} --decisions masks.decisions.json \\
      --to {form} --out {word(final)}   # after the review
  mal evaluate {word('masks.json')} human.json            # if some have human masks
"""

"""Options that every reader of boxes takes."""

from .option import Option


def split_names(text: str) -> list[str]:
    """Names between commas."""
    return [name.strip() for name in text.split(',') if name.strip()]


CLASSES = Option(
    'classes', 'names of the classes in the order of their ids, between '
    'commas; a box of another class is an error (default: the file\'s own '
    'list, or the names that occur, sorted)', metavar='A,B,…',
    convert=split_names)
MIN_BOX_SCORE = Option(
    'min_box_score', 'leave out predicted boxes of a lower score; scores are '
    'kept as box_score', metavar='S', convert=float)
EXIF = Option(
    'exif', 'to which picture the boxes refer where the EXIF data of an image '
    'turns it: as stored, or turned as viewers show it; the boxes are turned '
    'back, as the labeller reads images as stored (default: ask, if it '
    'matters and the stated size does not tell)', choices=('stored', 'turned'))

COMMON = (CLASSES, MIN_BOX_SCORE, EXIF)

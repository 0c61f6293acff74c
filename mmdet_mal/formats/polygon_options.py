"""Options of writers that hold masks or polygons."""

from mmdet_mal.utils.errors import UserError

from .option import Option


def pixels(text: str) -> float:
    """A distance in pixels."""
    value = float(text)
    if not 0 <= value < 1000:
        raise ValueError(text)
    return value


def shapes_option(default: str) -> Option:
    """Whether masks or polygons are written."""
    return Option('shapes', 'write exact masks, or polygons (objects with holes '
                  f'are cut into pieces; default: {default})',
                  choices=('masks', 'polygons'), default=default)


def simplify_option(default: float) -> Option:
    """How far polygons are simplified."""
    return Option('simplify', 'leave out corners of polygons as long as the border '
                  'moves by no more than this many pixels and the IoU with '
                  'the mask is at least .95; 0 keeps every pixel '
                  f'(default: {default:g})', metavar='PX', default=default,
                  convert=pixels)


def check_simplify(value: float) -> None:
    """Raise UserError unless it is a distance."""
    if not 0 <= value < 1000:
        raise UserError(f'--simplify {value}: expected pixels, 0 or more')

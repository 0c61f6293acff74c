"""Which column of a CSV file is what."""

from collections.abc import Iterator, Mapping, Sequence

from mmdet_mal.utils.errors import UserError

# Names of headers by what a column is, lower case, without blanks, '_', '.'.
_HEADERS = {
    'image': ('image', 'filename', 'filepath', 'file', 'imagepath', 'imagename',
              'imagefile', 'imagefilename', 'path', 'img', 'imgpath', 'imageid'),
    'label': ('class', 'label', 'classname', 'labelname', 'category', 'name',
              'categoryname'),
    'score': ('score', 'confidence', 'conf', 'boxscore'),
    'image_width': ('imagewidth', 'imgwidth', 'imgw', 'imwidth'),
    'image_height': ('imageheight', 'imgheight', 'imgh', 'imheight'),
    'box': ('bbox', 'box', 'boundingbox'),
    'x1': ('xmin', 'x1', 'left', 'xtl', 'bboxx1', 'bboxxmin'),
    'y1': ('ymin', 'y1', 'top', 'ytl', 'bboxy1', 'bboxymin'),
    'x2': ('xmax', 'x2', 'right', 'xbr', 'bboxx2', 'bboxxmax'),
    'y2': ('ymax', 'y2', 'bottom', 'ybr', 'bboxy2', 'bboxymax'),
    'x': ('x', 'left', 'xmin', 'x1', 'bboxx', 'bboxleft'),
    'y': ('y', 'top', 'ymin', 'y1', 'bboxy', 'bboxtop'),
    'cx': ('cx', 'xcenter', 'centerx', 'xcentre', 'centrex', 'x'),
    'cy': ('cy', 'ycenter', 'centery', 'ycentre', 'centrey', 'y'),
    'w': ('w', 'bboxw', 'bboxwidth', 'boxwidth', 'width'),
    'h': ('h', 'bboxh', 'bboxheight', 'boxheight', 'height'),
}
# By the name of a box format, which columns hold its numbers.
BOX_COLUMNS = {'xyxy': ('x1', 'y1', 'x2', 'y2'), 'xywh': ('x', 'y', 'w', 'h'),
                'cxcywh': ('cx', 'cy', 'w', 'h')}


def split_columns(text: str) -> dict[str, str]:
    """'image=file,label=kind' as a dict."""
    pairs = [part.partition('=') for part in text.split(',')]
    return {role.strip(): name.strip() for role, _, name in pairs}


def find_columns(rows: Iterator[Sequence[str]], kind: str,
                 given: Mapping[str, str], path: str) -> dict[str, int]:
    """Find the columns, and read the header if there is one.

    Args:
        rows: Of the file, from its first line on.
        kind: 'xyxy', 'xywh' or 'cxcywh'.
        given: Name of the header, or number from 1, by what a column is.  With
            numbers the file has no header.
        path: For messages.

    Returns:
        Position by what a column is.

    Raises:
        UserError: If a column that is needed cannot be told.
    """
    if unknown := sorted(given.keys() - _HEADERS.keys()):
        raise UserError(f'--columns: {unknown[0]!r} is not known; known are '
                        f"{', '.join(_HEADERS)}")
    if given and all(name.isdigit() and int(name) for name in given.values()):
        places = {role: int(name) - 1 for role, name in given.items()}
        header: list[str] = []
    else:
        header = [name.strip() for name in next(rows, [])]
        places = _read_header(header, kind, given, path)
    wanted = ('box', ) if 'box' in places else BOX_COLUMNS[kind]
    missing = [role for role in ('image', *wanted) if role not in places]
    if missing:
        raise UserError(
            f"{path}: no column found for {', '.join(missing)} among "
            f"{', '.join(header)[:200] or 'the numbers given'}; name them with "
            f'--columns {missing[0]}=…')
    return places


def _read_header(header: Sequence[str], kind: str, given: Mapping[str, str],
                 path: str) -> dict[str, int]:
    """Position by what a column is, from the names of the header."""
    places = {}
    for role, name in given.items():
        if name not in header:
            raise UserError(f'{path}: no column {name!r} (--columns {role}=); there '
                            f"are {', '.join(header)[:200]}")
        places[role] = header.index(name)
    plain = [''.join(letter for letter in name.lower() if letter.isalnum())
             for name in header]
    box = BOX_COLUMNS[kind]
    roles = ['image', 'label', 'score', 'image_width', 'image_height', *box]
    if 'box' in places or not _finds(plain, box):
        roles = [role for role in roles if role not in box] + ['box']
        if not _finds(plain, ('box', )) and 'box' not in places:
            roles += box
    for role in roles:
        for name in _HEADERS[role]:
            if role not in places and name in plain:
                places[role] = plain.index(name)
    # Beside corners, 'width' and 'height' are those of the image.
    if 'w' not in places:
        for role, name in (('image_width', 'width'), ('image_height', 'height')):
            if name in plain:
                places.setdefault(role, plain.index(name))
    return places


def _finds(plain: Sequence[str], roles: Sequence[str]) -> bool:
    return all(any(name in plain for name in _HEADERS[role]) for role in roles)

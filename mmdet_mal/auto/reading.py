"""``--read NAME=VALUE``: options of a format's reader."""

from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError


def reader_options(format: str | None, boxes: str,
                   words: Sequence[str]) -> dict[str, Any]:
    """Turn words of the command line into values.

    Args:
        format: Of the boxes, None to find it out.
        boxes: File or folder.
        words: ``NAME=VALUE`` each; names with dashes or underscores.

    Returns:
        Values by name.

    Raises:
        UserError: If a word is of another form, or no option of the format.
    """
    if not words:
        return {}
    from mmdet_mal.formats import READERS
    from mmdet_mal.formats.common_options import COMMON
    from mmdet_mal.formats.probe import Probe
    from mmdet_mal.formats.read import detect_reader
    if format is not None and format not in READERS:
        raise UserError(f'--from {format}: not known; choose one of '
                        f"{', '.join(sorted(READERS))}")
    reader = READERS[format] if format else detect_reader(Probe(boxes), READERS)
    known = {option.name: option for option in (*COMMON, *reader.options)}
    values = {}
    for word in words:
        name, found, text = word.partition('=')
        option = known.get(name.replace('-', '_'))
        if not found or option is None:
            raise UserError(
                f'--read {word}: expected NAME=VALUE with a name that '
                f"{reader.name} has: {', '.join(sorted(known))}")
        try:
            values[option.name] = option.convert(text)
        except ValueError as error:
            raise UserError(f'--read {word}: {error}') from error
    return values

"""One door to all readers of boxes."""

from collections.abc import Mapping
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader, names_of
from .common_options import COMMON
from .image_folder import ImageFolder
from .option import Option
from .probe import Probe
from .tally import Tally

_ARCHIVES = ('.zip', '.tar', '.gz', '.tgz', '.bz2', '.xz', '.7z', '.rar')


def read_boxes(path: str, images: str | None = None, format: str | None = None,
               tally: Tally | None = None, **options: Any) -> dict[str, Any]:
    """Read boxes of any known format.

    Args:
        path: A file or folder.
        images: Folder of the images.  Some formats need it for the sizes;
            with others it proves the sizes and finds the files.
        format: A name of ``READERS``; None finds it out.
        tally: Gets what was left out, bounded or odd.
        options: As the reader has them; None counts as not given.

    Returns:
        COCO dict with ``images`` (id, file_name relative to ``images``, width
        and height as stored), ``annotations`` (id, image_id, bbox as x, y,
        width, height in px, category_id, iscrowd, area of the box; box_score
        if it was predicted) and ``categories``.

    Raises:
        UserError: In one line that names file and record.

    Example:
        >>> boxes = read_boxes('labels/', images='photos/', format='yolo')
    """
    path = str(path)
    reader = choose_reader(path, format)
    known = {option.name: option for option in (*COMMON, *reader.options)}
    values = fill_options(known, options, f'--from {reader.name}')
    folder = ImageFolder(str(images)) if images is not None else None
    return reader.read(path, folder, tally if tally is not None else Tally(),
                       **values)


def choose_reader(path: str, format: str | None = None) -> BoxReader:
    """The reader of a file or folder.

    Args:
        path: A file or folder.
        format: A name of ``READERS``; None finds it out.

    Raises:
        UserError: If there is no such path or format, or the format cannot be
            found out.
    """
    from . import READERS
    probe = Probe(path)
    if format is None:
        return detect_reader(probe, READERS)
    if format not in READERS:
        raise UserError(f'--from {format}: not known; choose one of '
                        f'{names_of(READERS)}')
    return READERS[format]


def detect_reader(probe: Probe, readers: Mapping[str, BoxReader]) -> BoxReader:
    """Find out the format of a file or folder.

    Args:
        probe: A look at it.
        readers: By name.

    Returns:
        The one reader that recognises it.

    Raises:
        UserError: If none does, or several do.
    """
    if probe.suffix in ('.pkl', '.pickle'):
        raise UserError(
            f'{probe.path}: pickles are not read, because reading one runs '
            'whatever code is in it; save predictions as JSON (mmdet: '
            "CocoMetric's outfile_prefix, or DetInferencer with "
            'no_save_pred=False)')
    if probe.suffix in _ARCHIVES and not probe.is_folder:
        raise UserError(f'{probe.path}: is an archive; unpack it and give the '
                        'folder or file inside')
    found = {name: reader for name, reader in readers.items()
             if reader.recognise(probe)}
    refined = {name for reader in found.values() for name in reader.refines}
    found = {name: reader for name, reader in found.items()
             if name not in refined}
    if not found:
        raise UserError(f'{probe.path}: not recognised as boxes of any known '
                        f'format; say which with --from ({names_of(readers)})')
    if len(found) > 1:
        raise UserError(f'{probe.path}: may be {" or ".join(sorted(found))}; say '
                        'which with --from')
    return next(iter(found.values()))


def fill_options(known: Mapping[str, Option], given: Mapping[str, Any],
                 what: str) -> dict[str, Any]:
    """Values of all options of a format.

    Args:
        known: Options by name.
        given: Values by name; None counts as not given.
        what: The format, for messages.

    Returns:
        A value for each known option.

    Raises:
        UserError: If an option is not known or its value not a choice.
    """
    values = {name: option.default for name, option in known.items()}
    for name, value in given.items():
        if value is None:
            continue
        if name not in known:
            flags = ', '.join(option.flag for option in known.values()) or 'none'
            raise UserError(f"{what} has no option --{name.replace('_', '-')}; "
                            f'it has {flags}')
        choices = known[name].choices
        if choices is not None and value not in choices:
            raise UserError(f'{known[name].flag} {value}: expected one of '
                            f"{', '.join(choices)}")
        values[name] = value
    return values

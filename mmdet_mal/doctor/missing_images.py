"""Says where images were looked for when none was found."""

import os
from itertools import islice

from mmdet_mal.datasets.image_access import is_local, read_bytes, source_name
from mmdet_mal.datasets.image_source import join_image_path

# Names of a folder that are shown, and those that are looked at.
_SHOWN = 3
_LISTED = 1000


def describe_all_missing(image_dir: str, backend_args: dict | None,
                         name: str, number: int, mended: int) -> str:
    """Describe that no image is where its file name says.

    Args:
        image_dir (str): Folder or address of the images, the folder inside
            an archive.
        backend_args (dict, optional): File backend of mmengine.
        name (str): File name of one of them, as in the JSON.
        number (int): Images that were looked for.
        mended (int): How many of them ``--fix`` finds under another name.

    Returns:
        str: Where they were looked for, an example, and what lies there.
    """
    path = join_image_path(image_dir, name)
    if is_local(path, backend_args):
        where, there = image_dir or os.getcwd(), _describe_folder(image_dir, name)
    else:
        where = source_name(backend_args) or image_dir
        there = _describe_answer(path, backend_args)
    text = f'none of {number} image files is in {where}, such as {path}; {there}'
    if mended:
        return f'{text}; {mended} of them are found under other names (see below)'
    return f'{text}; correct the place of the images'


def _describe_folder(image_dir: str, name: str) -> str:
    """What a folder holds, and in which of its folders the file is."""
    try:
        with os.scandir(image_dir or '.') as entries:
            found = sorted(f'{entry.name}/' if entry.is_dir() else entry.name
                           for entry in islice(entries, _LISTED))
    except (OSError, ValueError) as error:  # ValueError: a null byte
        return ('there is no such folder' if isinstance(error, FileNotFoundError)
                else f'the folder cannot be read ({error})')
    for folder in found:
        inside = join_image_path(image_dir, folder)
        if folder.endswith('/') and os.path.isfile(join_image_path(inside, name)):
            return f'{folder}{name} is there: give {inside}'
    more = ', …' if len(found) > _SHOWN else ''
    return ('there lie ' + ', '.join(found[:_SHOWN]) + more if found
            else 'the folder is empty')


def _describe_answer(path: str, backend_args: dict | None) -> str:
    """What an archive or a server says when asked for the file."""
    try:
        read_bytes(path, backend_args)
    except OSError as error:
        return str(error)
    return 'it is there now'

"""Masks and images of a page from the one path that a person gives."""

import os
from pathlib import Path

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.run_facts import (find_run_folder, images_of_run,
                                               is_run_folder, masks_of_run,
                                               read_object, run_folder_of)

# Where image folders lie, seen from the file of boxes.
_BESIDE = ('images', '../images', '.', '..')
# Images that must be in a folder for it to be taken.
_PROBED = 5


def find_masks(path: str) -> tuple[str, str | None]:
    """Tell a masks JSON from a run folder.

    Args:
        path: one of the two, or a folder that holds the run as masks.run.

    Returns:
        The masks JSON, and the run folder it came from if that is there.

    Raises:
        UserError: if it is neither, or the run has not written its masks.
    """
    if os.path.isfile(path):
        run = run_folder_of(path)
        return path, str(run) if is_run_folder(run) else None
    if not os.path.isdir(path):
        raise UserError(f'{path}: no such file or folder (working directory '
                        f'{os.getcwd()}); give a masks JSON, or the run folder '
                        'beside it')
    run = find_run_folder(path)
    if run is None:
        raise UserError(f'{path}: not the folder of a label run (it has no '
                        'manifest.json); give a masks JSON, or masks.run')
    masks = masks_of_run(run)
    if masks is None:
        raise UserError(f'{path}: the run has no masks JSON yet; go on with the '
                        'command that started it, or give the JSON itself')
    return str(masks), run


def find_images(masks: str, run: str | None) -> str:
    """Find the images of a masks JSON without being told.

    The run folder tells; else the folders beside the boxes are looked into.

    Args:
        masks: the masks JSON.
        run: its run folder, if there is one.

    Returns:
        The folder.

    Raises:
        UserError: if they are not found.
    """
    if run is not None:
        images = images_of_run(run)
        if images is not None:
            return images
    names = _first_names(masks)
    for start in _folders(masks, run):
        for step in _BESIDE:
            folder = Path(os.path.normpath(start / step))
            if names and all((folder / name).is_file() for name in names):
                return str(folder)
    raise UserError(f'{masks}: its images were not found; say where they are '
                    'with --images')


def parse_named(text: str) -> tuple[str, str]:
    """Split ``NAME=FILE``; a file without a name is called by its stem."""
    name, equals, path = text.partition('=')
    if not equals or os.path.exists(text):
        return Path(text).stem, text
    return name, path


def _folders(masks: str, run: str | None) -> list[Path]:
    """Folders of the masks and of the boxes they were made from."""
    folders = [Path(masks).parent]
    if run is not None:
        names = read_object(Path(run) / 'manifest.json').get('names') or {}
        if isinstance(names.get('input'), str) and names['input']:
            folders.insert(0, Path(names['input']).parent)
    return folders


def _first_names(masks: str) -> list[str]:
    """File names of the first images."""
    names = []
    for entry in AnnotationFile(masks).entries('images'):
        name = entry.get('file_name')
        if isinstance(name, str) and name:
            names.append(name)
        if len(names) == _PROBED:
            break
    return names

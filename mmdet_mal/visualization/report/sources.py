"""Which files a report is made of, from the one path that a person gives."""

import os
from pathlib import Path

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.run_facts import (find_run_folder, is_run_folder,
                                               masks_of_run)
from mmdet_mal.visualization.training.log import find_training


def find_sources(run: str | None, *, masks: str | None = None,
                 work_dir: str | None = None) -> dict[str, str]:
    """Tell a masks JSON, a run folder and a work folder apart.

    Args:
        run (str, optional): One of the three.
        masks (str, optional): A masks JSON, said explicitly.
        work_dir (str, optional): A work folder, said explicitly.

    Returns:
        dict[str, str]: ``masks``, ``work_dir`` and ``run_dir`` as
        ``write_run_report`` takes them, as far as they are there.

    Raises:
        UserError: the path is none of the three, or says the same twice.
    """
    found = {}
    if masks is not None:
        if not os.path.isfile(masks):
            raise UserError(f'{masks}: no such masks JSON')
        found['masks'] = masks
    if work_dir is not None:
        found['work_dir'] = work_dir
    if run is None:
        return found
    kind = _kind(run)
    if kind == 'run_dir':
        found['run_dir'] = run = find_run_folder(run)
        written = masks_of_run(run)
        if written is not None:
            found.setdefault('masks', os.fspath(written))
        return found
    if kind in found:
        option = '--masks' if kind == 'masks' else '--work-dir'
        raise UserError(f'{run} and {option} {found[kind]}: two of the same kind; '
                        'leave one out')
    found[kind] = run
    if kind == 'work_dir' and 'masks' not in found:
        # Where labelling with a config of this work folder puts them.
        beside = Path(run) / 'masks.json'
        if beside.is_file():
            found['masks'] = os.fspath(beside)
    return found


def _kind(run: str) -> str:
    """Name of the argument that a path belongs to."""
    if not os.path.exists(run):
        raise UserError(f'{run}: no such file or folder (working directory '
                        f'{os.getcwd()}); name a masks JSON, its run folder or '
                        'the work folder of a training')
    if os.path.isfile(run):
        if not run.lower().endswith('.json') or run.endswith('scalars.json'):
            raise UserError(f'{run}: expected a masks JSON, a run folder or a '
                            'work folder')
        return 'masks'
    if is_run_folder(run):
        return 'run_dir'
    if find_training(run):
        return 'work_dir'
    if find_run_folder(run):
        return 'run_dir'
    raise UserError(
        f'{run}: neither a run folder (it has no manifest.json) nor the work '
        'folder of a training (it has no */vis_data/scalars.json); name a masks '
        'JSON, or the folder above or below')

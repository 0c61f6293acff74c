"""The instant labeller as a baseline: a label run in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from mmdet_mal.auto.quiet import quiet_mmengine
from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.labelling.manifest import MANIFEST_NAME, LabelManifest, hash_file
from mmdet_mal.labelling.run import default_run_dir
from mmdet_mal.labelling.weights import choose_weights
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import load_config

from .kept import foreign, made_by, read_masks

CONFIG = 'instant_deit-ti'
# In the run folders that were begun here: such a run may be begun anew.
MARK = 'baseline.json'
_STANDARD_ERROR = 2


def check_instant(ann_file: str | Path, out_file: str | Path,
                  images: str | Path | None) -> None:
    """Find out what is missing, before anything is labelled.

    Args:
        ann_file, out_file, images: as for :func:`label_with_instant`.

    Raises:
        UserError: no images are named, the weights are missing or broken, the
            output cannot be written, or masks or a run lie there that this
            baseline did not write.
    """
    if images is None:
        raise UserError("baseline 'instant' looks at the images; say where they "
                        'are (--images DIR)')
    try:
        with quiet_mmengine():
            choose_weights(load_config(CONFIG))
    except CheckpointError as error:
        raise UserError(f"baseline 'instant' needs the weights of DeiT-Ti, which "
                        f'MAL_WEIGHTS names: {error}') from error
    _refuse_foreign(str(ann_file), str(out_file))
    check_writable(str(out_file), "the masks of baseline 'instant'")


def label_with_instant(ann_file: str | Path, out_file: str | Path,
                       images: str | Path | None) -> None:
    """Label every box of a COCO JSON without training, as ``mal label`` does.

    Human masks in the input are dropped while it is parsed.  A run of the same
    boxes that is there already goes on, or is left as it is; one of other boxes
    is replaced if it was begun here, like the files of the other baselines.  In
    a process of its own because MMEngine keeps loggers and scopes per process.

    Args:
        ann_file (str | Path): COCO JSON with boxes.
        out_file (str | Path): masks JSON to write.
        images (str | Path | None): folder, archive or address of the images.

    Raises:
        UserError: as :func:`check_instant`, or the run ends with an error,
            which it has printed.
    """
    check_instant(ann_file, out_file, images)
    run_dir = default_run_dir(str(out_file))
    words = ['label', CONFIG, '--ann', str(ann_file), '--images', str(images),
             '--out', str(out_file)]
    if not os.path.exists(os.path.join(run_dir, MANIFEST_NAME)):
        _mark(run_dir, _marked(run_dir) or '')
    begun_here = _marked(run_dir) is not None
    # Not among the words that are named: by hand, another run is refused.
    options = ['--cfg-options', 'custom_hooks.0.if_changed=restart'] * begun_here
    # What it prints goes to our standard error: the tables are for the other.
    code = subprocess.run(
        [sys.executable, '-m', 'mmdet_mal.cli', *words, *options],
        stdout=_STANDARD_ERROR, check=False).returncode
    if code:
        raise UserError("baseline 'instant' could not label (its message is "
                        f"above); by hand: mal {' '.join(words)}")
    if begun_here:
        _mark(run_dir, hash_file(str(out_file)))


def _refuse_foreign(ann_file: str, out_file: str) -> None:
    """Raise if masks or a label run lie there that are not this baseline's."""
    run_dir = default_run_dir(out_file)
    marked, own = _marked(run_dir), None
    if os.path.exists(os.path.join(run_dir, MANIFEST_NAME)):
        manifest = LabelManifest.load(run_dir)
        if marked is None:
            _refuse_other_run(run_dir, manifest, ann_file)
        own = manifest.provenance()
    masks = read_masks(out_file)
    # Merged, and stopped before that was noted: the masks name their run.
    if masks is not None and made_by(masks) != own and (
            hash_file(out_file) != marked):
        raise foreign(out_file)


def _refuse_other_run(run_dir: str, manifest: LabelManifest,
                      ann_file: str) -> None:
    """Raise unless a run that was begun by hand is the one that is wanted."""
    names, why = manifest.names, []
    if Path(names.get('config', '')).stem != CONFIG:
        why.append(f"a label run with {names.get('config') or 'another config'}")
    if manifest.input_sha256 != hash_file(ann_file):
        why.append(f"a label run of {names.get('input') or 'other boxes'}, not of "
                   f'{ann_file} as it is now')
    if why:
        raise foreign(run_dir, why)


def _mark(run_dir: str, masks_sha256: str) -> None:
    """Note that a run folder was begun here, and which masks it wrote."""
    path = os.path.join(run_dir, MARK)
    check_writable(path, "the run of baseline 'instant'")
    with write_then_rename(path) as file:
        json.dump(dict(baseline='instant', masks_sha256=masks_sha256), file)


def _marked(run_dir: str) -> str | None:
    """SHA-256 of the masks that :func:`_mark` noted, '' before there are any;
    None if the folder was not begun here."""
    try:
        noted = json.loads(Path(run_dir, MARK).read_text(encoding='utf-8'))
        return str(noted['masks_sha256'])
    except (OSError, ValueError, TypeError, KeyError):
        return None

"""The instant labeller as a baseline: a label run in a process of its own."""

import subprocess
import sys
from pathlib import Path

from mmdet_mal.utils.errors import UserError

CONFIG = 'instant_deit-ti'
_STANDARD_ERROR = 2


def label_with_instant(ann_file: str | Path, out_file: str | Path,
                       images: str | Path | None) -> None:
    """Label every box of a COCO JSON without training, as ``mal label`` does.

    Human masks in the input are dropped while it is parsed.  A run that is
    there already goes on, or is left as it is.  In a process of its own because
    MMEngine keeps loggers and scopes per process.

    Args:
        ann_file (str | Path): COCO JSON with boxes.
        out_file (str | Path): masks JSON to write.
        images (str | Path | None): folder, archive or address of the images.

    Raises:
        UserError: no images are named, or the run ends with an error, which it
            has printed.
    """
    if images is None:
        raise UserError("baseline 'instant' looks at the images; say where they "
                        'are (--images DIR)')
    words = ['label', CONFIG, '--ann', str(ann_file), '--images', str(images),
             '--out', str(out_file)]
    # What it prints goes to our standard error: the tables are for the other.
    code = subprocess.run([sys.executable, '-m', 'mmdet_mal.cli', *words],
                          stdout=_STANDARD_ERROR, check=False).returncode
    if code:
        raise UserError("baseline 'instant' could not label (its message is "
                        f"above); by hand: mal {' '.join(words)}")

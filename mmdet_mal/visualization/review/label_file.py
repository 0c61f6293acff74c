"""One file of masks that a review page shows."""

import dataclasses
import os

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.utils.errors import UserError

HUMAN = 'human'
LABELS = 'labels'


@dataclasses.dataclass
class LabelFile:
    """A label file under the name that the page gives it.

    Attributes:
        name (str): For people; unique on a page.
        path (str): A COCO JSON with masks.
        kind (str): ``'labels'``, or ``'human'`` for masks by people.
        sha256 (str): Of its bytes.
        source (AnnotationFile): Reads it as a stream.
    """
    name: str
    path: str
    kind: str = LABELS
    sha256: str = dataclasses.field(init=False)
    source: AnnotationFile = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.path = os.fspath(self.path)
        if os.path.isdir(self.path):
            raise UserError(f'{self.path}: it is a folder; give the JSON with '
                            'the masks')
        self.source = AnnotationFile(self.path)
        self.source.keys()  # says what is wrong with the file
        self.sha256 = hash_file(self.path)


def open_label_files(masks: list[tuple[str, str]],
                     human: str | None) -> list[LabelFile]:
    """Open the label files of a page; the first is the one to be judged.

    Args:
        masks: (name, path) of at least one file.
        human: path of a JSON with human masks, shown as one more.

    Raises:
        UserError: if there is none, a name is there twice or empty, or a file
            cannot be read.
    """
    if not masks:
        raise UserError('no masks to review: give a masks JSON or the folder of '
                        'a label run')
    files = [LabelFile(name, path) for name, path in masks]
    if human is not None:
        files.append(LabelFile(HUMAN, human, HUMAN))
    names = [file.name for file in files]
    for name in names:
        if not name.strip():
            raise UserError('a label file has an empty name; give NAME=FILE')
        if names.count(name) > 1:
            raise UserError(f'two label files are called {name!r}; give each a '
                            'name of its own: NAME=FILE')
    return files

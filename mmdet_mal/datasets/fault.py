"""One finding about the data, and the error that lists many."""

from dataclasses import dataclass
from typing import Any

from .annotations import AnnotationError


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one annotation or image.

    Attributes:
        kind (str): Such as 'bbox_nan' or 'image_missing'; see
            :func:`.faults.find_faults`.
        file (str): The file to look at: an image, or '' for the JSON itself.
        image_id (Any): Id of the image, None where there is none.
        annotation_id (Any): Id of the annotation, None for images.
        message (str): What was found, what was expected, what to do.
        severity (str): 'error', or 'repair' for what is put right by a rule
            that the message states.
    """
    kind: str
    file: str
    image_id: Any
    annotation_id: Any
    message: str
    severity: str = 'error'

    def __str__(self) -> str:
        parts = [] if self.annotation_id is None else [
            f'annotation {self.annotation_id}'
        ]
        if self.image_id is not None:
            parts.append(f'image {self.image_id}')
        who = ', '.join(parts)
        if self.file:
            who = f'{who} ({self.file})' if who else self.file
        return f'{who}: {self.message}'


def raise_errors(faults: list[Fault], ann_file: str, hint: str = '') -> None:
    """Raise one error for all faults that are not repaired.

    Args:
        faults (list[Fault]): As found.
        ann_file (str): The annotation file, for the message.
        hint (str): What else than repairing the data would help, put at the
            end of the message.  Defaults to ''.

    Raises:
        AnnotationError: If any fault is an error; lists the first 50.
    """
    errors = [str(fault) for fault in faults if fault.severity == 'error']
    if errors:
        noun = 'fault' if len(errors) == 1 else 'faults'
        raise AnnotationError.of_many(
            f'{ann_file}: {len(errors)} {noun} in the data', errors, hint)

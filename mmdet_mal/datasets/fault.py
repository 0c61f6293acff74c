"""One finding about the data."""

from dataclasses import dataclass
from typing import Any

# Errors of annotations, in the order in which one annotation's are listed; a
# box has at most one of the kinds of each part of the annotation.
ANNOTATION_ERRORS = (
    'image_id_unknown', 'ann_id_missing', 'ann_id_duplicate',
    'category_id_unknown', 'bbox_malformed', 'bbox_nan', 'bbox_reversed',
    'bbox_zero', 'bbox_outside')


@dataclass(frozen=True, slots=True)
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

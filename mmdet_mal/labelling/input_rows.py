"""What the merge has to know of each annotation before it reads it."""

from mmdet_mal.datasets.annotation_source import AnnotationSource
from mmdet_mal.datasets.fault import ANNOTATION_ERRORS
from mmdet_mal.datasets.fault_log import FaultLog
from mmdet_mal.datasets.parsing import build_columns

from .errors import LabelRunError


class InputRows:
    """Image size and first error of each annotation: 5 bytes a box.

    While it is made, the columns of the whole input are in memory (31 bytes a
    box); they are gone before the merge opens its index.

    Args:
        source: the input.

    Raises:
        AnnotationError: if a streamed input cannot be read.
    """

    def __init__(self, source: AnnotationSource) -> None:
        columns, images, _ = build_columns(source, FaultLog(limit=0))
        self._image_index = columns.image_index
        self._errors = columns.flags >> columns.ERROR_SHIFT
        self._heights, self._widths = images.heights, images.widths

    def __len__(self) -> int:
        return len(self._errors)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns that grow with the number of boxes."""
        return self._image_index.nbytes + self._errors.nbytes

    def image_size(self, row: int) -> tuple[int, int] | None:
        """Return (height, width) of an annotation's image as its entry states
        it, None if unknown.

        Raises:
            LabelRunError: if the input has no such row: it has grown.
        """
        if row >= len(self):
            raise LabelRunError(
                'the input JSON changed while its labels were merged; start '
                'the same command again')
        image = int(self._image_index[row])
        if image < 0 or not self._heights[image] or not self._widths[image]:
            return None
        return int(self._heights[image]), int(self._widths[image])

    def error(self, row: int) -> str | None:
        """Return the kind of an annotation's first error, None if it is sound;
        kinds are those of ``mmdet_mal.datasets.fault.ANNOTATION_ERRORS``."""
        code = int(self._errors[row])
        return ANNOTATION_ERRORS[code - 1] if code else None

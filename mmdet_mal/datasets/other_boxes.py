"""The other samples of a data set, for transforms that mix samples."""

from collections.abc import Sequence
from typing import Any

# The key of the handle in a sample's results.
OTHER_BOXES = 'other_boxes'


class OtherBoxes:
    """A handle on the samples of a data set, small enough for a result dict.

    mmdet's ``MultiImageMixDataset`` sends whole samples through the pipeline to
    mix them.  Here a transform asks for what it needs of a box, which is not
    more than a slice of its image.

    Args:
        dataset (Sequence): A :class:`~mmdet_mal.datasets.BoxInstanceDataset`.
    """

    def __init__(self, dataset: Sequence) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        """Number of samples, that of the results included."""
        return len(self._dataset)

    def info(self, index: int) -> dict[str, Any]:
        """What the data set knows of a box before its image is read.

        Args:
            index (int): Position of the sample.

        Returns:
            dict: As of :meth:`.BoxInstanceDataset.get_data_info`.
        """
        return self._dataset.get_data_info(index)

    def __deepcopy__(self, memo: dict) -> 'OtherBoxes':
        """Itself: branches of a pipeline copy their results, not the data."""
        return self


def wants_other_boxes(transform: Any) -> bool:
    """Whether a transform, or one within it, has ``takes_other_boxes``.

    Args:
        transform (Any): A transform, a ``Compose``, or what else holds
            ``transforms``, such as a ``RandomApply``.

    Returns:
        bool: True if the pipeline should get the handle.
    """
    if getattr(transform, 'takes_other_boxes', False):
        return True
    inner = getattr(transform, 'transforms', ())
    # Some transforms keep something else under this name.
    inner = getattr(inner, 'transforms', inner)
    return isinstance(inner, (list, tuple)) and any(map(wants_other_boxes, inner))


def offer_other_boxes(dataset: Any, info: dict[str, Any]) -> None:
    """Add the handle to a sample if the data set's pipeline asks for it.

    Args:
        dataset (Any): With ``pipeline``.
        info (dict): Of the sample; changed in place.
    """
    if wants_other_boxes(dataset.pipeline):
        info[OTHER_BOXES] = OtherBoxes(dataset)

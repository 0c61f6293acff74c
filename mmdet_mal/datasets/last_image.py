"""The image that was opened last."""

from typing import Any

import numpy as np

from .image_opening import open_image
from .region_image import RegionImage


class LastImage:
    """Opens images, one after the other, and keeps the last.

    A pickle or a copy of it, such as a worker that is not forked gets, holds
    no image.
    """

    def __init__(self) -> None:
        self._kept: tuple[str, np.ndarray | RegionImage] | None = None

    @property
    def path(self) -> str | None:
        """Of the image that is kept; None if there is none."""
        return None if self._kept is None else self._kept[0]

    def open(self, path: str, who: str, **how: Any) -> np.ndarray | RegionImage:
        """The image of a path, which is not read again if it is the last.

        Args:
            path (str): Path or address of the image.
            who (str): Whom the image is read for, for the message.
            **how: The other arguments of :func:`.image_opening.open_image`,
                the same at every call.

        Returns:
            np.ndarray | RegionImage: The same object as long as it is kept.

        Raises:
            AnnotationError: As :func:`.image_opening.open_image`; no image is
                kept then.
        """
        if self._kept is None or self._kept[0] != path:
            self._kept = None  # before the next is decoded: both may be large
            self._kept = path, open_image(path, who, **how)
        return self._kept[1]

    def forget(self) -> None:
        """Drop the image from memory."""
        self._kept = None

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle holds: no pixels."""
        return dict(self.__dict__, _kept=None)

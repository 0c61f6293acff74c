"""An image as the labeller sees it, and how labels of it are turned."""

import dataclasses
from collections.abc import Sequence

# EXIF orientations under which width and height change places.
_TRANSPOSED = (5, 6, 7, 8)
UPRIGHT = 1


@dataclasses.dataclass(frozen=True)
class Picture:
    """One image.

    The labeller reads pixels as they are stored.  Many labelling tools show
    them turned by the EXIF orientation, and their boxes refer to that.

    Attributes:
        file_name: Relative to the folder of the images.
        width: As stored, in pixels.
        height: As stored, in pixels.
        turn: EXIF orientation (1 to 8) under which the labels were drawn;
            1 if they refer to the image as stored.
    """

    file_name: str
    width: int
    height: int
    turn: int = UPRIGHT

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height of the picture that the labels refer to."""
        if self.turn in _TRANSPOSED:
            return self.height, self.width
        return self.width, self.height

    def to_stored(self, bbox: Sequence[float]) -> list[float]:
        """Turn a box back.

        Args:
            bbox: x, y, width, height in the picture that was labelled, px.

        Returns:
            x, y, width, height in the image as stored.
        """
        x, y, w, h = bbox
        if self.turn in _TRANSPOSED:
            x, y, w, h = y, x, h, w
        if self.turn in (2, 3, 7, 8):
            x = self.width - x - w
        if self.turn in (3, 4, 6, 7):
            y = self.height - y - h
        return [x, y, w, h]

    def from_fractions(self, bbox: Sequence[float]) -> list[float]:
        """Pixels of a box that is given in fractions of width and height.

        Args:
            bbox: x, y, width, height; 1 is the whole side of the picture that
                was labelled.

        Returns:
            x, y, width, height in the image as stored, px.
        """
        width, height = self.shown_size
        x, y, w, h = bbox
        return self.to_stored([x * width, y * height, w * width, h * height])


def is_transposed(orientation: int) -> bool:
    """Whether an EXIF orientation exchanges width and height."""
    return orientation in _TRANSPOSED

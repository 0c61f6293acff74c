"""What a reader of boxes and a writer of masks promise."""

import abc
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from .option import Option
from .probe import Probe
from .tally import Tally

if TYPE_CHECKING:
    from .image_folder import ImageFolder
    from .mask_set import MaskSet


class BoxReader(abc.ABC):
    """Reads the boxes of one format.

    A reader holds no state; one object serves every call.

    Attributes:
        name: What a person gives as ``--from``.
        summary: One line for ``--help``: what the path must be.
        refines: Names of readers that recognise the same file but know less
            of it; where this one recognises a file, those do not count.
        options: Beside the common ones of :mod:`.common_options`.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    refines: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[tuple[Option, ...]] = ()

    @abc.abstractmethod
    def recognise(self, probe: Probe) -> bool:
        """Whether a path is of this format.

        Args:
            probe: A look at a file or folder that exists.
        """

    @abc.abstractmethod
    def read(self, path: str, images: 'ImageFolder | None', tally: Tally,
             **options: Any) -> dict[str, Any]:
        """Read all boxes.

        Args:
            path: A file or folder that exists.
            images: Folder of the images, or None where the person gave none.
            tally: Gets what was left out, bounded or repaired.
            options: Values of the common options and of :attr:`options`,
                under their names; those not given have their defaults.

        Returns:
            COCO dict; :class:`.box_table.BoxTable` makes one.  ``file_name``
            is relative to the folder of the images where there is one.

        Raises:
            UserError: In one line that names file and record.
        """


class MaskWriter(abc.ABC):
    """Writes masks in one format.

    Attributes:
        name: What a person gives as ``--to``.
        summary: One line for ``--help``: what is written.
        out_kind: ``'file'`` or ``'folder'``: what the output is.
        options: Beside the common ones of ``mal export``.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    out_kind: ClassVar[str] = 'folder'
    options: ClassVar[tuple[Option, ...]] = ()

    @abc.abstractmethod
    def write(self, masks: 'MaskSet', out: str, tally: Tally,
              **options: Any) -> None:
        """Write all masks.

        Args:
            masks: What was chosen; ``masks.by_image()`` yields it.
            out: Path of a file to write, or of an empty folder, under a
                temporary name: the caller renames it when this returns.
            tally: Gets what the format could not hold, counted.
            options: Values of :attr:`options`, under their names.

        Raises:
            UserError: In one line that names file and record.
        """


def names_of(table: Iterable[str]) -> str:
    """Names of formats for a message."""
    return ', '.join(sorted(table))

"""The members of a COCO file's entries that the columns are made of.

msgspec decodes a block of entries into these and skips everything else, polygons
above all, as text.  A member may hold any JSON value: what is wrong with it is
judged later, so that a fault reads the same however an entry was read.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Self

import msgspec

# msgspec skips integers of any length; Python's decoder refuses those of more
# digits than int() takes.  A run of so many covers a character of every 2,048th
# and 2,000 digits after it.
_STRIDE = 2048
_many_digits = re.compile('[0-9]{2000}').match


class Record(msgspec.Struct, gc=False):
    """An object of which no member is of interest."""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Self:
        """The same of an object that is decoded already.

        Args:
            entry (Mapping[str, Any]): An entry of the file.

        Returns:
            Record: A missing member has its default.
        """
        return cls(**{key: entry[key] for key in cls.__struct_fields__
                      if key in entry})


class BoxRecord(Record, gc=False):
    """An entry of 'annotations', of which any member may be missing."""

    id: Any = None
    image_id: Any = None
    category_id: Any = None
    # As a fault calls it; it is no box either way.
    bbox: Any = 'missing'
    iscrowd: Any = None


class ImageRecord(Record, gc=False):
    """An entry of 'images', of which any member may be missing."""

    id: Any = None
    file_name: Any = None
    coco_url: Any = None
    height: Any = None
    width: Any = None


def list_decoder(kind: type[Record]) -> Callable[[str], list[Record] | None]:
    """Make a decoder of lists of objects, for :meth:`.JsonStream.blocks`.

    Args:
        kind (type[Record]): What the objects become.

    Returns:
        Callable[[str], list[Record] | None]: Decodes the text of a JSON list.
        It returns None where msgspec refuses: text that is not JSON, and what
        only Python's decoder takes (NaN, halves of surrogate pairs, numbers
        beyond double precision).  What it accepts means the same to both.
    """
    decode = msgspec.json.Decoder(list[kind]).decode

    def decode_list(text: str) -> list[Record] | None:
        try:
            records = decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
        if any(_many_digits(text, place)
               for place in range(0, len(text), _STRIDE)):
            return None
        return records

    return decode_list

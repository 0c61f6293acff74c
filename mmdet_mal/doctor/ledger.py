"""What must be known of all annotations at once: ids and equal boxes."""

import hashlib
import struct
from array import array
from collections.abc import Iterator

import numpy as np

from .annotation_judge import Verdict
from .repeated import repeated

_RAW_ID, _HAS_ID, _KEPT, _BOX = 1, 2, 4, 8


_pack = struct.Struct('<4d').pack


def _key(x: float, y: float, w: float, h: float) -> int:
    """64 bits of a box: within one image two different ones do not collide.
    """
    content = _pack(x + 0., y + 0., w, h)  # -0.0 is 0.0
    return int.from_bytes(
        hashlib.blake2b(content, digest_size=8).digest(), 'little')


class Ledger:
    """Ids and boxes of all annotations, 25 bytes each.

    Attributes:
        rows (array): Row of the image of each annotation, -1 if unknown.
        ids (array): Id of each annotation after repair, 0 if it has none.
    """

    def __init__(self) -> None:
        self.rows = array('i')
        self.ids = array('q')
        self._labels = array('i')
        self._keys = array('Q')
        self._state = array('B')
        self._class_of: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Bytes of the columns."""
        return sum(len(column) * column.itemsize for column in (
            self.rows, self.ids, self._labels, self._keys, self._state))

    def add(self, verdict: Verdict) -> None:
        """Write down the next annotation of the file.

        Args:
            verdict (Verdict): As judged.
        """
        kept = not verdict.dropped
        has_box = kept and verdict.bbox is not None and verdict.row >= 0
        has_id = verdict.ann_id is not None
        self.rows.append(verdict.row)
        self.ids.append(verdict.ann_id if has_id else 0)
        self._labels.append(self._class_of.setdefault(
            verdict.category_id, len(self._class_of)))
        self._keys.append(_key(*verdict.bbox) if has_box else 0)
        self._state.append(
            _RAW_ID * (has_id and 'id' not in verdict.edits)
            + _HAS_ID * has_id + _KEPT * kept + _BOX * has_box)

    def repeated_ids(self) -> Iterator[tuple[int, int]]:
        """Annotations whose id, as written, is that of another one too.

        Yields:
            tuple[int, int]: Position in the file, and how often the id
            occurs.
        """
        ids = np.asarray(self.ids)
        rows = repeated(ids, self._has(_RAW_ID))
        ids = ids[rows]
        _, inverse, counts = np.unique(
            ids, return_inverse=True, return_counts=True)
        for position in np.flatnonzero(counts[inverse] > 1):
            yield int(rows[position]), int(counts[inverse[position]])

    def new_ids(self) -> tuple[np.ndarray, np.ndarray]:
        """Ids that ``--fix`` gives.

        The first annotation that stays keeps its id; others of this id, and
        those without one, get the next ids above all others (or, where 64
        bits end, the smallest free positive ones).

        Returns:
            tuple[np.ndarray, np.ndarray]: Positions in the file, ascending,
            and the new id of each.
        """
        ids = np.asarray(self.ids)
        kept, has_id = self._has(_KEPT), self._has(_HAS_ID)
        kept[self.copies()[0]] = False  # these will be dropped
        # An id as it was written goes before one that was text.
        good = np.flatnonzero(kept & has_id)
        raw_first = np.argsort(~self._has(_RAW_ID)[good], kind='stable')
        good = good[raw_first]
        used, first = np.unique(ids[good], return_index=True)
        keeps = np.zeros(len(ids), dtype=bool)
        keeps[good[first]] = True
        needy = np.flatnonzero(kept & ~keeps)
        start = int(used.max(initial=0)) + 1
        if start + len(needy) <= 2**63:
            fresh = start + np.arange(len(needy), dtype=np.int64)
        else:
            fresh = np.setdiff1d(np.arange(
                1, len(used) + len(needy) + 1, dtype=np.int64), used)
        return needy, fresh[:len(needy)]

    def copies(self) -> tuple[np.ndarray, np.ndarray]:
        """Boxes that occur before in the same image.

        Returns:
            tuple[np.ndarray, np.ndarray]: Positions in the file, ascending:
            of later copies under the same category, and of the first copies
            under a further category.
        """
        rows = repeated(np.asarray(self._keys), self._has(_BOX))
        image = np.asarray(self.rows)[rows]
        key = np.asarray(self._keys)[rows]
        label = np.asarray(self._labels)[rows]
        order = np.lexsort((label, key, image))  # stable: file order within
        rows, image, key, label = (column[order] for column in
                                   (rows, image, key, label))
        again = np.zeros(len(rows), dtype=bool)
        again[1:] = (image[1:] == image[:-1]) & (key[1:] == key[:-1])
        same = np.zeros(len(rows), dtype=bool)
        same[1:] = again[1:] & (label[1:] == label[:-1])
        return np.sort(rows[same]), np.sort(rows[again & ~same])

    def _has(self, bit: int) -> np.ndarray:
        return (np.asarray(self._state) & bit) > 0


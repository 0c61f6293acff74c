"""Crops in memory that forked workers share."""

import mmap
import multiprocessing

import numpy as np

from .samplers.sample_key import SampleKey

# Epochs below this and seeds of 32 bits make one number of 64 bits.
_EPOCHS = 1 << 20


class CropStore:
    """Crops of samples, each of an epoch, in places of a fixed size.

    A sample has as many places as crops of it are wanted at once; a crop takes
    the place of the one as many epochs before it.  Memory is taken page by
    page, as places are filled.  Workers that are forked see what the others
    stored; one that is started otherwise begins with an empty store.

    Args:
        places (np.ndarray): (N,) integers, at least 1: places of each sample.
        size (tuple[int, int]): Height and width of a crop.
    """

    def __init__(self, places: np.ndarray, size: tuple[int, int]) -> None:
        self._places, self._size = np.asarray(places, np.int64), size
        self._starts = np.r_[0, np.cumsum(self._places)]
        count, (height, width) = int(self._starts[-1]), size
        # Anonymous and shared: it ends with its processes, whatever ends them.
        self._pixels = np.frombuffer(
            mmap.mmap(-1, max(1, count * height * width * 3)), np.uint8,
            count * height * width * 3).reshape(count, height, width, 3)
        # 0: empty, else whose crop it is; and what it shows.
        self._owners = _shared(count, 1)[:, 0]
        self._windows = _shared(count, 4)
        # Also orders the writing of pixels and owner between processors.
        self._lock = multiprocessing.Lock()

    @staticmethod
    def bytes_of(places: np.ndarray, size: tuple[int, int]) -> int:
        """Memory of a store when all its places are filled."""
        return int(np.sum(places)) * (size[0] * size[1] * 3 + 5 * 8)

    def places(self, index: int) -> int:
        """Places of a sample: the epochs of which it can hold crops at once."""
        return int(self._places[index])

    def has(self, key: SampleKey) -> bool:
        """Whether the crop of a sample of an epoch is there."""
        place, owner = self._find(key)
        return bool(self._owners[place] == owner)

    def get(self, key: SampleKey, window: np.ndarray) -> np.ndarray | None:
        """The crop of a sample of an epoch.

        Args:
            key (SampleKey): Whose crop.
            window (np.ndarray): (4,), integers, what it should show.

        Returns:
            np.ndarray | None: (*size, 3), uint8, the caller's own; None if it
            is not there or shows another window.
        """
        place, owner = self._find(key)
        with self._lock:
            if (self._owners[place] != owner
                    or (self._windows[place] != window).any()):
                return None
            return self._pixels[place].copy()

    def put(self, key: SampleKey, window: np.ndarray, crop: np.ndarray) -> None:
        """Keep the crop of a sample of an epoch, in place of an older one.

        Args:
            key (SampleKey): Whose crop it is.
            window (np.ndarray): (4,), integers, what it shows.
            crop (np.ndarray): Copied; nothing is kept if it is not of the
                store's size, 3 channels and 8 bits.
        """
        if crop.dtype != np.uint8 or crop.shape != (*self._size, 3):
            return
        place, owner = self._find(key)
        with self._lock:
            self._pixels[place] = crop
            self._windows[place] = window
            self._owners[place] = owner

    def _find(self, key: SampleKey) -> tuple[int, int]:
        """Place of a crop, and the number that says whose it is."""
        index = int(key)
        place = int(self._starts[index]) + key.epoch % int(self._places[index])
        return place, key.seed * _EPOCHS + key.epoch + 1

    def __reduce__(self) -> tuple:
        """Another process gets an empty store: shared memory is inherited."""
        return CropStore, (self._places, self._size)


def _shared(rows: int, columns: int) -> np.ndarray:
    """Zeros (rows, columns), int64, that forked processes share."""
    return np.frombuffer(mmap.mmap(-1, max(1, 8 * rows * columns)), np.int64,
                         rows * columns).reshape(rows, columns)

"""Order of the training samples, from any point of an epoch on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from mmengine.dataset import DefaultSampler

from mmdet_mal.registry import DATA_SAMPLERS
from mmdet_mal.utils.setting_error import SettingError

from .sample_key import SampleKey


@DATA_SAMPLERS.register_module()
class ResumableSampler(DefaultSampler):
    """MMEngine's default sampler that can start in the middle of an epoch.

    The order is the stock one: it depends on seed and epoch, and the ranks
    take turns.  What it yields are :class:`SampleKey`, so that
    :class:`~mmdet_mal.datasets.seeded_samples.SeededSamples` can draw the
    same augmentations for a sample of an epoch, whoever reads it.

    Args:
        dataset (Sized): The data set.
        shuffle (bool): Whether the order is random.  Defaults to True.
        seed (int, optional): Equal on all ranks; MMEngine passes the run's.
        round_up (bool): Repeat a few samples so that all ranks get equally
            many.  Defaults to True.
        together (int): Up to so many boxes of an image follow each other, at
            the place of the first in the stock order, so that a loader with
            ``LoadBoxImage(keep='last')`` decodes it once for them.  Batches
            then show fewer images, and ranks get pieces of the order in place
            of turns.  Defaults to 1, the stock order.

    Raises:
        SettingError: If ``together`` is no whole number of at least 1, or more
            and the data set does not tell the images of its samples.
    """

    _start = 0

    def __init__(self, *args: Any, together: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if together != int(together) or together < 1:
            raise SettingError('sampler.together must be a whole number of at '
                               f'least 1, got {together}')
        self.together = int(together)
        if together > 1:
            _images_of(self.dataset)

    @property
    def order_settings(self) -> dict[str, int]:
        """What the order depends on beside seed, epoch and data, by name.

        Only with the same settings can an epoch that was begun be gone on with:
        the samples that its ranks have had are then those that
        :meth:`start_at` leaves out.  Ranks that take turns have had the first
        of the order however many they are; ranks with a piece each have not.
        """
        settings = {'sampler.together': self.together}
        return (settings if self.together == 1 else
                {**settings, 'processes': self.world_size})

    def start_at(self, position: int) -> None:
        """Leave out the first samples of this rank, from the next epoch on.

        ``len()`` stays that of the whole epoch, because schedules and logs
        count in it.

        Args:
            position (int): How many; all of them or more leave an empty
                epoch.

        Raises:
            ValueError: If it is negative.
        """
        if position < 0:
            raise ValueError(f'an epoch starts at 0 or later, got {position}')
        self._start = position

    def __iter__(self) -> Iterator[SampleKey]:
        """Keys of this rank's samples, in the epoch's order."""
        indices = (list(super().__iter__()) if self.together == 1 else
                   self._piece(self._grouped()))[self._start:]
        epoch, seed = self.epoch, self.seed
        return (SampleKey(index, epoch, seed) for index in indices)

    def _grouped(self) -> list[int]:
        """All samples, boxes of an image together."""
        alone = DefaultSampler(self.dataset, self.shuffle, self.seed, False)
        alone.rank, alone.world_size = 0, 1
        alone.total_size = len(self.dataset)
        alone.set_epoch(self.epoch)
        order = np.fromiter(alone, np.int64)
        return order[group_order(_images_of(self.dataset)[order],
                                 self.together)].tolist()

    def _piece(self, indices: list[int]) -> list[int]:
        """This rank's part of the order, in one piece."""
        count, ranks = len(indices), self.world_size
        if self.round_up:
            indices = (indices * (self.total_size // count + 1))[:self.total_size]
            begin = self.rank * self.num_samples
        else:
            begin = sum(-(-(count - r) // ranks) for r in range(self.rank))
        return indices[begin:begin + self.num_samples]


def group_order(groups: np.ndarray, together: int) -> np.ndarray:
    """Positions of a sequence, members of a group following each other.

    Args:
        groups (np.ndarray): (N,) integers, the group of each position.
        together (int): Most members that follow each other, at least 1.

    Returns:
        np.ndarray: (N,) positions: runs of up to ``together`` members of a
        group, in the order of the runs' first members.
    """
    by_group = np.argsort(groups, kind='stable')
    ordered = groups[by_group]
    new = np.r_[True, ordered[1:] != ordered[:-1]][:len(ordered)]
    row = np.arange(len(ordered))
    member = row - np.maximum.accumulate(np.where(new, row, 0))
    first = by_group[row - member % together]
    return by_group[np.argsort(first, kind='stable')]


def _images_of(dataset: Any) -> np.ndarray:
    """Image of each sample, as any number of its own."""
    number = len(dataset)  # some read their file only now
    while hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    columns = getattr(dataset, 'columns', None)
    # A wrapper that repeats or leaves out samples numbers them anew.
    if columns is None or len(dataset) != number:
        raise SettingError(
            f'sampler.together: a {type(dataset).__name__} does not tell the '
            'images of its samples, or a wrapper repeats them; use a '
            'mmdet_mal.BoxInstanceDataset alone, or together=1')
    return np.asarray(columns.image_index)

"""Order of the training samples, from any point of an epoch on."""

from collections.abc import Iterator

from mmengine.dataset import DefaultSampler

from mmdet_mal.registry import DATA_SAMPLERS

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
    """

    _start = 0

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
        indices = list(super().__iter__())[self._start:]
        epoch, seed = self.epoch, self.seed
        return (SampleKey(index, epoch, seed) for index in indices)

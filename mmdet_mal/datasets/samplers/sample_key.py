"""What a sampler tells a data set about a sample."""


class SampleKey(int):
    """Index of a sample that also knows its epoch and the run's seed.

    It is used like the plain index everywhere; it travels with the request to
    whichever worker reads the sample, so that the worker needs no state.

    Args:
        index (int): Position of the sample in the data set.
        epoch (int): Epoch in which it is read, from 0.
        seed (int): Seed of the run.
    """

    epoch: int
    seed: int

    def __new__(cls, index: int, epoch: int, seed: int) -> 'SampleKey':
        key = super().__new__(cls, index)
        key.epoch = epoch
        key.seed = seed
        return key

    def __reduce__(self) -> tuple:
        """Rebuild from the three numbers when a worker unpickles the key."""
        return SampleKey, (int(self), self.epoch, self.seed)

    def __repr__(self) -> str:
        return (f'SampleKey({int(self)}, epoch={self.epoch}, '
                f'seed={self.seed})')

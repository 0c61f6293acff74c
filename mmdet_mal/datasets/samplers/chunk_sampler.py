"""Which rank labels which chunks."""

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import pairwise

import numpy as np
from mmengine.dist import get_dist_info
from torch.utils.data import Sampler

from mmdet_mal.registry import DATA_SAMPLERS


def split_chunks(sizes: np.ndarray, parts: int) -> list[tuple[int, int]]:
    """Split chunks into contiguous runs of about equally many boxes.

    Args:
        sizes (np.ndarray): Boxes of each chunk, shape (n,).
        parts (int): Number of runs, at least 1.

    Returns:
        list[tuple[int, int]]: First chunk and one past the last chunk of each
        run, in order, without gaps or overlap; runs may be empty.  A run's
        share differs from the mean by less than one chunk.
    """
    if parts < 1:
        raise ValueError(f'chunks go to at least 1 rank, got {parts}')
    ends = np.cumsum(sizes, dtype=np.int64)
    total = int(ends[-1]) if len(ends) else 0
    # A chunk belongs to the run in whose share its middle box lies.
    middles = ends - np.asarray(sizes) / 2
    borders = np.searchsorted(middles, total * np.arange(parts + 1) / parts)
    borders[0], borders[-1] = 0, len(ends)
    return list(pairwise(borders.tolist()))


def deal_chunks(chunks: Sequence[int], workers: int) -> list[int]:
    """Order chunks so that each worker of a data loader gets neighbours.

    A data loader serves its workers in turn.  In ascending order the chunks of
    one image would go to different workers, which would all decode it; in
    this order each worker gets one contiguous part.

    Args:
        chunks (Sequence[int]): In ascending order.
        workers (int): Worker processes; 0 and 1 leave the order as it is.

    Returns:
        list[int]: The same chunks.
    """
    parts = np.array_split(np.asarray(chunks, dtype=np.int64), max(workers, 1))
    return [int(part[turn]) for turn in range(len(parts[0]))
            for part in parts if turn < len(part)]


@DATA_SAMPLERS.register_module()
class ChunkSampler(Sampler):
    """Give each rank a contiguous run of chunks, balanced by boxes.

    Each chunk goes to exactly one rank; nothing is repeated to make the runs
    equally long, so ranks may take different numbers of steps.

    Args:
        dataset (Sized): A data set with ``chunk_sizes``; without them every
            item counts the same.
        seed (int, optional): Ignored; mmengine passes it to every sampler.
        rank (int, optional): Defaults to this process's.
        world_size (int, optional): Defaults to the number of processes.
    """

    def __init__(self,
                 dataset: Sized,
                 seed: int | None = None,
                 rank: int | None = None,
                 world_size: int | None = None) -> None:
        own_rank, own_world_size = get_dist_info()
        self.rank = own_rank if rank is None else rank
        self.world_size = world_size or own_world_size
        if not 0 <= self.rank < self.world_size:
            raise ValueError(f'rank {self.rank} is not one of '
                             f'{self.world_size} processes')
        sizes = getattr(dataset, 'chunk_sizes', None)
        self._sizes = np.ones(
            len(dataset), dtype=np.int64) if sizes is None else sizes
        self._workers = 0
        self.set_done(())

    def set_done(self, indices: Iterable[int]) -> None:
        """Skip chunks that an earlier run finished, to resume it.

        What is left is split anew, so a run may go on with another number of
        processes.  Call it with the same indices on all ranks.

        Args:
            indices (Iterable[int]): Chunks that are done, of the whole data
                set; replaces those given before.

        Raises:
            IndexError: If an index is not one of the chunks.
        """
        done = np.unique(np.fromiter(indices, dtype=np.int64))
        if len(done) and not (0 <= done[0] and done[-1] < len(self._sizes)):
            raise IndexError(
                f'done chunks must lie between 0 and {len(self._sizes) - 1}, '
                f'found {done[0]} to {done[-1]}; the run folder belongs to '
                'other data')
        left = np.setdiff1d(np.arange(len(self._sizes)), done)
        first, last = split_chunks(self._sizes[left],
                                   self.world_size)[self.rank]
        self._indices = left[first:last].tolist()

    def set_workers(self, workers: int) -> None:
        """Say how many processes load the chunks; see :func:`deal_chunks`.

        Args:
            workers (int): ``num_workers`` of the data loader.
        """
        self._workers = workers

    def __iter__(self) -> Iterator[int]:
        """Indices of this rank's chunks that are not done, as dealt."""
        return iter(deal_chunks(self._indices, self._workers))

    def __len__(self) -> int:
        """Number of these chunks."""
        return len(self._indices)

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: the order never changes; mmengine's loops call it."""

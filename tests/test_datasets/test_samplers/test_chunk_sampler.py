"""How chunks are dealt to ranks."""

import numpy as np
import pytest

from mmdet_mal.datasets.samplers import ChunkSampler, split_chunks
from mmdet_mal.datasets.samplers.chunk_sampler import deal_chunks


class _Chunks:

    def __init__(self, sizes):
        self.chunk_sizes = np.array(sizes, dtype=np.int64)

    def __len__(self):
        return len(self.chunk_sizes)


@pytest.mark.parametrize('sizes, parts, runs', [
    pytest.param([], 2, [(0, 0), (0, 0)], id='nothing'),
    pytest.param([5], 3, [(0, 0), (0, 1), (1, 1)], id='one_chunk'),
    pytest.param([1, 1, 1, 1], 2, [(0, 2), (2, 4)], id='even'),
    pytest.param([9, 1, 1, 1], 2, [(0, 1), (1, 4)], id='by_boxes'),
    pytest.param([1, 2], 1, [(0, 2)], id='one_rank'),
])
def test_split_chunks_by_hand(sizes, parts, runs):
    assert split_chunks(np.array(sizes), parts) == runs


@pytest.mark.parametrize('parts', [1, 2, 3, 8, 100])
def test_runs_are_complete_contiguous_and_balanced(parts):
    sizes = np.random.default_rng(parts).integers(1, 17, 60)
    runs = split_chunks(sizes, parts)
    assert len(runs) == parts
    assert [a for a, _ in runs] + [60] == [0] + [b for _, b in runs]
    for first, last in runs:
        share = sizes[first:last].sum()
        assert abs(share - sizes.sum() / parts) <= sizes.max()


def test_split_refuses_no_ranks():
    with pytest.raises(ValueError, match='at least 1 rank'):
        split_chunks(np.array([1]), 0)


def test_ranks_share_all_chunks_without_duplicates():
    data = _Chunks([3, 1, 4, 1, 5, 9, 2, 6])
    taken = [list(ChunkSampler(data, rank=r, world_size=3)) for r in range(3)]
    assert sum(taken, []) == list(range(8))
    assert all(taken)


def test_done_chunks_are_skipped_and_the_rest_is_split_anew():
    data = _Chunks([1] * 8)
    samplers = [ChunkSampler(data, rank=r, world_size=2) for r in range(2)]
    assert [list(s) for s in samplers] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    for sampler in samplers:
        sampler.set_done(iter([3, 0, 1, 2]))
    assert [list(s) for s in samplers] == [[4, 5], [6, 7]]
    assert [len(s) for s in samplers] == [2, 2]
    for sampler in samplers:
        sampler.set_done(range(8))
    assert [list(s) for s in samplers] == [[], []]
    samplers[0].set_done([])
    assert len(samplers[0]) == 4
    samplers[0].set_epoch(1)


def test_foreign_chunks_and_ranks_are_refused():
    sampler = ChunkSampler(_Chunks([1, 1]), seed=5)
    with pytest.raises(IndexError, match='between 0 and 1, found 1 to 7'):
        sampler.set_done([1, 7])
    with pytest.raises(ValueError, match='rank 2'):
        ChunkSampler(_Chunks([1]), rank=2, world_size=2)


def test_data_without_sizes_counts_items():
    assert list(ChunkSampler([7, 8, 9], rank=1, world_size=3)) == [1]


@pytest.mark.parametrize('workers', [0, 1, 2, 3, 8])
@pytest.mark.parametrize('count', [0, 1, 7, 8, 20])
def test_each_worker_served_in_turn_gets_neighbours(workers, count):
    chunks = list(range(10, 10 + count))
    dealt = deal_chunks(chunks, workers)
    assert sorted(dealt) == chunks
    turns = max(workers, 1)
    for worker in range(turns):
        mine = dealt[worker::turns]
        assert mine == list(range(mine[0], mine[0] + len(mine))) if mine else True


def test_the_loader_s_workers_change_the_order_only():
    sampler = ChunkSampler(_Chunks([1] * 6), rank=0, world_size=1)
    sampler.set_workers(2)
    assert list(sampler) == [0, 3, 1, 4, 2, 5]
    sampler.set_done([1])
    assert list(sampler) == [0, 4, 2, 5, 3]

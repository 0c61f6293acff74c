"""Which boxes are labelled together."""

import numpy as np
import pytest

from mmdet_mal.datasets.chunk_cutting import cut_chunks, label_order


@pytest.mark.parametrize('counts, limit, chunks', [
    pytest.param([], 4, [], id='nothing'),
    pytest.param([0, 0], 4, [], id='images_without_boxes'),
    pytest.param([1, 1, 1], 4, [(0, 3)], id='all_fit'),
    pytest.param([2, 2, 1], 4, [(0, 4), (4, 5)], id='full'),
    pytest.param([3, 2, 1], 4, [(0, 3), (3, 6)], id='whole_images'),
    pytest.param([4, 4], 4, [(0, 4), (4, 8)], id='exact'),
    pytest.param([1, 9, 1], 4, [(0, 1), (1, 5), (5, 9), (9, 10), (10, 11)],
                 id='large_image_of_its_own'),
    pytest.param([1, 0, 2], 4, [(0, 3)], id='gap'),
    pytest.param([2, 1], 1, [(0, 1), (1, 2), (2, 3)], id='one_by_one'),
])
def test_cut_chunks_by_hand(counts, limit, chunks):
    assert [tuple(c) for c in cut_chunks(counts, limit).tolist()] == chunks


@pytest.mark.parametrize('seed', range(5))
def test_chunks_cover_all_boxes_within_the_limit(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 30, 50)
    chunks = cut_chunks(counts.tolist(), 16).tolist()
    assert [first for first, _ in chunks] == [0] + [
        last for _, last in chunks[:-1]]
    assert chunks[-1][1] == counts.sum()
    assert all(0 < last - first <= 16 for first, last in chunks)
    # No image of up to 16 boxes is torn apart.
    borders = {first for first, _ in chunks}
    for start, count in zip(np.cumsum(counts) - counts, counts, strict=True):
        if count <= 16:
            assert not borders & set(range(start + 1, start + count))


def test_cut_chunks_refuses_nonsense():
    with pytest.raises(ValueError, match='at least 1 box'):
        cut_chunks([1], 0)
    with pytest.raises(ValueError, match='-1 boxes'):
        cut_chunks([-1], 4)


@pytest.mark.parametrize('seed', range(3))
def test_label_order_groups_images_by_their_first_box(seed):
    images = np.random.default_rng(seed).integers(0, 20, 300).astype(np.int32)
    order, counts = label_order(images)
    first = list(dict.fromkeys(images.tolist()))
    assert order.tolist() == [
        i for image in first for i in np.flatnonzero(images == image)]
    assert counts.tolist() == [int((images == image).sum()) for image in first]


def test_label_order_of_nothing():
    order, counts = label_order(np.zeros(0, np.int32))
    assert len(order) == len(counts) == 0

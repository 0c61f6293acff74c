"""Chunks: what a label run works through."""

import json

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmdet_mal.datasets import (LabelChunkDataset, collate_chunk, cut_chunks,
                                label_chunks)

PIPELINE = [
    {'type': 'mmdet_mal.FixedBoxExpansion', 'rate': .3},
    {'type': 'mmdet_mal.CropBox', 'size': (16, 24)},
    {'type': 'mmdet.PackDetInputs',
     'meta_keys': ('img_id', 'ann_id', 'bbox', 'crop_window')},
]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmdet')


# ----------------------------------------------------------------- cut_chunks
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
    assert cut_chunks(counts, limit) == chunks


@pytest.mark.parametrize('seed', range(5))
def test_chunks_cover_all_boxes_within_the_limit(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 30, 50)
    chunks = cut_chunks(counts.tolist(), 16)
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


# ---------------------------------------------------------- LabelChunkDataset
@pytest.fixture
def mixed(folder, data, annotation):
    """Three images; annotations interleaved, with a crowd and faults."""
    table = data([
        annotation(1, image_id=2), annotation(2, image_id=1),
        annotation(3, image_id=2, bbox=(5, 5, 1, 2)),  # small, but labelled
        annotation(4, image_id=3), annotation(5, image_id=2, iscrowd=1),
        annotation(6, image_id=1, bbox=(9, 9, 0, 5)),  # no area
        annotation(7, image_id=2, bbox=(150, 100, 50, 50)),  # sticks out
        annotation(8, image_id=42)])
    return {**folder.write(table), 'pipeline': PIPELINE}


def _ids(chunk):
    return [sample.ann_id for sample in chunk['data_samples']]


def test_chunks_hold_every_box_that_can_be_labelled(mixed):
    dataset = LabelChunkDataset(**mixed, chunk_boxes=4)
    assert [_ids(dataset[i]) for i in range(len(dataset))] == [
        [1, 3, 7, 2], [4]]
    assert [dataset.chunk_ann_ids(i) for i in (0, 1)] == [[1, 3, 7, 2], [4]]
    assert dataset.chunk_sizes.tolist() == [4, 1]
    assert dataset.metainfo['classes'] == ('cat', 'dog')


def test_an_item_has_the_crops_of_its_boxes(mixed):
    chunk = LabelChunkDataset(**mixed, chunk_boxes=3)[0]
    assert chunk['chunk_index'] == 0 and chunk['failed'] == []
    assert [tuple(img.shape) for img in chunk['inputs']] == 3 * [(3, 16, 24)]
    sample = chunk['data_samples'][2]
    assert sample.bbox.tolist() == [150, 100, 160, 120]
    assert sample.crop_window.tolist() == [148, 97, 162, 123]
    assert sample.chunk_index == 0 and sample.img_id == 2
    # Blue holds the row and red the image's number, see conftest.
    assert (chunk['inputs'][0][2] == 2).all()


def test_an_image_is_decoded_once_a_chunk(mixed, monkeypatch):
    read = []
    original = label_chunks.read_image
    monkeypatch.setattr(
        label_chunks, 'read_image', lambda path, *args, **kwargs:
        read.append(path[-5:]) or original(path, *args, **kwargs))
    dataset = LabelChunkDataset(**mixed, chunk_boxes=16)
    assert len(dataset) == 1 and len(dataset[0]['inputs']) == 5
    assert read == ['2.png', '1.png', '3.png']


def test_bad_images_do_not_stop_the_run(mixed, folder):
    folder.image('2.png').unlink()
    folder.image('3.png').write_bytes(b'broken')
    dataset = LabelChunkDataset(**mixed, chunk_boxes=3)
    chunks = [dataset[i] for i in range(len(dataset))]
    assert [len(c['inputs']) for c in chunks] == [0, 1]
    assert [a for a, _ in chunks[0]['failed']] == [1, 3, 7]
    assert 'image not found' in chunks[0]['failed'][0][1]
    assert [a for a, _ in chunks[1]['failed']] == [4]
    assert 'cannot be decoded' in chunks[1]['failed'][0][1]


def test_an_image_of_another_size_is_not_labelled(mixed, folder):
    table = json.loads((folder.root / 'boxes.json').read_text())
    table['images'][2]['width'] = 200
    folder.write_json(table)
    chunk = LabelChunkDataset(**mixed, chunk_boxes=16)[0]
    assert [a for a, _ in chunk['failed']] == [4]
    assert 'but the JSON says 200 x 120' in chunk['failed'][0][1]


def test_chunks_do_not_depend_on_the_images_being_there(mixed, folder):
    before = LabelChunkDataset(**mixed, chunk_boxes=2)
    for i in (1, 2, 3):
        folder.image(f'{i}.png').unlink()
    after = LabelChunkDataset(**mixed, chunk_boxes=2)
    assert [before.chunk_ann_ids(i) for i in range(len(before))] == [
        after.chunk_ann_ids(i) for i in range(len(after))]


def test_nothing_to_label_is_no_error(folder, data, annotation):
    arguments = folder.write(data([annotation(1, iscrowd=1)]))
    assert len(LabelChunkDataset(**arguments)) == 0


def test_negative_index_and_the_end(mixed):
    dataset = LabelChunkDataset(**mixed, chunk_boxes=3)
    assert dataset[-1]['chunk_index'] == len(dataset) - 1
    with pytest.raises(IndexError):
        dataset[len(dataset)]


def test_indices_take_a_few_boxes(mixed):
    dataset = LabelChunkDataset(**mixed, indices=2)
    assert dataset.chunk_ann_ids(0) == [1, 2]


def test_lazy_init(mixed):
    dataset = LabelChunkDataset(**mixed, lazy_init=True, chunk_boxes=3)
    assert dataset.chunk_sizes.tolist() == [3, 2]


def test_collate_takes_one_chunk():
    assert collate_chunk([{'chunk_index': 3}]) == {'chunk_index': 3}
    with pytest.raises(ValueError, match='set batch_size=1'):
        collate_chunk([{}, {}])


@pytest.mark.parametrize('workers', [0, 2])
def test_runner_builds_a_loader_of_chunks(mixed, workers):
    config = Config({'loader': {
        'batch_size': 1, 'num_workers': workers,
        'sampler': {'type': 'mmdet_mal.ChunkSampler'},
        'collate_fn': {'type': 'mmdet_mal.collate_chunk'},
        'dataset': {'type': 'mmdet_mal.LabelChunkDataset', 'chunk_boxes': 3,
                    **mixed}}})
    loader = Runner.build_dataloader(config.loader, seed=0)
    batches = list(loader)
    assert [b['chunk_index'] for b in batches] == [0, 1]
    assert [_ids(b) for b in batches] == [[1, 3, 7], [2, 4]]
    loader.sampler.set_done([0])
    assert [b['chunk_index'] for b in loader] == [1]

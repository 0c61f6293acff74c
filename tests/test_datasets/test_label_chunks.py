"""Chunks: what a label run works through."""

import json
import pickle
from pathlib import Path

import cv2
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmdet_mal.datasets import LabelChunkDataset, collate_chunk, last_image
from mmdet_mal.datasets.region_image import RegionImage

PIPELINE = [
    {'type': 'mmdet_mal.FixedBoxExpansion', 'rate': .3},
    {'type': 'mmdet_mal.CropBox', 'size': (16, 24)},
    {'type': 'mmdet.PackDetInputs',
     'meta_keys': ('img_id', 'ann_id', 'bbox', 'crop_window')},
]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmdet')


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


@pytest.fixture
def decoded(monkeypatch):
    """Names of the images that are decoded, in order."""
    read = []
    original = last_image.open_image
    monkeypatch.setattr(
        last_image, 'open_image', lambda path, *args, **kwargs:
        read.append(path[-5:]) or original(path, *args, **kwargs))
    return read


def test_an_image_is_decoded_once_a_chunk(mixed, decoded):
    dataset = LabelChunkDataset(**mixed, chunk_boxes=16)
    assert len(dataset) == 1 and len(dataset[0]['inputs']) == 5
    assert decoded == ['2.png', '1.png', '3.png']


def test_an_image_of_several_chunks_is_decoded_once(mixed, decoded):
    dataset = LabelChunkDataset(**mixed, chunk_boxes=1)
    assert [len(dataset[i]['inputs']) for i in range(5)] == 5 * [1]
    assert decoded == ['2.png', '1.png', '3.png']


def test_no_image_is_kept_once_its_boxes_are_done(mixed):
    dataset = LabelChunkDataset(**mixed, chunk_boxes=1)
    kept = []
    for i in range(5):  # images 2, 2, 2, 1, 3
        dataset[i]
        kept.append(dataset._last_image.path is not None)
    assert kept == [True, True, False, False, False]
    dataset[0]
    assert pickle.loads(pickle.dumps(dataset))._last_image.path is None


def test_a_large_image_is_labelled_by_region(folder, data, annotation):
    pyvips = pytest.importorskip('pyvips')
    table = data([annotation(i, bbox=(20 * i, 10 * i, 30, 40))
                  for i in range(1, 6)] + [annotation(6, bbox=(300, 200, 30, 40))],
                 images=1, size=(300, 400))
    table['images'][0]['file_name'] = '1.tif'
    arguments = {**folder.write(table), 'pipeline': PIPELINE}
    path = str(folder.image('1.tif'))
    whole = LabelChunkDataset(**arguments)[0]
    pixels = pyvips.Image.new_from_array(
        cv2.imread(path)[..., ::-1], interpretation='srgb')
    pixels.tiffsave(path, tile=True, compression='deflate')
    dataset = LabelChunkDataset(**arguments, chunk_boxes=3, region_pixels=1000)
    chunks = [dataset[i] for i in range(2)]
    assert isinstance(dataset._load(dataset.boxes.get_data_info(0)), RegionImage)
    for a, b in zip(whole['inputs'],
                    chunks[0]['inputs'] + chunks[1]['inputs'], strict=True):
        assert (a == b).all()
    # A tile that is broken fails its boxes, and no others.
    content = bytearray(Path(path).read_bytes())
    content[8:60] = 52 * b'\xff'  # the first tile: 128 x 128 px
    Path(path).write_bytes(content)
    broken = LabelChunkDataset(**arguments, region_pixels=1000)[0]
    assert [a for a, _ in broken['failed']] == [1, 2, 3, 4, 5]
    assert _ids(broken) == [6]
    assert 'cannot be decoded' in broken['failed'][0][1]


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


# --------------------------------------------------------------------- memory
def test_release_drops_the_boxes_until_the_next_use(mixed):
    dataset = LabelChunkDataset(**mixed, chunk_boxes=3)
    ids = [dataset.chunk_ann_ids(i) for i in range(2)]
    dataset.release()
    assert dataset.boxes.columns is None and dataset.boxes.images is None
    # Known without reading the file again:
    assert len(dataset) == 2 and dataset.chunk_sizes.tolist() == [3, 2]
    assert dataset.metainfo['classes'] == ('cat', 'dog')
    assert dataset.nbytes == 16 and dataset.boxes.columns is None
    assert [dataset.chunk_ann_ids(i) for i in range(2)] == ids
    dataset.release()
    assert _ids(dataset[1]) == ids[1]


def test_a_box_takes_less_than_32_bytes(folder, data, annotation):
    count = 2000
    table = data([annotation(i, image_id=1 + i * 7 % 3) for i in range(count)])
    dataset = LabelChunkDataset(**folder.write(table), chunk_boxes=16)
    assert dataset.nbytes == 31 * count + 8 * len(dataset) <= 32 * count


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


def test_samples_say_how_much_of_their_box_others_cover(
        folder, data, annotation):
    files = folder.write(data([
        annotation(1, bbox=(0, 0, 32, 32)), annotation(2, bbox=(16, 0, 32, 32)),
        annotation(3, image_id=2, bbox=(0, 0, 32, 8), iscrowd=1),
        annotation(4, image_id=2, bbox=(0, 0, 32, 32))]))
    whole = LabelChunkDataset(**files, pipeline=PIPELINE, chunk_boxes=16)
    cut = LabelChunkDataset(**files, pipeline=PIPELINE, chunk_boxes=1)
    for dataset in (whole, cut):
        samples = [sample for index in range(len(dataset))
                   for sample in dataset[index]['data_samples']]
        assert {sample.ann_id: sample.box_overlap for sample in samples} == {
            1: .5, 2: .5, 4: .25}

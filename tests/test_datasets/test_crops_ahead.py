"""Samples cut ahead are those of the plain pipeline."""

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from torch.utils.data import DataLoader

from mmdet_mal.datasets import BoxInstanceDataset, crops_ahead
from mmdet_mal.datasets.samplers import ResumableSampler, SampleKey
from mmdet_mal.datasets.seeded_samples import SeededSamples
from mmdet_mal.datasets.transforms import LoadBoxImage
from mmdet_mal.utils.setting_error import SettingError

from .conftest import make_annotation, make_data

PIPELINE = [
    dict(type='mmdet_mal.LoadBoxImage'),
    dict(type='mmdet_mal.BoxJitter', max_shift=.1),
    dict(type='mmdet_mal.RandomBoxExpansion', max_rate=1.2),
    dict(type='mmdet_mal.CropBox', size=(32, 24)),
    dict(type='mmdet_mal.RandomCropFlip', prob=.5),
    dict(type='mmdet.PackDetInputs', meta_keys=(
        'img_id', 'ann_id', 'img_path', 'ori_shape', 'img_shape', 'crop_window',
        'valid_bbox', 'box_area', 'bbox', 'sample_idx', 'flip')),
]
# Image 1 has three boxes, one at its border; image 2 one; image 3 two.
BOXES = [make_annotation(1), make_annotation(2, bbox=(0, 0, 80, 70)),
         make_annotation(3, 2, (50, 40, 60, 50)),
         make_annotation(4, 3, (90, 60, 70, 60)),
         make_annotation(5, bbox=(100, 60, 60, 60)),
         make_annotation(6, 3, (20, 20, 55, 55))]


@pytest.fixture
def paths(folder):
    return folder.write(make_data(BOXES))


@pytest.fixture
def opened(monkeypatch):
    """Paths of the images that are decoded, in order."""
    names, original = [], LoadBoxImage._open

    def counted(self, path, who):
        names.append(path[-5])
        return original(self, path, who)
    monkeypatch.setattr(LoadBoxImage, '_open', counted)
    return names


def dataset(paths, ahead, pipeline=PIPELINE, **settings):
    return BoxInstanceDataset(**paths, pipeline=pipeline, crops_ahead=ahead,
                              **settings)


def assert_equal(one, other):
    assert torch.equal(one['inputs'], other['inputs'])
    first, second = one['data_samples'], other['data_samples']
    assert first.metainfo.keys() == second.metainfo.keys()
    for name, value in first.metainfo.items():
        assert type(value) is type(second.metainfo[name])
        assert np.array_equal(value, second.metainfo[name])
    assert torch.equal(first.gt_instances.bboxes.tensor,
                       second.gt_instances.bboxes.tensor)
    assert torch.equal(first.gt_instances.labels, second.gt_instances.labels)


def test_samples_are_the_same_to_the_bit(paths):
    plain, ahead = (SeededSamples(dataset(paths, n)) for n in (0, 6))
    for epoch in range(5):
        for index in np.random.default_rng(epoch).permutation(6).tolist():
            key = SampleKey(index, epoch, 3)
            assert_equal(plain[key], ahead[key])


def test_an_image_is_decoded_once_for_its_boxes_and_epochs(paths, opened):
    data = SeededSamples(dataset(paths, 6))
    for epoch in range(4):
        for index in (5, 0, 4, 3, 2, 1):
            data[SampleKey(index, epoch, 0)]
    # Six crops each: three boxes in two epochs, one in six, two in three.
    assert sorted(opened) == ['1', '1', '2', '3', '3']
    assert opened[:3] == ['3', '1', '2']


def test_the_process_draws_on_as_before(paths):
    data = SeededSamples(dataset(paths, 6))
    np.random.seed(0)
    expected = np.random.rand(2)
    np.random.seed(0)
    first = np.random.rand()
    data[SampleKey(0, 0, 0)]
    assert [first, np.random.rand()] == expected.tolist()


def test_forked_workers_share_the_crops(paths):
    def read(ahead):
        data = SeededSamples(dataset(paths, ahead))
        sampler = ResumableSampler(data, seed=1)
        loader = DataLoader(data, 2, sampler=sampler, num_workers=2,
                            collate_fn=list)
        samples = []
        for epoch in range(3):
            sampler.set_epoch(epoch)
            samples += [sample for batch in loader for sample in batch]
        return samples, data

    ahead, data = read(6)
    for one, other in zip(read(0)[0], ahead, strict=True):
        assert_equal(one, other)
    # This process has read nothing; its workers filled the store.
    assert data.dataset._ahead._store.has(SampleKey(2, 5, 1))


def test_a_plain_index_takes_the_pipeline(paths, opened):
    data = dataset(paths, 6)
    for _ in range(2):
        data[0]
    assert opened == ['1', '1']


def test_a_box_that_shows_nothing_speaks_in_its_own_turn(paths, monkeypatch):
    data = SeededSamples(dataset(paths, 6, [
        PIPELINE[0], dict(type='mmdet_mal.FixedBoxExpansion'), *PIPELINE[3:]]))
    known = data.dataset.get_data_info

    def moved(index):
        info = known(index)
        if int(index) == 4:
            info['bbox'] = info['bbox'] + 500
        return info
    monkeypatch.setattr(data.dataset, 'get_data_info', moved)
    data[SampleKey(0, 0, 0)]
    with pytest.raises(ValueError, match='shows nothing of the image'):
        data[SampleKey(4, 0, 0)]


def switched(**changes):
    """The pipeline's settings, those of a step changed by the step's name."""
    return [dict(step, **changes.get(step['type'].split('.')[1], {}))
            for step in PIPELINE]


@pytest.mark.parametrize('changes', [
    dict(RandomCropFlip=dict(prob=1.)),
    dict(RandomBoxExpansion=dict(max_rate=.2)),
    dict(CropBox=dict(size=(48, 48))),
    dict(CropBox=dict(padding='zero')),
    dict(LoadBoxImage=dict(color_type='color')),
])
def test_a_switched_pipeline_is_followed(paths, changes):
    data = SeededSamples(dataset(paths, 6))
    data[SampleKey(0, 0, 0)]
    pipeline = switched(**changes)
    data.pipeline = dataset(paths, 0, pipeline).pipeline
    plain = SeededSamples(dataset(paths, 0, pipeline))
    for epoch in (0, 1):
        for index in range(6):
            key = SampleKey(index, epoch, 0)
            assert_equal(plain[key], data[key])


def test_a_switch_to_a_pipeline_of_another_kind(paths):
    data = SeededSamples(dataset(paths, 6))
    data[SampleKey(0, 0, 0)]
    data.pipeline = Compose([*data.pipeline.transforms[:1],
                             *data.pipeline.transforms[2:3],
                             lambda results: dict(results, extra=1),
                             *data.pipeline.transforms[3:]])
    data[SampleKey(1, 0, 0)]
    assert data.dataset._ahead._store is None


def test_samples_that_were_not_seeded_get_crops_of_their_own(paths):
    plain, ahead = dataset(paths, 0), dataset(paths, 6)
    for epoch in range(2):
        for index in range(6):
            key, found = SampleKey(index, epoch, 3), []
            for data in (plain, ahead):
                np.random.seed(100 * epoch + index)
                found.append(data[key])
            assert_equal(*found)


def test_a_subset_has_crops_of_its_own(paths, opened):
    whole = dataset(paths, 6)
    part = whole.get_subset([4, 0])
    SeededSamples(whole)[SampleKey(0, 0, 0)]
    key = SampleKey(0, 0, 0)  # box 5 there
    plain = SeededSamples(dataset(paths, 0).get_subset([4, 0]))
    assert_equal(plain[key], SeededSamples(part)[key])


def test_fewer_crops_where_memory_is_short(paths, opened):
    data = dataset(paths, 0)
    crop = 32 * 24 * 3 + 40
    one_epoch = crops_ahead.CropsAhead(data, 8, limit=8 * crop)
    assert [one_epoch._store.places(i) for i in range(6)] == [1, 1, 2, 1, 1, 1]
    assert one_epoch.crops_per_image == 7 / 3
    none = crops_ahead.CropsAhead(data, 8, limit=5 * crop)
    assert none.crops_per_image == 1
    data._ahead = none
    for index in (0, 1):
        SeededSamples(data)[SampleKey(index, 0, 0)]
    assert opened == ['1', '1']


def test_an_image_read_by_region_is_not_cut_ahead(paths, monkeypatch):
    data = SeededSamples(dataset(paths, 6))
    original = LoadBoxImage._open

    class Region:
        """Slices like :class:`RegionImage`, which is no array."""

        def __init__(self, img):
            self._img, self.shape = img, img.shape

        def __getitem__(self, key):
            return self._img[key]
    monkeypatch.setattr(LoadBoxImage, '_open', lambda *args: Region(original(*args)))
    plain = SeededSamples(dataset(paths, 0))
    key = SampleKey(0, 0, 0)
    assert_equal(plain[key], data[key])
    assert not data.dataset._ahead._store.has(SampleKey(1, 0, 0))


@pytest.mark.parametrize('pipeline', [
    [*PIPELINE[:3], dict(type='mmdet_mal.CutWindow', size=(32, 24))],
    [PIPELINE[0], dict(type='RandomFlip', prob=.5), *PIPELINE[1:]],
    PIPELINE[1:],
])
def test_another_pipeline_is_refused(paths, pipeline):
    with pytest.raises(SettingError, match='crops_ahead wants a pipeline of'):
        dataset(paths, 6, pipeline)


@pytest.mark.parametrize('settings', [
    dict(ahead=-1), dict(ahead=2, cache_images=True)])
def test_settings_that_cannot_be(paths, settings):
    with pytest.raises(SettingError, match='crops_ahead must be 0 or more'):
        dataset(paths, **settings)


def test_several_processes_cut_none_ahead(paths, monkeypatch):
    monkeypatch.setattr('mmdet_mal.datasets.box_instance.get_world_size', lambda: 2)
    data = dataset(paths, 6)
    assert data._ahead is None and data.crops_per_image == 1

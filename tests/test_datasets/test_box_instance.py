"""The data set of boxes."""

import copy
import json
import pickle
import traceback

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmdet_mal.datasets import AnnotationError, BoxInstanceDataset
from mmdet_mal.registry import DATASETS

PACK = {'type': 'mmdet.PackDetInputs',
        'meta_keys': ('ann_id', 'crop_window', 'valid_bbox', 'flip')}
PIPELINE = [
    {'type': 'mmdet_mal.LoadBoxImage'},
    {'type': 'mmdet_mal.RandomBoxExpansion'},
    {'type': 'mmdet_mal.CropBox', 'size': (32, 48)},
    {'type': 'mmdet_mal.RandomCropFlip'},
    {'type': 'mmdet.MultiBranch', 'branch_field': ['student', 'teacher'],
     'student': [{'type': 'mmpretrain.ColorJitter', 'brightness': .4}, PACK],
     'teacher': [PACK]},
]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmdet')


@pytest.fixture
def nine(folder, data, annotation):
    """Arguments of a data set of nine boxes in three images."""
    return folder.write(data([
        annotation(100 + i, image_id=i % 3 + 1, category_id=(1, 3)[i % 2],
                   bbox=(5 + i, 3 + i, 60, 50.5),
                   segmentation=[[1, 2, 3, 4, 5, 6]])
        for i in range(9)]))


def test_a_sample_is_a_box(nine, folder):
    dataset = DATASETS.build({'type': 'mmdet_mal.BoxInstanceDataset', **nine})
    assert len(dataset) == 9
    info = dataset.get_data_info(4)
    assert info.pop('bbox').tolist() == [9, 7, 69, 57.5]
    assert info == {
        'img_path': str(folder.image('2.png')), 'img_id': 2, 'ann_id': 104,
        'sample_idx': 4, 'box_area': 3030., 'category_id': 1, 'label': 0,
        'height': 120, 'width': 160}
    assert dataset.get_data_info(-1)['sample_idx'] == 8
    assert dataset.get_cat_ids(3) == [1]
    assert dataset.metainfo['classes'] == ('cat', 'dog')
    with pytest.raises(IndexError):
        dataset.get_data_info(9)


def test_metainfo_overrides_classes(nine):
    dataset = BoxInstanceDataset(**nine, metainfo={'classes': ('a', 'b')})
    assert dataset.metainfo['classes'] == ('a', 'b')


def test_small_boxes_and_crowds_are_no_samples(folder, data, annotation):
    arguments = folder.write(data([
        annotation(1, bbox=(0, 0, 64, 32)),  # 2048 px² is not more than 2048
        annotation(2, bbox=(0, 0, 64, 32.1)),
        annotation(3, bbox=(0, 0, 2, 110)),  # 2 px are not more than 2
        annotation(4, bbox=(0, 0, 90, 90), iscrowd=1),
        annotation(5, bbox=(-100, 0, 120, 50)),  # 20 x 50 px are inside
        annotation(6, bbox=(0, 0, 2.1, 110)),
    ]))

    def ids(**options):
        columns = BoxInstanceDataset(**arguments, **options).columns
        return columns.ann_ids.tolist()

    assert ids() == [2]
    assert ids(min_area=0) == [1, 2, 5, 6]
    assert ids(min_area=0, min_size=0) == [1, 2, 3, 5, 6]


def test_boxes_are_clipped_before_their_area_is_taken(
        folder, data, annotation):
    dataset = BoxInstanceDataset(**folder.write(
        data([annotation(1, bbox=(-20, 70, 120, 100))])))
    info = dataset.get_data_info(0)
    assert info['bbox'].tolist() == [0, 70, 100, 120]
    assert info['box_area'] == 5000


def test_indices_and_subsets(nine):
    def ids(dataset):
        return [dataset.get_data_info(i)['ann_id']
                for i in range(len(dataset))]

    assert ids(BoxInstanceDataset(**nine, indices=2)) == [100, 101]
    assert ids(BoxInstanceDataset(**nine, indices=-2)) == [107, 108]
    assert ids(BoxInstanceDataset(**nine, indices=[7, 0])) == [107, 100]
    assert len(BoxInstanceDataset(**nine, indices=99)) == 9
    dataset = BoxInstanceDataset(**nine)
    subset = dataset.get_subset([1, 3])
    assert ids(subset) == [101, 103] and len(dataset) == 9
    dataset.get_subset_(4)
    assert ids(dataset) == [100, 101, 102, 103]
    with pytest.raises(IndexError, match='0 to 9'):
        BoxInstanceDataset(**nine, indices=[0, 9])


def test_a_dry_run_needs_only_the_images_of_its_subset(nine, folder):
    folder.image('3.png').unlink()
    assert len(BoxInstanceDataset(**nine, indices=2)) == 2
    with pytest.raises(AnnotationError, match='image 3 .*not found'):
        BoxInstanceDataset(**nine, indices=3)


def test_lazy_init_loads_at_first_use(nine):
    dataset = BoxInstanceDataset(**nine, lazy_init=True)
    assert dataset.columns is None
    assert len(dataset) == 9


def test_all_faults_are_raised_at_once(folder, data, annotation):
    arguments = folder.write(data([
        annotation(1, bbox=(float('nan'), 0, 5, 5)),
        annotation(2, bbox=(50, 50, -20, 5)),
        annotation(3, bbox=(50, 50, 0, 5)),
        annotation(4, bbox=(500, 50, 20, 5)),
        annotation(5, image_id=77),
        annotation(6, category_id=77),
        annotation(7, image_id=3),
        annotation(8),
    ]))
    folder.image('3.png').unlink()
    with pytest.raises(AnnotationError) as error:
        BoxInstanceDataset(**arguments)
    lines = str(error.value).split('\n')
    assert lines[0] == f'{folder.root}/boxes.json: 7 faults in the data:'
    for ann_id in range(1, 7):
        assert f'annotation {ann_id},' in lines[ann_id]
    assert str(folder.image('3.png')) in lines[7]
    assert "faults='skip'" in lines[8] and len(lines) == 9

    skipping = BoxInstanceDataset(**arguments, faults='skip')
    assert skipping.columns.ann_ids.tolist() == [8]
    assert len(skipping.faults) == 7

    with pytest.raises(AnnotationError) as error:
        BoxInstanceDataset(**arguments, known_faults=[1, 3, 8])
    assert '5 faults' in str(error.value)


def test_known_faults_are_left_out(folder, data, annotation):
    arguments = folder.write(data([
        annotation(1), annotation(918, bbox=(5, 5, 1.03, 0))]))
    dataset = BoxInstanceDataset(**arguments, known_faults=[918, 1])
    # A box on the list that has no fault stays.
    assert dataset.columns.ann_ids.tolist() == [1]


def test_no_box_left_says_where_they_went(folder, data, annotation):
    arguments = folder.write(data([
        annotation(1, bbox=(0, 0, 9, 9)), annotation(2, iscrowd=1)]))
    with pytest.raises(AnnotationError, match='2 annotations 1 are crowd') as e:
        BoxInstanceDataset(**arguments)
    assert 'min_area=2048' in str(e.value)


@pytest.mark.parametrize('option', [{'faults': 'ignore'},
                                    {'check_images': 'all'}])
def test_bad_options(nine, option):
    with pytest.raises(ValueError, match=next(iter(option))):
        BoxInstanceDataset(**nine, **option)


def test_truncated_image_fails_with_file_and_id_not_with_grey_rows(
        nine, folder):
    path = folder.image('1.png')
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(AnnotationError, match='1 fault.*\n.*truncated'):
        BoxInstanceDataset(**nine)
    left = BoxInstanceDataset(**nine, faults='skip')
    assert set(left.columns.image_index.tolist()) == {1, 2}
    # What no check before the training found, the loader finds.
    dataset = BoxInstanceDataset(
        **nine, pipeline=PIPELINE, check_images='none')
    with pytest.raises(AnnotationError, match=f'{path}.*annotation 100'):
        dataset[0]
    with pytest.raises(AnnotationError, match='truncated'):
        BoxInstanceDataset(**nine, cache_images=True, check_images='none')


def test_image_of_another_size_fails_with_file_and_id(nine, folder):
    table = json.loads((folder.root / 'boxes.json').read_text())
    table['images'][0]['height'] = 119
    arguments = folder.write_json(table)
    with pytest.raises(AnnotationError, match='image 1 .*160 x 119'):
        BoxInstanceDataset(**arguments)
    dataset = BoxInstanceDataset(
        **arguments, pipeline=PIPELINE, check_images='none')
    with pytest.raises(AnnotationError,
                       match='160 x 120 .*160 x 119.*annotation 100'):
        dataset[0]


def test_a_cached_image_gives_the_same_sample_and_is_decoded_once(
        nine, folder):
    samples = []
    for cache_images in (False, True):
        dataset = BoxInstanceDataset(
            **nine, pipeline=PIPELINE, cache_images=cache_images)
        if cache_images:
            for i in (1, 2, 3):
                folder.image(f'{i}.png').unlink()
        np.random.seed(3)
        samples.append([dataset[i] for i in range(9)])
    for one, two in zip(*samples, strict=True):
        for branch in ('student', 'teacher'):
            assert torch.equal(one['inputs'][branch], two['inputs'][branch])


def test_human_polygons_never_leave_the_loader(nine):
    # (The name of the test is part of paths, so it must not hold the word.)
    dataset = BoxInstanceDataset(**nine, pipeline=PIPELINE)
    assert b'segmentation' not in pickle.dumps(dataset)
    for i in range(len(dataset)):
        assert b'segmentation' not in pickle.dumps(dataset.get_data_info(i))
        assert b'masks' not in pickle.dumps(dataset[i]['data_samples'])


def test_branches_share_geometry_and_differ_in_colour(nine):
    np.random.seed(0)
    dataset = BoxInstanceDataset(**nine, pipeline=PIPELINE)
    sample = dataset[0]
    student, teacher = (sample['data_samples'][k]
                        for k in ('student', 'teacher'))
    assert sample['inputs']['student'].shape == (3, 32, 48)
    assert not torch.equal(*sample['inputs'].values())
    assert torch.equal(student.gt_instances.bboxes.tensor,
                       teacher.gt_instances.bboxes.tensor)
    assert student.valid_bbox.tolist() == teacher.valid_bbox.tolist()
    assert student.gt_instances.labels.tolist() == [0]


def _epochs(arguments, workers, seed=0):
    """Two epochs of batches as (ids, windows, pixels)."""
    config = Config({'loader': {
        'batch_size': 2, 'num_workers': workers,
        'persistent_workers': workers > 0,
        'sampler': {'type': 'DefaultSampler', 'shuffle': True},
        'dataset': {'type': 'mmdet_mal.BoxInstanceDataset', **arguments,
                    'pipeline': copy.deepcopy(PIPELINE)}}})
    loader = Runner.build_dataloader(config.loader, seed=seed)
    found = []
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)
        for batch in loader:
            found += [(s.ann_id, s.crop_window.tolist(), int(img.sum()))
                      for s, img in zip(batch['data_samples']['student'],
                                        batch['inputs']['student'],
                                        strict=True)]
    return found


def test_two_workers_repeat_the_samples_of_a_seed(nine):
    first = _epochs(nine, workers=2)
    assert first == _epochs(nine, workers=2)
    assert first != _epochs(nine, workers=2, seed=1)
    ids = sorted(ann_id for ann_id, _, _ in first)
    # Workers draw apart: 18 samples, hardly a window twice.
    assert ids == sorted(2 * list(range(100, 109)))
    assert len({str(window) for _, window, _ in first}) > 12


def test_error_of_a_worker_stays_one_line(nine, folder):
    path = folder.image('2.png')
    path.write_bytes(b'broken')
    with pytest.raises(AnnotationError) as error:
        _epochs({**nine, 'check_images': 'none'}, workers=2)
    # The frames hold the loader, in a cycle.  Were it left to the garbage
    # collector, the queues would go first and each worker be waited for 5 s.
    traceback.clear_frames(error.tb)
    assert str(error.value).startswith(f'{path}: image cannot be decoded')
    assert '\n' not in str(error.value)


def test_works_inside_mmengine_wrappers(nine):
    inner = {'type': 'mmdet_mal.BoxInstanceDataset', **nine,
             'pipeline': PIPELINE}
    dataset = DATASETS.build(
        {'type': 'RepeatDataset', 'dataset': inner, 'times': 2})
    assert len(dataset) == 18 and dataset[17]['inputs']['teacher'].any()
    dataset = DATASETS.build({'type': 'ClassBalancedDataset',
                              'dataset': inner, 'oversample_thr': .1})
    assert len(dataset) >= 9

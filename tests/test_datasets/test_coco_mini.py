"""The real photographs, through the real config."""

import json
import pickle
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_mal.datasets import find_faults
from mmdet_mal.registry import DATASETS

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(coco_mini_root):
    init_default_scope('mmdet')
    config = Config.fromfile(
        str(REPO / 'configs' / 'mal' / '_base_' / 'coco_boxes_512.py'))
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.update(
            data_root=str(coco_mini_root),
            ann_file='annotations/boxes_train.json',
            data_prefix={'img': 'images/'})
    return config


def test_training_samples(config):
    dataset = DATASETS.build(config.train_dataloader.dataset)
    assert len(dataset) == 754 and len(dataset.metainfo['classes']) == 80
    sample = dataset[0]
    for branch in ('student', 'teacher'):
        assert sample['inputs'][branch].shape == (3, 512, 512)
        meta = sample['data_samples'][branch].metainfo
        assert {'img_id', 'ann_id', 'img_path', 'ori_shape', 'img_shape',
                'crop_window', 'valid_bbox', 'box_area', 'bbox', 'sample_idx',
                'flip', 'flip_direction'} == set(meta)
    config.train_dataloader.dataset.min_area = 1024
    assert len(DATASETS.build(config.train_dataloader.dataset)) == 941


def test_chunks_cover_all_boxes_but_crowds(config, coco_mini_root):
    dataset = DATASETS.build(config.test_dataloader.dataset)
    ids = sum((dataset.chunk_ann_ids(i) for i in range(len(dataset))), [])
    path = coco_mini_root / 'annotations' / 'boxes_train.json'
    annotations = json.loads(path.read_text())['annotations']
    assert sorted(ids) == sorted(
        a['id'] for a in annotations if not a['iscrowd'])
    chunk = dataset[0]
    assert len(chunk['inputs']) == dataset.chunk_sizes[0]
    assert not chunk['failed']


def test_human_masks_do_not_pass_the_loader(config):
    config.train_dataloader.dataset.ann_file = (
        'annotations/instances_train.json')
    dataset = DATASETS.build(config.train_dataloader.dataset)
    assert len(dataset) == 754
    assert b'segmentation' not in pickle.dumps(dataset)
    assert b'segmentation' not in pickle.dumps(dataset[5])


def test_all_photographs_are_sound(coco_mini_root):
    path = coco_mini_root / 'annotations' / 'boxes_train.json'
    data = json.loads(path.read_text())
    # One of them is grey; decoding every one would take long.
    data['images'] = data['images'][::8]
    kept = {image['id'] for image in data['images']}
    data['annotations'] = [
        a for a in data['annotations'] if a['image_id'] in kept]
    faults = find_faults(
        data, str(coco_mini_root / 'images'), check_images='decode')
    assert [f for f in faults if f.severity == 'error'] == []

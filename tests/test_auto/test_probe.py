"""Which boxes the speed of a training is measured on."""

import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmdet_mal.auto import probe


@pytest.fixture
def config(tmp_path):
    """Ten images of 60 x 40 px with three boxes each; steps of two boxes."""
    images = [dict(id=i, file_name=f'{i}.png', height=40, width=60)
              for i in range(10)]
    boxes = [dict(id=3 * i + j, image_id=i, category_id=1, iscrowd=0,
                  bbox=[5 + j, 4, 30, 30]) for i in range(10) for j in range(3)]
    for image in images:
        cv2.imwrite(str(tmp_path / image['file_name']), np.zeros((40, 60, 3)))
    (tmp_path / 'boxes.json').write_text(json.dumps(dict(
        images=images, annotations=boxes, categories=[dict(id=1, name='a')])))
    return Config(dict(
        train_dataloader=dict(batch_size=2, dataset=dict(
            type='mmdet_mal.BoxInstanceDataset', data_root=str(tmp_path),
            ann_file='boxes.json', min_area=400, crops_ahead=0)),
        train_cfg=dict(max_epochs=99)))


def test_boxes_are_from_all_over_the_data(config):
    probe._take_few_boxes(config)
    data = config.train_dataloader.dataset
    assert len(data.indices) == 2 * probe._STEPS
    assert data.indices[0] == 0 and data.indices[-1] >= 28
    assert not data.get('cache_images')
    assert config.train_cfg.max_epochs == probe._STEPS


def test_fewer_boxes_than_the_steps_read(config):
    config.train_dataloader.batch_size = 16
    probe._take_few_boxes(config)
    assert config.train_dataloader.dataset.indices == list(range(30))


@pytest.fixture
def ahead(config):
    """The same with 32 crops ahead of each image of three boxes."""
    data = config.train_dataloader.dataset
    data.crops_ahead = 32
    data.pipeline = [dict(type='mmdet_mal.LoadBoxImage'),
                     dict(type='mmdet_mal.RandomBoxExpansion'),
                     dict(type='mmdet_mal.CropBox', size=(16, 16))]
    return config


def test_of_large_images_few_are_decoded_beforehand(ahead, monkeypatch):
    monkeypatch.setattr(probe, '_PIXEL_BYTES', 2.5 * 40 * 60 * 3)
    probe._take_few_boxes(ahead)
    data = ahead.train_dataloader.dataset
    assert data.indices == [0, 1, 2, 15, 16, 17]
    assert data.crops_ahead == 0 and data.cache_images is True


@pytest.mark.parametrize('memory, region, crops', [
    pytest.param(1, 1e9, 32, id='not a batch fits into memory'),
    pytest.param(1e9, 40 * 60 - 1, 32, id='images are read by region'),
    pytest.param(1e9, 1e9, 5, id='few crops of a decoded image'),
])
def test_else_each_box_decodes_its_image(ahead, monkeypatch, memory, region, crops):
    monkeypatch.setattr(probe, '_PIXEL_BYTES', memory)
    monkeypatch.setattr('mmdet_mal.datasets.image_opening.REGION_PIXELS', region)
    ahead.train_dataloader.dataset.crops_ahead = crops
    probe._take_few_boxes(ahead)
    data = ahead.train_dataloader.dataset
    assert len(data.indices) == 2 * probe._STEPS and data.indices[-1] >= 28
    assert data.crops_ahead == 0 and data.cache_images is False

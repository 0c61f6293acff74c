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


def test_of_large_images_few_are_decoded_beforehand(config, monkeypatch):
    config.train_dataloader.dataset.crops_ahead = 32
    monkeypatch.setattr(probe, '_PIXEL_BYTES', 2.5 * 40 * 60 * 3)
    probe._take_few_boxes(config)
    data = config.train_dataloader.dataset
    assert data.indices == [0, 1, 2, 15, 16, 17]
    assert data.crops_ahead == 0 and data.cache_images is True


def test_one_image_at_least(config, monkeypatch):
    config.train_dataloader.dataset.crops_ahead = 32
    monkeypatch.setattr(probe, '_PIXEL_BYTES', 1)
    probe._take_few_boxes(config)
    assert config.train_dataloader.dataset.indices == [0, 1, 2]

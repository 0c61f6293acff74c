import pytest
from mmengine.config import Config

from mmdet_mal.ablation.shorten import (BoxCounter, count_iterations,
                                        shorten_training)
from mmdet_mal.utils.errors import UserError


def config(**dataset):
    return Config(dict(
        train_cfg=dict(max_epochs=10), param_scheduler=[],
        train_dataloader=dict(batch_size=4, dataset=dict(dataset))))


@pytest.mark.parametrize('max_iters, epochs, per_epoch', [
    (40, 10, 4),    # as long as it is anyway
    (20, 5, 4),
    (10, 2, 4),     # 2.5 epochs, half to even: 8 iterations
    (7, 2, 3),
    (2, 1, 2),
    (1, 1, 1),
])
def test_never_more_iterations_than_asked_for(max_iters, epochs, per_epoch):
    cfg = config()
    shorten_training(cfg, max_iters, samples=14)
    assert cfg.train_cfg.max_epochs == epochs
    assert count_iterations(cfg, 14) == epochs * per_epoch <= max_iters


def test_a_shorter_epoch_takes_an_even_choice_of_boxes():
    cfg = config()
    shorten_training(cfg, 1, samples=31)
    assert cfg.train_dataloader.dataset.indices == [0, 10, 20, 30]


def test_a_choice_of_the_configs_own_stays_within_it():
    cfg = config(indices=[5, 6, 7, 8, 9, 10, 11, 12])
    shorten_training(cfg, 1, samples=8)
    assert cfg.train_dataloader.dataset.indices == [5, 7, 10, 12]


def test_no_iteration_is_refused():
    with pytest.raises(UserError, match='--max-iters 0'):
        shorten_training(config(), 0, 14)


def test_boxes_are_counted_without_their_images(files):
    cfg = config(type='mmdet_mal.BoxInstanceDataset',
                 ann_file=str(files / 'boxes.json'), min_area=500,
                 data_prefix=dict(img='nowhere/'), cache_images=True,
                 pipeline=[dict(type='mmdet_mal.LoadBoxImage')])
    # Per image boxes of 750, 1440 and 400 px².
    assert BoxCounter()(cfg) == 12
    assert cfg.train_dataloader.dataset.cache_images


def test_no_box_left_to_train_on(files):
    cfg = config(type='mmdet_mal.BoxInstanceDataset', min_area=1e6,
                 ann_file=str(files / 'boxes.json'))
    with pytest.raises(UserError, match='no box'):
        BoxCounter()(cfg)

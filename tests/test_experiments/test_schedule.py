import pytest
from mmengine.config import Config

from mmdet_mal.experiments.schedule import squeeze_schedule
from mmdet_mal.utils.errors import UserError


def config():
    return Config(dict(
        train_cfg=dict(max_epochs=20, val_interval=20),
        param_scheduler=[
            dict(type='LinearLR', by_epoch=False, begin=0, end=50),
            dict(type='CosineAnnealingLR', by_epoch=True, begin=1, end=20, T_max=19),
            dict(type='MultiStepLR', milestones=[8, 16])],
        model=dict(crf=dict(warmup_iters=100, max_iters=100),
                   losses=[dict(fade_iters=400)])))


def test_everything_shrinks_by_one_factor():
    cfg = config()
    squeeze_schedule(cfg, 5)
    assert cfg.train_cfg == dict(max_epochs=5, val_interval=5)
    warmup, cosine, steps = cfg.param_scheduler
    assert (warmup['begin'], warmup['end']) == (0, 12)  # 12.5, half to even
    assert (cosine['begin'], cosine['end'], cosine['T_max']) == (.25, 5, 4.75)
    assert cosine['convert_to_iter_based'] and steps['milestones'] == [2, 4]
    # Iterations of a mean field are no iterations of the training.
    assert cfg.model.crf == dict(warmup_iters=25, max_iters=100)
    assert cfg.model.losses[0].fade_iters == 100


def test_shorter_epochs_shrink_what_counts_iterations_further():
    cfg = config()
    squeeze_schedule(cfg, 10, iterations=.5)
    assert cfg.param_scheduler[0]['end'] == 12
    assert cfg.param_scheduler[1]['end'] == 10
    assert cfg.model.losses[0].fade_iters == 100


def test_a_training_by_iterations_is_refused():
    with pytest.raises(UserError, match='no max_epochs'):
        squeeze_schedule(Config(dict(train_cfg=dict(max_iters=9))), 2)


def test_no_epoch_is_refused():
    with pytest.raises(UserError, match='at least 1'):
        squeeze_schedule(config(), 0)


def test_schedules_of_short_epochs_keep_an_iteration():
    cfg = config()
    squeeze_schedule(cfg, 1, iterations=.1, epoch_iters=3)
    warmup, cosine, steps = cfg.param_scheduler
    assert (warmup['begin'], warmup['end']) == (0, 1)
    assert (cosine['begin'], cosine['end'], cosine['T_max']) == (0, 3, 3)
    assert not cosine['by_epoch'] and steps['milestones'] == [1, 2]

"""Masks are drawn while they are learnt, and training does not notice."""

import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from mmdet_mal.engine.hooks.mask_mosaic import MaskMosaicHook, _rows
from mmdet_mal.engine.undisturbed import undisturbed
from mmdet_mal.utils.errors import UserError

EACH_STEP = 'default_hooks.checkpoint.interval'
BACKENDS = 'visualizer.vis_backends'
# Six steps that are seen: a teacher would hardly have moved.
FAST = {'model.predictor': 'student', 'optim_wrapper.optimizer.lr': 0.05,
        'param_scheduler': None}


def mosaic(**options):
    return MaskMosaicHook(**{'boxes': 5, 'unit': 'iter', 'cell': 48, **options})


def weights(runner):
    return runner.model.state_dict()


def assert_same_run(one, other):
    (runner, record), (other_runner, other_record) = one, other
    assert record.losses == other_record.losses
    assert all(torch.equal(tensor, weights(other_runner)[key])
               for key, tensor in weights(runner).items())


@pytest.fixture(scope='module')
def plain(train, tmp_path_factory):
    """Six steps without the hook."""
    return train(tmp_path_factory.mktemp('plain'), **FAST)


@pytest.fixture(scope='module')
def drawn(train, tmp_path_factory):
    """The same, drawn at each step."""
    return train(tmp_path_factory.mktemp('drawn'), hooks=[mosaic()], **FAST)


def pictures(runner):
    return {name: cv2.imread(f'{runner.work_dir}/mask_{name}.png')
            for name in ('mosaic', 'strip')}


def test_training_is_the_same_to_the_last_bit(plain, drawn):
    assert_same_run(plain, drawn)


def test_stock_loop_which_seeds_nothing_is_not_disturbed(train, tmp_path):
    stock = {'train_cfg.type': 'EpochBasedTrainLoop'}
    plain = train(tmp_path / 'plain', **stock)
    drawn = train(tmp_path / 'drawn', hooks=[mosaic()], **stock)
    assert_same_run(plain, drawn)


def test_every_backend_gets_the_pictures_at_each_step(drawn):
    runner, _ = drawn
    folder = next(Path(runner.work_dir).glob('*/vis_data/vis_image'))
    names = {path.name for path in folder.iterdir()}
    assert names == {f'masks_{step}.png' for step in range(7)} | {
        'masks_over_training_6.png'}
    last = cv2.imread(str(folder / 'masks_6.png'))
    assert np.array_equal(last, pictures(runner)['mosaic'])
    strip = cv2.imread(str(folder / 'masks_over_training_6.png'))
    assert np.array_equal(strip, pictures(runner)['strip'])


def test_tensorboard_gets_them_too(train, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import \
        EventAccumulator
    runner, _ = train(
        tmp_path, hooks=[mosaic(interval=3)],
        **{BACKENDS: [dict(type='TensorboardVisBackend')]})
    events = EventAccumulator(str(next(tmp_path.glob('*/vis_data'))),
                              size_guidance=dict(images=0)).Reload()
    assert [event.step for event in events.Images('masks')] == [0, 3, 6]
    image = events.Images('masks')[-1]
    shown = cv2.imdecode(np.frombuffer(image.encoded_image_string, np.uint8),
                         cv2.IMREAD_COLOR)
    assert np.array_equal(shown, pictures(runner)['mosaic'])
    assert len(events.Images('masks_over_training')) == 1


@pytest.mark.parametrize('cut', [2, 4])
def test_resumed_run_is_undisturbed_and_its_strip_whole(
        cut, train, drawn, tmp_path):
    train(tmp_path, cut_before=cut, hooks=[mosaic()], **FAST,
          **{EACH_STEP: 1})
    runner, record = train(tmp_path, resume=True, hooks=[mosaic()], **FAST)
    whole_runner, whole_record = drawn
    assert record.losses == {step: loss for step, loss
                             in whole_record.losses.items() if step >= cut}
    assert all(torch.equal(tensor, weights(whole_runner)[key])
               for key, tensor in weights(runner).items())
    for name, picture in pictures(runner).items():
        assert np.array_equal(picture, pictures(whole_runner)[name]), name


def test_drawing_by_epochs_has_a_column_each(train, tmp_path):
    hook = mosaic(unit='epoch')
    runner, _ = train(tmp_path, hooks=[hook])
    kept = runner.message_hub.get_info('mask_mosaic')
    assert [(m['iter'], m['epoch']) for m in kept['moments']] == [
        (0, 0), (3, 1), (6, 2)]
    # Box, start and two epochs, 48 px each.
    assert pictures(runner)['strip'].shape[1] == 4 * (48 + 6) + 6


def test_masks_are_those_of_the_network_as_it_is_now(tiny_runner, tmp_path):
    runner = tiny_runner(tmp_path, **FAST)
    hook = mosaic(boxes=3)
    hook.before_train(runner)
    torch.manual_seed(0)
    for step in (1, 2, 3):
        for parameter in runner.model.student.decoder.parameters():
            nn.init.normal_(parameter)
        hook._draw(runner, step, 1)
    masks = [tuple(moment['masks']) for moment in hook._history]
    assert len(masks) == 4 and len(set(masks)) >= 3
    folder = next(tmp_path.glob('*/vis_data/vis_image'))
    assert not np.array_equal(cv2.imread(str(folder / 'masks_1.png'))[30:],
                              cv2.imread(str(folder / 'masks_2.png'))[30:])


def test_many_drawings_are_thinned_but_keep_start_and_end(tiny_runner, tmp_path):
    runner = tiny_runner(tmp_path)
    hook = mosaic(boxes=1)
    hook.before_train(runner)
    for step in range(1, 60):
        hook._draw(runner, step, 1)
    steps = [moment['iter'] for moment in hook._history]
    assert steps[0] == 0 and steps[-1] == 59 and len(steps) <= 16
    assert steps == sorted(set(steps))


def test_boxes_are_spread_over_the_sizes(tiny_runner, tmp_path):
    runner = tiny_runner(tmp_path)
    dataset = runner.build_dataloader(runner.cfg.train_dataloader).dataset
    areas = dataset.columns.areas[_rows(dataset, 4)]
    assert (np.diff(areas) >= 0).all()
    order = np.sort(dataset.columns.areas)
    assert areas.tolist() == [order[i] for i in (1, 4, 7, 10)]
    assert sorted(_rows(dataset, 99)) == list(range(12))
    assert dataset.columns.ann_ids[_rows(dataset, [7, 2])].tolist() == [7, 2]


def test_modes_and_generators_are_put_back():
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.BatchNorm1d(2))
    model.train()
    model[2].eval()  # as a frozen stage is
    expected = random.Random(5).random(), np.random.RandomState(5).rand()
    torch.manual_seed(5)
    expected += (torch.rand(1).item(), )
    random.seed(5), np.random.seed(5), torch.manual_seed(5)
    with pytest.raises(KeyError), undisturbed(model):
        model.eval()
        random.random(), np.random.rand(), torch.rand(3)
        assert not torch.is_grad_enabled()
        raise KeyError
    assert [m.training for m in model] == [True, True, False]
    assert model.training and torch.is_grad_enabled()
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == expected


def test_unreadable_image_leaves_its_box_out(tiny_runner, tiny_data, tmp_path,
                                             monkeypatch):
    runner = tiny_runner(tmp_path)
    assert runner.train_loop.dataloader  # checked while it was sound
    file = tiny_data / 'images' / '0.png'
    content = file.read_bytes()
    warned = []
    monkeypatch.setattr(MMLogger, 'warning', lambda self, text: warned.append(text))
    try:
        file.write_bytes(b'broken')
        hook = mosaic(boxes=12)
        hook.before_train(runner)
    finally:
        file.write_bytes(content)
    assert len(hook._chosen) == 9
    assert sum('0.png' in text for text in warned) == 3


def test_disk_that_takes_no_picture_does_not_end_training(
        train, plain, tmp_path, monkeypatch):
    from mmdet_mal.visualization import grid

    def full(path, img):
        raise UserError(f'{path}: no space')

    monkeypatch.setattr(grid, 'write_png', full)
    assert_same_run(plain, train(tmp_path, hooks=[mosaic()], **FAST))
    assert 'no space' in next(tmp_path.glob('*/*.log')).read_text()


@pytest.mark.parametrize('options, words', [
    ({'interval': 0}, 'interval'), ({'unit': 'hour'}, 'unit'),
    ({'boxes': 0}, 'boxes'), ({'boxes': []}, 'boxes'), ({'cell': 3}, 'cell'),
])
def test_bad_arguments_are_named(options, words):
    with pytest.raises(ValueError, match=words):
        MaskMosaicHook(**options)


def test_unknown_annotation_is_named(tiny_runner, tmp_path):
    runner = tiny_runner(tmp_path)
    with pytest.raises(UserError, match='annotation 99 is not among the 12 boxes'):
        mosaic(boxes=[3, 99]).before_train(runner)


def test_a_config_without_test_data_needs_a_pipeline(tiny_runner, tmp_path):
    runner = tiny_runner(tmp_path)
    runner.cfg.test_dataloader = None
    with pytest.raises(UserError, match='no test_dataloader.*give the hook a pipeline'):
        MaskMosaicHook().before_train(runner)

"""Logs of trainings: joined where they were resumed, told where broken."""

import json
from datetime import datetime, timedelta

import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.training.log import (find_training, name_logs,
                                                  read_training_log)


def start(work_dir, name, steps, resumed=None, skipped=(), extra=(), loss=None):
    """Write what MMEngine and NanGuardHook write at one start."""
    folder = work_dir / name / 'vis_data'
    folder.mkdir(parents=True)
    lines = [json.dumps(dict(
        lr=.1, loss=(loss or (lambda s: 1 / s))(step), loss_mil=.5 / step, time=2.,
        epoch=1 + step // 10, iter=step, step=step)) for step in steps]
    (folder / 'scalars.json').write_text('\n'.join([*lines, *extra]) + '\n')
    log = ['2026/11/21 04:00:00 - mmengine - INFO - Loaded 124 tensors of '
           '/w/deit_tiny_x.pth into the encoder; licence of these weights: '
           'DeiT of Meta AI, Apache-2.0']
    if resumed is not None:
        log.append(f'2026/11/21 04:00:01 - mmengine - INFO - resumed epoch: 1, '
                   f'iter: {resumed}')
    log += [f'2026/11/21 04:01:00 - mmengine - WARNING - Step skipped, not '
            f'finite: loss nan, gradient norm nan at iteration {step}; 1 in a '
            'row (at most 10), 1 in all; samples: annotation 17 (a.jpg)'
            for step in skipped]
    log.append('2026/11/21 04:02:30 - mmengine - INFO - Saving checkpoint')
    (work_dir / name / f'{name}.log').write_text('\n'.join(log))
    return work_dir / name


def test_one_start(tmp_path):
    start(tmp_path / 'mine', '20261121_040000', [10, 20, 30], skipped=[12, 25])
    log = read_training_log(tmp_path / 'mine')
    assert log.name == 'mine'
    assert log.columns['loss'] == ([10, 20, 30], [.1, .05, 1 / 30])
    assert log.loss_names() == ['loss', 'loss_mil']
    assert (log.last_iteration, log.last_epoch) == (30, 4)
    assert log.final('loss_mil') == .5 / 30 and log.final('fill') is None
    assert log.skipped == [12, 25] and log.resumed_at == []
    assert log.weights == '/w/deit_tiny_x.pth'
    assert log.licence == 'DeiT of Meta AI, Apache-2.0'
    assert log.begun == datetime(2026, 11, 21, 4, 0)
    assert log.duration == timedelta(seconds=150)


def test_resumed_start_takes_the_place_of_what_followed_its_checkpoint(tmp_path):
    start(tmp_path, '20261121_040000', [10, 20, 30, 40], skipped=[5, 35])
    start(tmp_path, '20261121_050000', [35, 45], resumed=25, skipped=[44],
          loss=lambda step: 7.)
    log = read_training_log(tmp_path)
    assert log.columns['loss'] == ([10, 20, 35, 45], [.1, .05, 7., 7.])
    assert log.resumed_at == [25] and log.skipped == [5, 44]
    assert log.duration == timedelta(seconds=300)


def test_two_resumes_of_which_the_second_goes_back_further(tmp_path):
    start(tmp_path, '20261121_040000', [10, 20])
    start(tmp_path, '20261121_050000', [30, 40], resumed=20)
    start(tmp_path, '20261121_060000', [15, 25], resumed=10)
    log = read_training_log(tmp_path)
    assert log.columns['loss'][0] == [10, 15, 25]
    assert log.resumed_at == [10]


def test_start_from_the_beginning_replaces_everything(tmp_path):
    start(tmp_path, '20261121_040000', [10, 20, 30], skipped=[3])
    start(tmp_path, '20261121_050000', [10, 20], loss=lambda step: 3.)
    log = read_training_log(tmp_path)
    assert log.columns['loss'] == ([10, 20], [3., 3.])
    assert log.resumed_at == [] and log.skipped == []


def test_starts_that_logged_nothing_are_passed_over(tmp_path):
    start(tmp_path, '20261121_040000', [10])
    start(tmp_path, '20261121_050000', [])
    (tmp_path / '20261121_060000' / 'vis_data').mkdir(parents=True)
    (tmp_path / 'notes').mkdir()
    assert read_training_log(tmp_path).columns['loss'][0] == [10]


def test_torn_last_line_and_validations_are_left_out(tmp_path):
    start(tmp_path, '20261121_040000', [10, 20], extra=[
        '{"coco/bbox_mAP": 0.3, "step": 1}', '{"lr": 0.1, "loss": 0.'])
    log = read_training_log(tmp_path)
    assert log.columns['loss'][0] == [10, 20]
    assert 'coco/bbox_mAP' not in log.columns


def test_nan_is_read_as_it_was_logged(tmp_path):
    start(tmp_path, '20261121_040000', [10], extra=[
        '{"loss": NaN, "iter": 20, "epoch": 1}'])
    values = read_training_log(tmp_path).columns['loss'][1]
    assert values[0] == .1 and values[1] != values[1]


def test_broken_line_within_is_named(tmp_path):
    start(tmp_path, '20261121_040000', [10], extra=['oops', '{"iter": 3}'])
    with pytest.raises(UserError, match='scalars.json, line 2: no JSON object'):
        read_training_log(tmp_path)


def test_no_log_is_named(tmp_path):
    assert not find_training(tmp_path)
    with pytest.raises(UserError, match='no log of a training'):
        read_training_log(tmp_path)
    with pytest.raises(UserError, match='no log of a training'):
        read_training_log(tmp_path / 'absent')


def test_a_single_start_or_its_file_may_be_named(tmp_path):
    folder = start(tmp_path, '20261121_040000', [10])
    start(tmp_path, '20261121_050000', [20], resumed=10)
    assert find_training(tmp_path) and find_training(folder)
    file = folder / 'vis_data' / 'scalars.json'
    for path in (folder, file):
        assert read_training_log(path).columns['loss'][0] == [10]


def test_several_trainings_have_names_of_their_own(tmp_path):
    for name in ('a/run', 'b/run', 'c'):
        start(tmp_path / name, '20261121_040000', [10])
    logs = name_logs([tmp_path / 'a/run', f'best={tmp_path}/c',
                      tmp_path / 'b/run'])
    assert [log.name for log in logs] == ['run', 'best', 'run (3)']


def test_real_log_of_the_nan_guard_is_understood(tmp_path):
    """The words are those that NanGuardHook says, whatever they become."""
    from types import SimpleNamespace

    from mmdet_mal.engine.hooks.nan_guard import NanGuardHook
    from mmdet_mal.engine.step_guard import StepReport
    said = []
    runner = SimpleNamespace(iter=41, logger=SimpleNamespace(
        warning=said.append))
    hook = NanGuardHook()
    hook._total = hook._in_a_row = 1
    report = StepReport(float('nan'), float('nan'), skipped=True)
    hook._tell(runner, report, runner.iter + 1, 'annotation 1 (a.jpg)')
    folder = start(tmp_path, '20261121_040000', [40, 50])
    with open(folder / '20261121_040000.log', 'a') as file:
        file.write(f'\n2026/11/21 04:03:00 - mmengine - WARNING - {said[0]}')
    assert read_training_log(tmp_path).skipped == [42]

import json

import pytest

from mmdet_mal.retention.comparison import compare_logs
from mmdet_mal.retention.run_log import (check_comparable, parse_dumped_config,
                                         read_run_log)
from mmdet_mal.utils.errors import UserError

CONFIG = '''
train_cfg = dict(max_epochs=12, type='EpochBasedTrainLoop', val_interval=1)
train_dataloader = dict(batch_size=2, dataset=dict(ann_file='{ann}', data_root=''))
val_evaluator = dict(ann_file='{val}', metric=['bbox', 'segm'], type='CocoMetric')
optim_wrapper = dict(optimizer=dict(lr={lr}, type='SGD'))
work_dir = '{ann}'
'''


def make_run(folder, ap=.3, step=12, val='val2017.json', lr=.02, ann='a.json',
             metric='coco/segm_mAP'):
    data = folder / '20260101_000000' / 'vis_data'
    data.mkdir(parents=True)
    (data / 'scalars.json').write_text(
        json.dumps(dict(loss=1., step=3)) + '\n'
        + json.dumps({metric: ap, 'step': step}) + '\n')
    (data / 'config.py').write_text(CONFIG.format(val=val, lr=lr, ann=ann))
    return str(folder)


def test_a_run_is_read_with_its_config(tmp_path):
    log = read_run_log('MAL', make_run(tmp_path / 'a'))
    assert (log.kind, log.step, log.end, log.val) == ('coco', 12, 12, 'val2017.json')
    assert log.finished and log.scores == dict(AP=.3)
    assert log.recipe['optim_wrapper.optimizer.lr'] == .02


def test_only_masks_differ(tmp_path):
    logs = [read_run_log(name, make_run(tmp_path / name, ann=f'{name}.json'))
            for name in ('human', 'MAL')]
    assert check_comparable(logs) == []


def test_another_learning_rate_is_noted(tmp_path):
    logs = [read_run_log(str(lr), make_run(tmp_path / str(lr), lr=lr))
            for lr in (.02, .01)]
    assert check_comparable(logs) == [
        'optim_wrapper.optimizer.lr: 0.01 for 0.01, 0.02 for 0.02']


def test_a_run_that_stopped_early_is_refused(tmp_path):
    human = make_run(tmp_path / 'human')
    crashed = make_run(tmp_path / 'mal', step=8)
    with pytest.raises(UserError, match='step 8, but .* end at 12: it stopped') as e:
        compare_logs(human, dict(MAL=crashed))
    assert crashed in str(e.value)
    table = compare_logs(human, dict(MAL=crashed), unfinished='accept')
    assert table.notes == ['MAL was evaluated at step 8, human at 12']


def test_logs_of_different_data_are_refused(tmp_path):
    human = make_run(tmp_path / 'human')
    with pytest.raises(UserError, match='AP on different data') as error:
        compare_logs(human, dict(MAL=make_run(tmp_path / 'b', val='dev.json')))
    assert 'dev.json' in str(error.value) and 'val2017.json' in str(error.value)
    with pytest.raises(UserError, match='lvis AP, but .* coco AP'):
        compare_logs(human, dict(MAL=make_run(tmp_path / 'c',
                                              metric='lvis/segm_AP')))


def test_one_file_under_two_names_is_one_file(tmp_path):
    (tmp_path / 'val.json').write_text('{}')
    (tmp_path / 'copy.json').write_text('{}')
    (tmp_path / 'other.json').write_text('[]')
    human = make_run(tmp_path / 'human', val=tmp_path / 'val.json')
    compare_logs(human, dict(MAL=make_run(tmp_path / 'a', val=tmp_path / 'copy.json')))
    with pytest.raises(UserError, match='different data'):
        compare_logs(human, dict(
            MAL=make_run(tmp_path / 'b', val=tmp_path / 'other.json')))


def test_a_config_beside_a_log_is_not_run(tmp_path):
    note = tmp_path / 'ran'
    run = make_run(tmp_path / 'a')
    config = next((tmp_path / 'a').rglob('config.py'))
    config.write_text(config.read_text() + f'\nx = open({str(note)!r}, "w")\n'
                      f'y = __import__("os").system("touch {note}")\n')
    assert read_run_log('MAL', run).end == 12
    assert not note.exists()


def test_a_broken_config_is_no_config(tmp_path):
    run = make_run(tmp_path / 'a')
    next((tmp_path / 'a').rglob('config.py')).write_text('a = (')
    log = read_run_log('MAL', run)
    assert log.end is None and log.finished


def test_values_of_a_dumped_config():
    assert parse_dumped_config(
        "a = dict(b=[1, -2.5, (None, True)], c={'d': 'e'})\nf = g\nh = dict(1)") == {
            'a': dict(b=[1, -2.5, (None, True)], c=dict(d='e'))}

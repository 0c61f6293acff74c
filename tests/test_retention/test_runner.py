import json
from pathlib import Path

import pytest

from mmdet_mal.experiments import steps as shared_steps
from mmdet_mal.experiments.command import CommandFailed
from mmdet_mal.retention import runner
from mmdet_mal.utils.errors import UserError

CONFIG = str(Path(__file__).resolve().parents[2]
             / 'configs/phase2/coco-mini/mask-rcnn_deit-ti_coco-mini.py')
AP = dict(human=.4, half=.3)


@pytest.fixture
def steps(monkeypatch):
    """Trainings and tests leave what they would leave, at once.

    Steps named in ``fail`` fail once.  test_command.py runs real ones.
    """
    done, fail = [], {}

    def run_step(command, log, on_line=None, environment=None, keep_open=(),
                 running=None):
        script, work_dir = Path(command[1]).name, Path(command[-1 - (
            '--resume' in command)])
        name = work_dir.parent.name
        if (name, script) in fail:
            raise fail.pop((name, script))
        work_dir.mkdir(parents=True, exist_ok=True)
        if script == 'train.py':
            (work_dir / 'last_checkpoint').write_text('/elsewhere/epoch_12.pth')
        else:
            assert command[3] == str(work_dir.parent / 'train' / 'epoch_12.pth')
            (work_dir / 'scores.json').write_text(
                json.dumps({'coco/segm_mAP': AP[name]}))
        done.append(f'{name}: {script}')

    for module in (runner, shared_steps):
        monkeypatch.setattr(module, 'run_step', run_step)
    return dict(done=done, fail=fail)


def make_run(files, out, **changes):
    arguments = dict(
        config=CONFIG, human=str(files / 'human.json'),
        masks=dict(half=str(files / 'half.json')), val=str(files / 'val.json'),
        images=str(files / 'images'), out=out, classes='agnostic')
    return runner.RetentionRun(**{**arguments, **changes})


def test_human_and_other_masks_are_trained_alike(files, tmp_path, steps):
    out = tmp_path / 'out'
    table, failed = make_run(files, out).run()
    assert not failed and not table.notes
    assert steps['done'] == ['human: train.py', 'human: test.py',
                             'half: train.py', 'half: test.py']
    assert table.rows()[1:] == [['half', '0.500', '30.0', '75.0'],
                                ['human', '1.000', '40.0', '100.0']]
    text = {name: (out / 'runs' / name / 'config.py').read_text()
            for name in AP}
    assert text['half'].replace('runs/half', 'runs/human') == text['human']
    assert json.loads((out / 'retention.json').read_text())[
        'masks']['half']['retention']['AP'] == pytest.approx(.75)
    # Only annotations and images: the boxes are the same in both.
    human, half = (json.loads((out / 'runs' / name / 'train.json').read_text())
                   for name in AP)
    assert [a['bbox'] for a in human['annotations']] == [
        a['bbox'] for a in half['annotations']]


def test_what_is_done_is_not_done_again(files, tmp_path, steps):
    out = tmp_path / 'out'
    steps['fail']['half', 'test.py'] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        make_run(files, out).run()
    make_run(files, out).run()
    assert steps['done'] == ['human: train.py', 'human: test.py',
                             'half: train.py', 'half: test.py']


def test_a_failed_training_is_told_and_the_rest_goes_on(files, tmp_path, steps):
    steps['fail']['human', 'train.py'] = CommandFailed('out of memory')
    table, failed = make_run(files, tmp_path / 'out').run()
    assert failed == dict(human='out of memory')
    assert steps['done'] == ['half: train.py', 'half: test.py']
    assert 'human failed: out of memory' in table.notes[0]
    assert table.rows()[1] == ['half', '0.500', '30.0', '-']


def test_masks_may_be_added_and_not_exchanged(files, tmp_path, steps):
    out = tmp_path / 'out'
    make_run(files, out, masks={}).run()
    make_run(files, out).run()
    assert steps['done'][2:] == ['half: train.py', 'half: test.py']
    with pytest.raises(UserError, match='training on another file'):
        make_run(files, out, masks=dict(half=str(files / 'human.json'))).run()


def test_another_seed_needs_another_folder(files, tmp_path, steps):
    make_run(files, tmp_path / 'out').run()
    with pytest.raises(UserError, match='seed: 0 then, 1 now'):
        make_run(files, tmp_path / 'out', seed=1).run()


def test_validation_on_training_images_is_noted(files, tmp_path, steps):
    table, _ = make_run(files, tmp_path / 'out',
                        val=str(files / 'human.json')).run()
    assert '4 images of' in table.notes[0]


def test_a_training_without_a_checkpoint_is_told(files, tmp_path, monkeypatch):
    monkeypatch.setattr(shared_steps, 'run_step', lambda *args, **kwargs: None)
    _, failed = make_run(files, tmp_path / 'out').run()
    assert all('left no checkpoint' in why for why in failed.values())


@pytest.mark.parametrize('changes, message', [
    (dict(images='gone'), 'gone: no such folder'),
    (dict(human='gone.json'), 'gone.json'),
    (dict(val='gone.json'), 'gone.json'),
])
def test_missing_files_are_told_first(files, tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        make_run(files, tmp_path / 'out', **changes)
    assert not (tmp_path / 'out').exists()


def test_val_of_other_classes_is_refused(files, tmp_path):
    data = json.loads((files / 'val.json').read_text())
    data['categories'][0]['name'] = 'other'
    (files / 'val.json').write_text(json.dumps(data))
    with pytest.raises(UserError, match='other categories than'):
        make_run(files, tmp_path / 'out')

import json
from pathlib import Path

import pytest

from mmdet_mal.demo import chain as chain_module
from mmdet_mal.demo.chain import DemoChain
from mmdet_mal.utils.errors import UserError

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def commands(monkeypatch):
    """Commands that the chain would have run; evaluation leaves its scores."""
    calls = []

    def run_command(command, log_file, environment):
        calls.append(command)
        if 'evaluate' in command[1]:
            scores = {name: dict(sizes=dict(all=dict(miou=number / 10, n=1)))
                      for number, name in enumerate(
                          ('box', 'ellipse', 'grabcut', 'mal'), 1)}
            out = Path(command[command.index('--out') + 1])
            out.write_text(json.dumps(dict(scores=scores)))

    monkeypatch.setattr(chain_module, 'run_command', run_command)
    return calls


def make(folder):
    return DemoChain(REPO, str(folder), 'mal.py', 'detector.py')


def test_steps_use_the_public_commands_and_their_time_is_taken(
        tmp_path, commands, monkeypatch):
    monkeypatch.chdir(REPO)
    demo = make(tmp_path / 'demo')
    demo.draw(1, 1, seed=0)
    demo.train(['train_cfg.max_epochs=1'])
    (tmp_path / 'demo' / 'mal').mkdir()
    (tmp_path / 'demo' / 'mal' / 'last_checkpoint').write_text('epoch_1.pth')
    demo.label('val', [])
    miou = demo.evaluate()
    demo.label('train', [])
    demo.detect(iterations=3)
    assert [command[:2] for command in commands[:-1]] == [
        ['python', f'tools/{name}.py']
        for name in ('train', 'test', 'evaluate', 'test')]
    assert commands[-1][1].endswith('mmdet/.mim/tools/train.py')
    assert commands[1][3] == 'epoch_1.pth'
    assert 'test_dataloader.dataset.ann_file=boxes_train.json' in commands[3]
    # Labelling and training are told of files without masks only.
    for command in (*commands[:2], commands[3]):
        assert not any('instances' in argument for argument in command)

    path = demo.write_summary(miou)
    summary = json.loads(Path(path).read_text())
    assert set(summary) == {'seconds', 'miou'}
    assert summary['miou'] == dict(box=.1, ellipse=.2, grabcut=.3, mal=.4)
    assert list(summary['seconds']) == [
        'draw', 'train', 'label_val', 'evaluate', 'label_train', 'detector']


def test_starting_again_removes_what_the_last_demo_left(tmp_path):
    make(tmp_path)
    for name in ('mal', 'labels'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'old').write_text('')
    (tmp_path / 'summary.json').write_text('{}')
    (tmp_path / 'mine.txt').write_text('')
    make(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        '.mal_demo', 'logs', 'mine.txt']


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'precious').write_text('')
    with pytest.raises(UserError, match='holds data, which no demo wrote'):
        make(tmp_path)
    assert (tmp_path / 'data' / 'precious').exists()


def test_labelling_before_training_is_one_line(tmp_path, commands):
    with pytest.raises(UserError, match='left no checkpoint'):
        make(tmp_path).label('val', [])


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='cannot write the demo'):
        make(tmp_path / 'file' / 'demo')

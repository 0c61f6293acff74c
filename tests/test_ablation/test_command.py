"""tools/ablation.py as a person runs it, with real trainings."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmdet_mal.ablation.command import main
from mmdet_mal.ablation.data import AblationData
from mmdet_mal.ablation.grid import load_grid
from mmdet_mal.ablation.runner import AblationRun
from mmdet_mal.utils.tool import run_tool

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'ablation.py'


def ablation(files, *args):
    """Run the tool on the small data; its exit code, stdout and stderr."""
    result = subprocess.run(
        [sys.executable, TOOL, files / 'grid.yaml', '--boxes', files / 'boxes.json',
         '--images', files / 'images', '--human', files / 'human.json', *args],
        capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.slow
def test_a_grid_is_trained_labelled_and_scored(files, tmp_path):
    """One cell cannot be trained: it is told, and the other one is done."""
    grid = files / 'grid.yaml'
    grid.write_text(grid.read_text().replace(
        'model.crf_loss.zeta: 1.0', 'model.network.encoder.out_indices: [9]'))
    out = tmp_path / 'out'
    code, printed, errors = ablation(files, '--max-iters', '2', '--score-number',
                                     '2', '--out', out)
    assert code == 1, errors
    assert 'FAILED' in printed and 'wide, seed 0: FAILED' in errors
    narrow = json.loads((out / 'results.json').read_text())['cells'][0]
    assert narrow['runs'][0]['iterations'] == 2
    assert set(narrow['runs'][0]['seconds']) == {'train', 'label', 'score'}
    assert narrow['sizes']['all']['boxes'] == 6
    assert 0 < narrow['sizes']['all']['miou'] <= 1
    masks = json.loads((out / 'cells/narrow-seed0/masks.json').read_text())
    assert all(ann['segmentation'] for ann in masks['annotations'])
    log = (out / 'cells/narrow-seed0/log.txt').read_text()
    assert 'train.py' in log and 'label.py' in log
    _check_two_jobs(files, tmp_path / 'two', out)


def _check_two_jobs(files, out, alone):
    """Side by side, with as many threads each, the cells are the same."""
    data = AblationData.from_options(*(
        str(files / name) for name in ('boxes.json', 'images', 'human.json')),
        score_number=2)
    failed = AblationRun(load_grid(files / 'grid.yaml'), data, (0, ), out,
                         max_iters=2, jobs=2).run()
    assert set(failed) == {'wide, seed 0'}
    ours, theirs = (folder / 'cells/narrow-seed0' for folder in (out, alone))
    for name in ('ious.npz', 'config.py'):
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()
    weights, expected = (torch.load(folder / 'train/epoch_1.pth')['state_dict']
                         for folder in (ours, theirs))
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[key], expected[key]) for key in weights)
    for name, change in (('masks.json', 'info'), ('result.json', 'seconds')):
        here, there = (json.loads((folder / name).read_text())
                       for folder in (ours, theirs))
        assert here.pop(change) and there.pop(change) and here == there


@pytest.fixture
def run_here(files, monkeypatch, capsys):
    """Run the tool in this process; its exit code and what it printed."""
    before = {number: signal.getsignal(number)
              for number in (signal.SIGTERM, signal.SIGHUP)}

    def run(*args):
        monkeypatch.setattr(sys, 'argv', [
            'ablation.py', *map(str, (
                files / 'grid.yaml', '--boxes', files / 'boxes.json', '--images',
                files / 'images', '--human', files / 'human.json', *args))])
        with pytest.raises(SystemExit) as error:
            run_tool(main)
            raise SystemExit(0)
        return error.value.code, *capsys.readouterr()

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


CONFIG = 'config: CONFIG\ncells: [{name: a}, {name: b}]'


@pytest.mark.parametrize('text, args, message', [
    pytest.param('confg: a.py', (), 'unknown key confg', id='unknown key'),
    pytest.param('config: a.py\ncells: []', (), 'has no cells', id='no cells'),
    pytest.param('config: a.py\ncells: [{name: a}, {name: a}]', (), 'two cells',
                 id='alike names'),
    pytest.param(f'base: c\n{CONFIG}', (), "base is 'c'", id='no such base'),
    pytest.param('config: gone.py\ncells: [{name: a}]', (),
                 'gone.py: no such config', id='no such config'),
    pytest.param(CONFIG, ('--config', 'gone.py'), 'gone.py: no such config',
                 id='no such --config'),
    pytest.param('config: base_gone.py\ncells: [{name: a}]', (), 'base_gone.py: .*'
                 'nowhere.py', id='config with a missing base'),
    pytest.param(CONFIG, ('--cfg-options', 'model.network.pretrained=gone.pth'),
                 'gone.pth: no such weights', id='missing weights'),
    pytest.param(CONFIG, ('--jobs', '0'), '--jobs 0: expected', id='no job'),
    pytest.param(CONFIG, ('--jobs', 'two'), '--jobs two: expected', id='no number'),
    pytest.param(CONFIG, ('--score-number', '0'), '--score-number 0: expected',
                 id='no image'),
])
def test_mistakes_are_one_line_and_code_2(files, run_here, tmp_path, text, args,
                                          message):
    tiny = Path(__file__).parents[1] / 'test_tools' / 'mal_tiny.py'
    (files / 'grid.yaml').write_text(text.replace('CONFIG', str(tiny)))
    (files / 'base_gone.py').write_text("_base_ = ['nowhere.py']")
    code, printed, errors = run_here('--out', tmp_path / 'out', *args)
    assert code == 2 and not printed
    assert re.fullmatch(f'ablation.py: error: .*{message}.*\n', errors)
    assert not (tmp_path / 'out').exists()


def test_the_dry_run_says_who_runs_where(run_here, tmp_path, monkeypatch):
    monkeypatch.setattr('mmdet_mal.experiments.job_places.usable_cores', lambda: 1)
    monkeypatch.setattr('mmdet_mal.machine.cores.usable_cores', lambda: 1)
    monkeypatch.setattr(torch.cuda, 'device_count', lambda: 2)
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', 'GPU-7f,3')
    code, printed, _ = run_here('--dry-run', '--jobs', 'auto', '--out',
                                tmp_path / 'out')
    assert code == 0
    assert ('2 cells at a time: job 1 on GPU GPU-7f; job 2 on GPU 3; 1 thread each; '
            'more jobs than the 1 usable cores.') in printed
    assert '2 cells, none done' in printed
    assert not (tmp_path / 'out').exists()


def test_a_mistake_is_one_line_and_code_2(files):
    (files / 'grid.yaml').write_text('cells: 3')
    code, _, errors = ablation(files)
    assert code == 2
    assert errors.splitlines()[-1].startswith('ablation.py: error: ')
    assert 'Traceback' not in errors

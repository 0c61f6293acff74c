"""Several cells at the same time: who begins, what it is told, how it ends."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from mmdet_mal.ablation import cell_run
from mmdet_mal.ablation.data import AblationData
from mmdet_mal.ablation.grid import load_grid
from mmdet_mal.ablation.runner import AblationRun
from mmdet_mal.experiments.command import exit_on_sigterm
from mmdet_mal.experiments.folder import ExperimentFolder, read_json
from mmdet_mal.experiments.jobs_bar import JobsBar
from mmdet_mal.utils.errors import UserError

QUICK = str(Path(__file__).with_name('quick_steps.py'))


@pytest.fixture
def quick(files, tmp_path, monkeypatch):
    """Make a run of quick cells; arguments as of :class:`AblationRun`."""
    monkeypatch.setattr(cell_run.CellRun, '_tool', staticmethod(lambda name: QUICK))
    monkeypatch.setattr(cell_run, 'score_command', lambda folder, human, number: [
        'python', QUICK, str(folder), human])
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'LOCAL_WORLD_SIZE',
                 'CUDA_VISIBLE_DEVICES'):
        monkeypatch.delenv(name, raising=False)

    def make(jobs=2, seeds=(0, ), cells=('a', 'b'), gpus=(), **tasks):
        monkeypatch.setenv('QUICK_STEPS', json.dumps(
            {f'{name}-seed0': task for name, task in tasks.items()}))
        path = files / 'grid.yaml'
        config = next(line for line in path.read_text().splitlines()
                      if line.startswith('config:'))
        path.write_text(f'{config}\ncells: [' + ', '.join(
            f'{{name: {name}}}' for name in cells) + ']')
        data = AblationData.from_options(*(
            str(files / name) for name in ('boxes.json', 'images', 'human.json')))
        return AblationRun(load_grid(path), data, seeds, tmp_path / 'out',
                           jobs=jobs, gpus=gpus)

    return make


def cell(out, name, file):
    return out / 'cells' / f'{name}-seed0' / file


def states(out):
    cells = json.loads((out / 'results.json').read_text())['cells']
    return [run['state'] for cell in cells for run in cell['runs']]


def wait_for(*paths):
    end = time.monotonic() + 60
    while not all(path.exists() and path.read_text() for path in paths):
        assert time.monotonic() < end
        time.sleep(.02)


def alive(path):
    """Whether the process whose number a file holds is running."""
    try:
        stat = Path(f'/proc/{path.read_text()}/stat').read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(')')[2].split()[0] != 'Z'


def send(number, *paths):
    """Send ourselves a signal once some files are there."""
    def wait_and_send():
        wait_for(*paths)
        os.kill(os.getpid(), number)

    threading.Thread(target=wait_and_send, daemon=True).start()


@pytest.fixture
def ended_by_sigterm():
    before = {number: signal.getsignal(number)
              for number in (signal.SIGTERM, signal.SIGHUP)}
    exit_on_sigterm()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_the_table_is_the_same_whoever_ends_first(quick, tmp_path):
    """The first cell ends last; only together can they end at all."""
    out = tmp_path / 'out'
    run = quick(cells=('a', 'b'), a='b-seed0')
    assert run.run() == {}
    times = [cell(out, name, 'result.json').stat().st_mtime_ns for name in 'ab']
    assert times[0] > times[1]
    content = json.loads((out / 'results.json').read_text())
    assert [c['name'] for c in content['cells']] == ['a', 'b']
    text = (out / 'results.md').read_text()
    assert text.index('| a |') < text.index('| b |')
    assert (out / 'results.png').exists()
    assert not cell(out, 'a', 'scores.json').exists()


def test_all_cells_are_begun_before_the_second_seed(quick, monkeypatch):
    begun, begin = [], JobsBar.begin
    monkeypatch.setattr(JobsBar, 'begin', lambda self, part, name: (
        begun.append(name), begin(self, part, name)))
    # b holds its job until the other job has done the two other cells.
    quick(seeds=(0, 1), cells=('a', 'b', 'c'), b='c-seed0').run()
    assert sorted(begun[:2]) == ['a, seed 0', 'b, seed 0']
    assert begun[2] == 'c, seed 0'
    assert sorted(begun[3:]) == ['a, seed 1', 'b, seed 1', 'c, seed 1']


@pytest.mark.parametrize('gpus, devices', [
    ((), {None}), (('GPU-7f', '3'), {'GPU-7f', '3'}), (('5', ), {'5'})],
    ids=['no GPU', 'a GPU each', 'one for both'])
def test_each_job_is_told_its_gpu_and_its_threads(
        quick, tmp_path, monkeypatch, gpus, devices):
    monkeypatch.setattr('mmdet_mal.experiments.job_places.usable_cores', lambda: 6)
    # Neither ends before the other has begun: they are different jobs.
    quick(gpus=gpus, a='b-seed0').run()
    told = [json.loads(cell(tmp_path / 'out', name, 'environment.json').read_text())
            for name in 'ab']
    assert {entry['CUDA_VISIBLE_DEVICES'] for entry in told} == devices
    assert [entry['OMP_NUM_THREADS'] for entry in told] == ['3', '3']
    assert [entry['LOCAL_WORLD_SIZE'] for entry in told] == ['2', '2']


def test_one_job_is_told_nothing(quick, tmp_path, monkeypatch):
    def score_here(folder, human):
        subprocess.run([sys.executable, QUICK, folder], check=True)
        return read_json(folder / 'scores.json')

    monkeypatch.setattr(cell_run, 'score_masks', score_here)
    quick(jobs=1, cells=('a', ), gpus=('0', '1')).run()
    told = json.loads(cell(tmp_path / 'out', 'a', 'environment.json').read_text())
    assert set(told.values()) == {None}


def test_cells_that_fail_or_are_killed_leave_the_others_alone(
        quick, tmp_path, capsys):
    out = tmp_path / 'out'
    run = quick(cells=('a', 'b', 'c', 'd'), b='fail', c='die')
    failed = run.run()
    assert set(failed) == {'b, seed 0', 'c, seed 0'}
    assert failed['b, seed 0'].startswith('no such weights (all of it: ')
    assert failed['c, seed 0'].startswith('killed by signal 9')
    assert states(out) == ['done', 'failed', 'failed', 'done']
    assert 'c, seed 0: FAILED: killed by signal 9' in capsys.readouterr().err
    # The next start does what is missing, and only that.
    before = cell(out, 'a', 'begun').read_text()
    assert quick(cells=('a', 'b', 'c', 'd')).run() == {}
    assert states(out) == ['done'] * 4
    assert cell(out, 'a', 'begun').read_text() == before


def test_failures_are_told_in_the_order_of_the_grid(quick, tmp_path):
    run = quick()
    run.out.mkdir()
    run.write({'b, seed 0': 'second', 'a, seed 0': 'first'})
    text = (tmp_path / 'out' / 'results.md').read_text()
    assert text.index('first') < text.index('second')


@pytest.mark.parametrize('number, raised', [
    (signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit)])
def test_a_stop_ends_all_jobs_and_loses_nothing(
        quick, tmp_path, ended_by_sigterm, number, raised):
    out = tmp_path / 'out'
    run = quick(jobs=3, cells=('a', 'b', 'c'), b='sleep', c='sleep')
    pids = [cell(out, name, 'pid') for name in 'bc']
    send(number, out / 'results.json', *pids)  # the table: a is done
    with pytest.raises(raised) as stopped:
        run.run()
    if raised is SystemExit:
        assert stopped.value.code == 143
    assert not any(alive(path) for path in pids)
    assert states(out) == ['done', 'begun', 'begun']
    seconds = json.loads(cell(out, 'b', 'seconds.json').read_text())
    assert set(seconds) == {'train'}
    # The folder is free, and the same command goes on.
    assert quick(jobs=3, cells=('a', 'b', 'c')).run() == {}
    assert states(out) == ['done'] * 3


def test_the_folder_is_locked_while_jobs_run(quick, tmp_path):
    out = tmp_path / 'out'
    run = quick(a='sleep', b='sleep')
    refused = []

    def try_and_stop():
        wait_for(cell(out, 'a', 'pid'), cell(out, 'b', 'pid'))
        try:
            with ExperimentFolder(out, {}):
                pass
        except UserError as error:
            refused.append(str(error))
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=try_and_stop, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert 'another process is working in it' in refused[0]


def test_a_fault_of_the_program_ends_all_and_is_not_hidden(
        quick, tmp_path, monkeypatch):
    out = tmp_path / 'out'
    run = quick(a='sleep')

    def broken(*args):
        wait_for(cell(out, 'a', 'pid'))
        raise ZeroDivisionError

    monkeypatch.setattr(cell_run, 'score_command', broken)
    with pytest.raises(ZeroDivisionError):
        run.run()
    assert not alive(cell(out, 'a', 'pid'))


def test_the_plan_deals_cells_by_their_time(quick, tmp_path):
    run = quick(jobs=2, cells=('a', 'b', 'c'))
    assert run.expected_seconds(3) is None
    assert [row[-1] for row in run.plan_rows(3)] == ['job', '1', '2', '1']
    assert not (tmp_path / 'out').exists()
    # One cell done: 40 s a training, 20 s a label run.
    folder = run.runs[0].folder
    folder.mkdir(parents=True)
    (folder / 'result.json').write_text('{}')
    (folder / 'seconds.json').write_text('{"train": 40, "label": 20}')
    assert [row[-1] for row in run.plan_rows(3)[1:]] == ['-', '1', '2']
    assert run.expected_seconds(3) == pytest.approx(60)
    assert quick(jobs=1, cells=('a', 'b', 'c')).expected_seconds(3) == pytest.approx(
        120)


def test_there_are_not_more_jobs_than_cells(quick):
    assert len(quick(jobs=8, cells=('a', 'b', 'c')).places) == 3

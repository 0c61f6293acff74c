import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from mmdet_mal.experiments.folder import ExperimentFolder
from mmdet_mal.experiments.job_pool import JobPool
from mmdet_mal.utils.errors import UserError

# A parent without torch, so that it starts in a moment.
_PARENT = '''
import sys
from pathlib import Path
from mmdet_mal.experiments.command import run_step
from mmdet_mal.experiments.folder import ExperimentFolder
from mmdet_mal.experiments.job_pool import JobPool
out = Path(sys.argv[1])
step = ('import os, sys, time; open(sys.argv[1], "w").write(str(os.getpid())); '
        'time.sleep(60)')
with ExperimentFolder(out, {}) as folder, JobPool(2) as pool:
    def work(item, job):
        run_step(['python', '-c', step, str(out / f'pid{item}')], out / f'log{item}',
                 keep_open=folder.held, running=pool.steps)
    list(pool.each(range(2), work))
'''


def test_items_are_begun_in_order_by_so_many_jobs():
    begun, jobs, together = [], set(), threading.Barrier(2)

    def work(item, job):
        begun.append(item)
        jobs.add(job)
        if item in 'ab':
            together.wait(30)  # neither ends before both have begun

    with JobPool(2) as pool:
        finished = list(pool.each('abcd', work))
    assert sorted(begun[:2]) == ['a', 'b'] and sorted(begun[2:]) == ['c', 'd']
    assert jobs == {0, 1}
    assert sorted(finished) == [(item, None) for item in 'abcd']


def test_a_persons_mistake_is_handed_over_and_the_rest_goes_on():
    def work(item, job):
        if item == 1:
            raise UserError('no such weights')

    with JobPool(1) as pool:
        finished = list(pool.each(range(3), work))
    assert [item for item, error in finished if error is None] == [0, 2]
    assert str(finished[1][1]) == 'no such weights'


def test_another_exception_ends_it():
    begun = []

    def work(item, job):
        begun.append(item)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), JobPool(1) as pool:
        for _ in pool.each(range(1000), work):
            time.sleep(1)
    assert pool.steps.stopped


def test_nothing_to_do():
    with JobPool(3) as pool:
        assert list(pool.each([], print)) == []


def test_jobs_of_a_killed_parent_keep_the_folder(tmp_path):
    """Two trainings never write to one folder, whoever was killed."""
    out = tmp_path / 'out'
    parent = subprocess.Popen([sys.executable, '-c', _PARENT, out])
    notes = [out / 'pid0', out / 'pid1']
    end = time.monotonic() + 60
    while not all(note.exists() and note.read_text() for note in notes):
        assert time.monotonic() < end and parent.poll() is None
        time.sleep(.02)
    parent.kill()
    parent.wait()
    for note in notes:  # the folder is free only when both have ended
        with pytest.raises(UserError, match='another process is working in it'):
            with ExperimentFolder(out, {}):
                pass
        os.kill(int(note.read_text()), signal.SIGKILL)
    while True:
        try:
            with ExperimentFolder(out, {}):
                break
        except UserError:
            assert time.monotonic() < end + 60
            time.sleep(.02)

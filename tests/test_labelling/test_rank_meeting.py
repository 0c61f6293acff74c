"""Ranks wait for each other, can be stopped meanwhile, and learn of a loss."""

import multiprocessing
import os
import signal
import time

import pytest
import torch

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.rank_meeting import RankMeeting
from mmdet_mal.labelling.signals import StopSignals

FORK = multiprocessing.get_context('fork')


def as_rank(scenario, folder, rank, world_size):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank,
        world_size=world_size)
    try:
        scenario(RankMeeting(), folder)
    except LabelRunError as error:
        (folder / f'error{rank}').write_text(str(error))
        os._exit(3)
    os._exit(0)


def run_ranks(scenario, folder, world_size=3):
    ranks = [FORK.Process(target=as_rank, args=(scenario, folder, rank, world_size))
             for rank in range(world_size)]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(20)
        process.kill()
    return [process.exitcode for process in ranks]


def share_and_meet(meeting, folder):
    value = meeting.share(dict(done=[1, 2]) if meeting.rank == 0 else None)
    assert value == dict(done=[1, 2])
    time.sleep(.1 * meeting.rank)
    (folder / f'here{meeting.rank}').touch()
    meeting.arrive()
    if meeting.rank == 0:
        meeting.wait_for_all()
        assert len(list(folder.glob('here*'))) == 3


def test_all_get_the_value_and_the_first_waits_for_all(tmp_path):
    assert run_ranks(share_and_meet, tmp_path) == [0, 0, 0]


def one_leaves(meeting, folder):
    if meeting.rank == 1:
        meeting.leave('stopped by SIGTERM')
        return
    meeting.arrive()
    meeting.wait_for_all()


def test_a_rank_that_leaves_ends_the_wait_of_the_others(tmp_path):
    assert run_ranks(one_leaves, tmp_path) == [3, 0, 3]
    assert 'rank 1: stopped by SIGTERM' in (tmp_path / 'error0').read_text()
    assert 'resumes' in (tmp_path / 'error2').read_text()


def stopped_while_waiting(meeting, folder):
    if meeting.rank == 1:
        time.sleep(1.5)  # never arrives
        return
    with StopSignals():
        signal.setitimer(signal.ITIMER_REAL, .3)
        signal.signal(signal.SIGALRM,
                      lambda *_: os.kill(os.getpid(), signal.SIGTERM))
        try:
            meeting.wait_for_all()
        except SystemExit as stop:
            os._exit(stop.code)


def test_a_signal_gets_through_while_a_rank_waits(tmp_path):
    assert run_ranks(stopped_while_waiting, tmp_path, 2) == [143, 0]


def test_one_process_meets_nobody():
    meeting = RankMeeting()
    assert meeting.share([1]) == [1]
    meeting.arrive()
    meeting.wait_for_all()
    meeting.leave('alone')


@pytest.mark.parametrize('value', [None, 0, dict(error='x', done=[])])
def test_any_json_is_shared_as_it_is(value):
    assert RankMeeting().share(value) == value

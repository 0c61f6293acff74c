"""Signals: at once or after the chunk in work, and a second one ends it all."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time

import pytest

from mmdet_mal.labelling import signals
from mmdet_mal.labelling.signals import (LabelRunStopped, StopSignals,
                                         ignore_stop_signals, resume_command,
                                         starting_workers)

FORK = multiprocessing.get_context('fork')
BOTH = pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])


def send(number):
    os.kill(os.getpid(), number)
    time.sleep(.01)  # Python runs handlers between instructions


@BOTH
def test_raises_where_nothing_is_in_work(number):
    before = signal.getsignal(number)
    with pytest.raises(LabelRunStopped) as stop, StopSignals():
        send(number)
    assert stop.value.code == 128 + number
    assert str(stop.value) == f'stopped by {number.name}'
    assert signal.getsignal(number) is before


@BOTH
def test_waits_for_what_is_in_work(number, capfd):
    finished = False
    with pytest.raises(LabelRunStopped) as stop, StopSignals() as stopping:
        with stopping.finishing():
            send(number)
            assert stopping.signal == number
            finished = True
        stopping.raise_if_stopped()
    assert finished and stop.value.signal == number
    assert 'finishing the chunk in work' in capfd.readouterr().err


def test_no_signal_no_stop():
    with StopSignals() as stopping:
        with stopping.finishing():
            pass
        stopping.raise_if_stopped()


def work_on(pause):
    with StopSignals() as stopping, stopping.finishing():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(pause)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(.05)
    os._exit(7)


@pytest.mark.parametrize('pause, exit_code', [
    pytest.param(0, 7, id='a burst is one request'),
    pytest.param(.3, -signal.SIGTERM, id='a second one ends at once'),
])
def test_second_signal(pause, exit_code, monkeypatch):
    monkeypatch.setattr(signals, '_BURST_SECONDS', .2)
    process = FORK.Process(target=work_on, args=(pause,))
    process.start()
    process.join()
    assert process.exitcode == exit_code


def in_worker(ready, shield):
    if shield:
        ignore_stop_signals()
    ready.set()
    time.sleep(.3)
    os._exit(7)


@BOTH
@pytest.mark.parametrize('shield', [False, True])
def test_forked_workers_leave_it_to_their_parent(number, shield):
    ready = FORK.Event()
    with StopSignals():
        process = FORK.Process(target=in_worker, args=(ready, shield))
        process.start()
        ready.wait()
        os.kill(process.pid, number)
        process.join()
    assert process.exitcode == 7


def hit_while_starting(number):
    signal.signal(number, signal.SIG_DFL)  # as torch's workers set it
    os.kill(os.getpid(), number)
    ignore_stop_signals()
    os.kill(os.getpid(), number)
    os._exit(7)


@BOTH
@pytest.mark.parametrize('held, exit_code', [(True, 7), (False, None)])
def test_no_signal_reaches_a_worker_that_is_starting(number, held, exit_code):
    process = FORK.Process(target=hit_while_starting, args=(number,))
    with starting_workers() if held else contextlib.nullcontext():
        process.start()
    process.join()
    assert process.exitcode == (exit_code or -number)


@BOTH
def test_the_parent_sees_its_signal_after_the_start(number):
    with StopSignals() as stopping, stopping.finishing():
        with starting_workers():
            # To this thread: others of the test run do not hold signals back.
            signal.pthread_kill(threading.get_ident(), number)
            time.sleep(.01)
            assert stopping.signal is None
        time.sleep(.01)
        assert stopping.signal == number


def test_a_signal_that_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with StopSignals() as stopping:
            send(signal.SIGINT)
            assert stopping.signal is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_change_nothing():
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def enter():
        with StopSignals():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


def test_the_command_to_resume_is_what_a_person_typed(monkeypatch):
    monkeypatch.setattr(sys, 'orig_argv', ['python', 'tools/label.py', 'a b'])
    monkeypatch.delenv(signals.COMMAND_VARIABLE, raising=False)
    assert resume_command() == "python tools/label.py 'a b'"
    monkeypatch.setenv(signals.COMMAND_VARIABLE, 'bash tools/dist_label.sh c w 2')
    assert resume_command() == 'bash tools/dist_label.sh c w 2'

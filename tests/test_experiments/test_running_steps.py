import os
import signal
import subprocess
import threading
import time

import pytest

from mmdet_mal.experiments.command import run_step
from mmdet_mal.experiments.running_steps import RunningSteps, StepStopped

_SLEEP = 'import time; print("ready", flush=True); time.sleep(60)'
_STUBBORN = ('import signal as s; s.signal(s.SIGINT, s.SIG_IGN); '
             's.signal(s.SIGTERM, s.SIG_IGN); ' + _SLEEP)


def start(steps, tmp_path, *codes):
    """Wait for commands in threads; the threads, and what the commands raised."""
    raised, ready = [], threading.Semaphore(0)

    def wait(number, code):
        try:
            run_step(['python', '-c', code], tmp_path / f'log{number}',
                     lambda line: ready.release(), running=steps)
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=wait, args=item) for item in enumerate(codes)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert ready.acquire(timeout=60)
    return threads, raised


def ended(threads):
    for thread in threads:
        thread.join(30)
    return not any(thread.is_alive() for thread in threads)


def test_all_steps_end_and_none_starts_afterwards(tmp_path):
    steps = RunningSteps()
    threads, raised = start(steps, tmp_path, _SLEEP, _SLEEP)
    steps.stop()
    assert ended(threads)
    assert [type(error) for error in raised] == [StepStopped] * 2
    with pytest.raises(StepStopped):
        run_step(['python', '-c', 'pass'], tmp_path / 'log', running=steps)


def test_stubborn_steps_are_killed_after_one_wait_for_all(tmp_path):
    steps = RunningSteps()
    threads, raised = start(steps, tmp_path, *[_STUBBORN] * 3)
    begin = time.monotonic()
    steps.stop(wait_seconds=.5)
    assert ended(threads) and len(raised) == 3
    assert time.monotonic() - begin < 30


def test_a_second_signal_ends_them_at_once(tmp_path):
    steps = RunningSteps()
    threads, _ = start(steps, tmp_path, _STUBBORN)
    timer = threading.Timer(.3, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        steps.stop(wait_seconds=300)
    assert ended(threads) and time.monotonic() - begin < 60


def test_a_step_that_ends_well_during_the_stop_counts(tmp_path):
    code = ('import signal, sys, time; signal.signal(signal.SIGINT, lambda *_: '
            'sys.exit(0)); print("ready", flush=True); time.sleep(60)')
    steps = RunningSteps()
    threads, raised = start(steps, tmp_path, code)
    steps.stop()
    assert ended(threads) and not raised


def test_what_has_ended_is_not_signalled():
    steps = RunningSteps()
    process = steps.start(lambda: subprocess.Popen(['true'], start_new_session=True))
    steps.forget(process)
    process.wait()
    steps.stop(wait_seconds=0)  # its number may be another's by now
    assert steps.stopped

"""The background worker: in order, bounded, and loud when a job fails."""

import threading
import traceback

import pytest

from mmdet_mal.labelling.background import BackgroundWorker


def test_does_all_jobs_in_order_in_one_other_thread():
    seen = []
    with BackgroundWorker(depth=3) as worker:
        for i in range(50):
            worker.submit(lambda i: seen.append((i, threading.get_ident())), i)
    assert [i for i, _ in seen] == list(range(50))
    assert len({t for _, t in seen} | {threading.get_ident()}) == 2


def test_no_more_than_depth_jobs_are_ahead():
    gate, started = threading.Semaphore(0), []
    submitted = 0

    def job(i):
        started.append(i)
        gate.acquire()

    def submit_all(worker):
        nonlocal submitted
        for i in range(6):
            worker.submit(job, i)
            submitted += 1

    with BackgroundWorker(depth=2) as worker:
        thread = threading.Thread(target=submit_all, args=(worker,))
        thread.start()
        thread.join(.2)
        assert submitted == 2 and started == [0]
        for _ in range(6):
            gate.release()
        thread.join()
    assert started == list(range(6))


def fail():
    raise OSError('the disk is full')


@pytest.mark.parametrize('later_jobs', [0, 1, 20])
def test_a_failure_reaches_the_caller_with_its_traceback(later_jobs):
    done = []
    with pytest.raises(OSError, match='disk is full') as error:
        with BackgroundWorker() as worker:
            worker.submit(done.append, 1)
            worker.submit(fail)
            for _ in range(later_jobs):
                worker.submit(done.append, 2)
    assert done == [1]  # nothing after the failure
    assert 'in fail' in ''.join(traceback.format_tb(error.value.__traceback__))


def test_an_error_of_the_caller_drops_what_has_not_begun():
    begun, go_on = threading.Event(), threading.Event()
    done = []

    def slow():
        begun.set()
        go_on.wait()
        done.append('slow')

    with pytest.raises(KeyError):
        with BackgroundWorker(depth=5) as worker:
            worker.submit(slow)
            worker.submit(done.append, 'dropped')
            begun.wait()
            threading.Timer(.1, go_on.set).start()
            raise KeyError
    assert done == ['slow']


def test_depth_is_at_least_one():
    with pytest.raises(ValueError, match='depth'):
        BackgroundWorker(0)

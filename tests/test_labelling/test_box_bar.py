"""Bars count boxes, keep quiet when told to, and survive killed forks."""

import io
import multiprocessing
import os
import signal
import time

from mmdet_mal.labelling.box_bar import box_bar

FORK = multiprocessing.get_context('fork')


def test_counts_boxes_with_what_was_done_before():
    file = io.StringIO()
    with box_bar(100, 40, 'label', file=file) as bar:
        bar.update(60)
    assert '40/100' in file.getvalue() and '100/100' in file.getvalue()


def test_a_bar_that_is_not_shown_may_be_updated():
    file = io.StringIO()
    with box_bar(10, enabled=False, file=file) as bar:
        bar.update(10)
    assert file.getvalue() == ''


def draw_and_hold(holding):
    with box_bar(10, file=io.StringIO()) as bar, bar.get_lock():
        holding.set()
        time.sleep(60)


def test_a_fork_killed_while_it_draws_locks_nobody_out():
    with box_bar(10, file=io.StringIO()):
        holding = FORK.Event()
        process = FORK.Process(target=draw_and_hold, args=(holding,))
        process.start()
        holding.wait()
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    other = FORK.Process(target=lambda: box_bar(1, file=io.StringIO()).close())
    other.start()
    other.join(20)
    hung = other.is_alive()
    other.kill()
    assert not hung

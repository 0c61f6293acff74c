import os
import signal
import threading

import pytest

from mmdet_mal.utils.held_signals import hold_signals


def test_a_signal_waits_for_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with hold_signals():
            os.kill(os.getpid(), signal.SIGINT)
            done.append(1)
    assert done and signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with hold_signals():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_may_use_it():
    entered = []

    def use():
        with hold_signals():
            entered.append(1)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert entered

"""Processes of steps: their output, their ends, and ours."""

import os
import signal
import subprocess
import sys
import time

import pytest

from mmdet_mal.auto.child import ChildFailed, run_child
from mmdet_mal.labelling.signals import LabelRunStopped, StopSignals


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Runs a script as a module; returns the lines of its output."""
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    lock = os.open(tmp_path / 'lock', os.O_RDWR | os.O_CREAT)

    def run(script, *words, **options):
        (tmp_path / 'mal_child.py').write_text(script)
        lines = []
        run_child('mal_child', list(words), lock, str(tmp_path / 'log'),
                  lines.append, **options)
        return lines

    yield run
    os.close(lock)


def test_lines_are_passed_on_and_kept(child, tmp_path):
    lines = child('import sys; print(*sys.argv[1:]); print();'
                  'print("ä", file=sys.stderr)', 'a b', '; rm -rf x')
    assert lines == ['a b ; rm -rf x', 'ä']
    assert 'a b ; rm -rf x\n\nä\n' in (tmp_path / 'log').read_text()


def test_bytes_that_are_no_text(child):
    lines = child('import os; os.write(1, b"\\xff\\n")')
    assert lines == ['\ufffd']


@pytest.mark.parametrize('script, code, message', [
    ('import sys; print("mal x: error: a is b; do c"); sys.exit(2)', 2,
     'a is b; do c'),
    ('import sys; sys.exit(2)', 2, None),
    ('raise ValueError("x: error: y")', 1, None),
    ('import os; os.kill(os.getpid(), 9)', -9, None),
])
def test_failures(script, code, message, child):
    with pytest.raises(ChildFailed) as caught:
        child(script)
    assert (caught.value.code, caught.value.user_error) == (code, message)


def test_a_child_inherits_the_lock(child, tmp_path):
    """And so the folder stays locked while one still flushes."""
    lines = child('import glob, os\n'
                  'for name in glob.glob("/proc/self/fd/*"):\n'
                  '    try: print(os.readlink(name))\n'
                  '    except OSError: pass')
    assert str(tmp_path / 'lock') in lines


def test_a_signal_ends_the_child_gently_first(child, tmp_path):
    script = ('import os, signal, sys, time\n'
              'def stop(number, _):\n'
              '    print("flushed", number, flush=True); sys.exit(128 + number)\n'
              'signal.signal(signal.SIGTERM, stop)\n'
              'print("ready", flush=True)\n'
              'os.kill(os.getppid(), signal.SIGTERM)\n'
              'time.sleep(100)\n')
    start = time.monotonic()
    with pytest.raises(LabelRunStopped) as caught, StopSignals():
        child(script)
    assert caught.value.signal == signal.SIGTERM
    assert time.monotonic() - start < 50


def test_a_child_does_not_outlive_a_killed_parent(tmp_path):
    (tmp_path / 'mal_sleep.py').write_text(
        'import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(100)')
    code = ('from mmdet_mal.auto.child import run_child\n'
            f'import os; lock = os.open({str(tmp_path)!r}, os.O_RDONLY)\n'
            'run_child("mal_sleep", [], lock)')
    parent = subprocess.Popen(
        [sys.executable, '-c', code], stdout=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': str(tmp_path)})
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait(60)
    until = time.monotonic() + 30
    while _lives(pid):
        assert time.monotonic() < until
        time.sleep(.05)


def _lives(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f'/proc/{pid}/stat') as file:
        return file.read().rpartition(')')[2].split()[0] != 'Z'

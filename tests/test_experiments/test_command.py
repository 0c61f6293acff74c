import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from mmdet_mal.experiments.command import CommandFailed, progress_of, run_step
from mmdet_mal.experiments.running_steps import RunningSteps


def python(code):
    return ['python', '-c', code]


@pytest.mark.parametrize('line, epochs, share', [
    ('mmengine - INFO - Epoch(train)  [2][10/20]  lr: 1', 4, .375),
    ('Iter(train) [ 30/120]  lr: 1', 1, .25),
    ('Epoch(test) [15/60]    eta: 0', 1, .25),
    ('label:  35%|###   | 7/20', 1, .35),
    ('Epoch(train)  [9][20/20]', 4, 1.),
    ('loss: 3 of [4/5]', 1, None),
])
def test_progress_of_a_line(line, epochs, share):
    assert progress_of(line, epochs) == (None if share is None
                                         else pytest.approx(share))


def test_lines_and_states_of_bars_arrive(tmp_path):
    lines = []
    run_step(python(r'print("a"); print("1%|\r2%|\r", end=""); print("é")'),
             tmp_path / 'log', lines.append)
    assert [line.strip() for line in lines] == ['a', '1%|', '2%|', 'é']
    assert '2%|' in (tmp_path / 'log').read_text()


def test_the_log_of_an_earlier_attempt_is_kept(tmp_path):
    for word in ('one', 'two'):
        run_step(python(f'print("{word}")'), tmp_path / 'log')
    text = (tmp_path / 'log').read_text()
    assert text.index('one') < text.index('two')


def test_a_tools_own_error_is_told(tmp_path):
    code = ('import sys; print("noise"); print("train.py: error: no weights", '
            'file=sys.stderr); print("done", file=sys.stderr); sys.exit(2)')
    with pytest.raises(CommandFailed, match=r'^no weights \(all of it: .*log\)$'):
        run_step(python(code), tmp_path / 'log')


def test_a_crash_tells_its_last_lines(tmp_path):
    with pytest.raises(CommandFailed, match='code 1.*ZeroDivisionError') as error:
        run_step(python('1 / 0'), tmp_path / 'log')
    assert '\n' not in str(error.value)


def test_a_killed_command_says_so(tmp_path):
    code = 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)'
    with pytest.raises(CommandFailed, match='killed by signal 9'):
        run_step(python(code), tmp_path / 'log')


def test_an_interruption_ends_the_command(tmp_path):
    """Ctrl-C while a step runs leaves no orphan."""
    note = tmp_path / 'pid'
    code = (f'import os, time; open({str(note)!r}, "w").write(str(os.getpid())); '
            'time.sleep(60)')

    def interrupt():
        deadline = time.monotonic() + 30
        while not (note.exists() and note.read_text()):
            assert time.monotonic() < deadline
            time.sleep(.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run_step([sys.executable, '-c', code], tmp_path / 'log')
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


@pytest.mark.parametrize('running', [None, RunningSteps()])
def test_an_interruption_while_the_command_starts_ends_it(
        tmp_path, monkeypatch, running):
    """It has started, but who starts it has not yet been told."""
    popen, started = subprocess.Popen, []

    def start_and_interrupt(*args, **kwargs):
        started.append(popen(*args, **kwargs))
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(.01)
        return started[0]

    monkeypatch.setattr(subprocess, 'Popen', start_and_interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_step(python('import time; time.sleep(60)'), tmp_path / 'log',
                 running=running)
    assert started[0].returncode is not None
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_a_dead_command_leaves_behind_is_ended(tmp_path):
    """A worker that holds the pipe would have us wait for ever."""
    note = tmp_path / 'pid'
    code = ('import subprocess, sys; w = subprocess.Popen([sys.executable, "-c", '
            f'"import time; time.sleep(60)"]); open({str(note)!r}, "w").write('
            'str(w.pid)); sys.exit(3)')
    start = time.monotonic()
    with pytest.raises(CommandFailed, match='code 3'):
        run_step(python(code), tmp_path / 'log')
    assert time.monotonic() - start < 30
    assert _ends(int(note.read_text()))


def test_a_command_that_ignores_ctrl_c_is_killed(tmp_path, monkeypatch):
    from mmdet_mal.experiments import command
    monkeypatch.setattr(command, '_WAIT_SECONDS', .5)
    code = ('import signal as s, time; s.signal(s.SIGINT, s.SIG_IGN); '
            's.signal(s.SIGTERM, s.SIG_IGN); print("ready", flush=True); '
            'time.sleep(60)')

    def stop(line):
        if 'ready' in line:
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_step(python(code), tmp_path / 'log', stop)
    assert time.monotonic() - start < 30


def test_a_second_ctrl_c_ends_a_command_at_once(tmp_path, monkeypatch):
    from mmdet_mal.experiments import command
    monkeypatch.setattr(command, '_WAIT_SECONDS', 300)
    note = tmp_path / 'pid'
    code = ('import os, signal as s, time; s.signal(s.SIGINT, s.SIG_IGN); '
            f'open({str(note)!r}, "w").write(str(os.getpid())); '
            'print("ready", flush=True); time.sleep(60)')

    def stop(line):
        if 'ready' in line:
            threading.Timer(.3, os.kill, (os.getpid(), signal.SIGINT)).start()
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_step(python(code), tmp_path / 'log', stop)
    assert time.monotonic() - start < 30
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def _ends(pid):
    """Whether a process is gone, or a zombie that nobody reaps, soon."""
    for _ in range(100):
        try:
            with open(f'/proc/{pid}/stat') as file:
                if file.read().rpartition(')')[2].split()[0] == 'Z':
                    return True
        except FileNotFoundError:
            return True
        time.sleep(.05)
    return False

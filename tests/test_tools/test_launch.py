"""The launcher ends with the exit code of what it launched."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LAUNCH = Path(__file__).resolve().parents[2] / 'tools' / 'launch.py'


def start(folder, script):
    (folder / 'script.py').write_text(script)
    return subprocess.Popen(
        [sys.executable, str(LAUNCH), '--standalone', '--nproc_per_node=2',
         str(folder / 'script.py')], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.mark.parametrize('rank_1, code', [
    pytest.param('sys.exit(2)', 2, id='something to mend'),
    pytest.param('os.kill(os.getpid(), 9)', 137, id='killed'),
])
def test_exit_code_of_the_process_that_failed(rank_1, code, tmp_path):
    process = start(tmp_path, 'import os, sys, time\n'
                    f'if os.environ["RANK"] == "1":\n    {rank_1}\n'
                    'else:\n    time.sleep(100)\n')
    output, _ = process.communicate(timeout=60)
    assert process.returncode == code, output
    assert 'Traceback' not in output
    assert f'process 1 ended with exit code {code}' in output


def test_a_signal_reaches_the_processes_and_names_the_exit_code(tmp_path):
    number = signal.SIGINT
    process = start(tmp_path, 'import os, pathlib, signal, sys, time\n'
                    'name = os.environ["RANK"]\n'
                    'def stop(*_):\n'
                    '    time.sleep(.2)\n'  # the launcher waits for it
                    '    pathlib.Path("flushed" + name).touch()\n'
                    '    sys.exit(128 + int(_[0]))\n'
                    f'signal.signal({int(number)}, stop)\n'
                    'pathlib.Path("ready" + name).touch()\n'
                    'time.sleep(100)\n')
    while len(list(tmp_path.glob('ready*'))) < 2:
        assert process.poll() is None
        time.sleep(.02)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert 'Traceback' not in output
    assert len(list(tmp_path.glob('flushed*'))) == 2

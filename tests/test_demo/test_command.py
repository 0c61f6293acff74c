import pytest

from mmdet_mal.demo.command import run_command
from mmdet_mal.utils.errors import UserError


def test_screen_has_what_matters_and_the_log_all(tmp_path, capfd):
    log = tmp_path / 'a.log'
    program = ("print('a config that nobody reads');"
               "print('11/21 03:00:00 - mmengine - INFO - Epoch(train) [1]')")
    run_command(['python', '-c', program], str(log))
    printed = capfd.readouterr().out
    assert 'nobody reads' not in printed.splitlines()[1:]
    assert printed.splitlines()[-1] == 'Epoch(train) [1]'
    assert 'a config that nobody reads' in log.read_text()


def test_progress_bars_on_stderr_are_passed_through(tmp_path, capfd):
    program = "import sys; sys.stderr.write('50% 3box/s\\r100% 3box/s\\n')"
    run_command(['python', '-c', program], str(tmp_path / 'a.log'))
    assert '50% 3box/s\r100% 3box/s\n' in capfd.readouterr().out


def test_a_command_that_fails_says_where_its_output_is(tmp_path):
    log = tmp_path / 'a.log'
    program = "print('a'); raise SystemExit('the file is missing')"
    with pytest.raises(UserError) as error:
        run_command(['python', '-c', program], str(log))
    message = str(error.value)
    assert 'code 1' in message and str(log) in message
    assert 'a / the file is missing' in message


def test_variables_are_added_to_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv('KEPT', 'x')
    log = tmp_path / 'a.log'
    run_command(['python', '-c', "import os;"
                 "print(os.environ['KEPT'], os.environ['ADDED'])"],
                str(log), dict(ADDED='y'))
    assert log.read_text().endswith('\nx y\n')

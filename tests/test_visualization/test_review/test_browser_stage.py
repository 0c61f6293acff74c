"""tools/dev/browser.sh: what ``make test`` does about a browser."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / 'tools' / 'dev' / 'browser.sh'
IS_DEBIAN = Path('/etc/os-release').exists() and (
    'ID=debian\n' in Path('/etc/os-release').read_text())
on_debian = pytest.mark.skipif(not IS_DEBIAN, reason='only Debian installs by itself')


@pytest.fixture
def machine(tmp_path):
    """Runs the script with nothing on PATH but the given programs."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    log = tmp_path / 'browser.log'

    def run(programs, **environment):
        for name in ('grep', 'touch', 'chmod'):
            found = next(path for path in (f'/usr/bin/{name}', f'/bin/{name}')
                         if os.path.exists(path))
            if not (folder / name).exists():
                (folder / name).symlink_to(found)
        for name, text in programs.items():
            path = folder / name
            path.write_text(f'#!/bin/sh\n{text}\n')
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        done = subprocess.run(
            ['/bin/bash', str(SCRIPT), str(log)], capture_output=True, text=True,
            env=dict(PATH=str(folder), BIN=str(folder), **environment), timeout=30)
        assert done.stderr == ''
        return done.returncode, done.stdout

    run.log = log
    run.folder = folder
    return run


BROWSER = {'chromium': '', 'chromedriver': ''}
# Puts the two programs where a package would.
INSTALLS = ('echo "$@"; case "$*" in *install*) for p in chromium chromedriver; do '
            'touch $BIN/$p; chmod +x $BIN/$p; done;; esac')


def test_a_browser_on_path_is_taken_and_nothing_is_said(machine):
    assert machine(BROWSER) == (0, '')


def test_a_person_may_say_no(machine):
    code, out = machine({}, BROWSER='no')
    assert code == 1
    assert out == 'the review page is not tried in a browser: BROWSER=no\n'


@on_debian
def test_root_installs_the_two_packages(machine):
    code, out = machine({'id': 'echo 0', 'apt-get': INSTALLS})
    assert code == 0
    assert out.count('\n') == 1
    lines = machine.log.read_text().splitlines()
    assert lines[0].startswith('update')
    assert lines[1].endswith('chromium chromium-driver')


@on_debian
def test_sudo_without_a_question_will_do(machine):
    code, _ = machine({'id': 'echo 1000', 'apt-get': INSTALLS,
                       'sudo': '[ "$1" = -n ] && shift; "$@"', 'true': ''})
    assert code == 0


@on_debian
@pytest.mark.parametrize('programs, words', [
    pytest.param({'id': 'echo 1000', 'sudo': 'exit 1'},
                 "ask for 'apt-get install chromium chromium-driver'", id='no rights'),
    pytest.param({'id': 'echo 0', 'apt-get': 'echo no network; exit 100'},
                 'apt-get could not install', id='no network'),
    pytest.param({'id': 'echo 0', 'apt-get': 'exit 0'}, 'they are not on PATH',
                 id='installed nothing'),
])
def test_what_cannot_be_had_is_said_in_one_line(machine, programs, words):
    code, out = machine(programs)
    assert code == 1
    assert words in out.splitlines()[-1]
    assert out.count('not tried in a browser') == 1

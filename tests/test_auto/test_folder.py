"""One run at a time in a folder, nothing foreign in it, nothing deleted."""

import os
import subprocess
import sys

import pytest

from mmdet_mal.auto import folder
from mmdet_mal.auto.folder import hold_folder, move_aside
from mmdet_mal.utils.errors import UserError


def test_a_new_folder_is_made(tmp_path):
    with hold_folder(str(tmp_path / 'a' / 'b')):
        assert (tmp_path / 'a' / 'b').is_dir()


def test_foreign_files_are_left_alone(tmp_path):
    (tmp_path / 'holiday.jpg').write_text('')
    with pytest.raises(UserError, match='holds holiday.jpg'):
        with hold_folder(str(tmp_path)):
            pass
    assert os.listdir(tmp_path) == ['holiday.jpg']


def test_a_second_run_is_told_of_the_first(tmp_path):
    with hold_folder(str(tmp_path)):
        with pytest.raises(UserError, match=f'process {os.getpid()}'):
            with hold_folder(str(tmp_path)):
                pass
    with hold_folder(str(tmp_path)):  # and not after it has ended
        pass


def test_a_child_keeps_the_folder_until_it_ends(tmp_path, monkeypatch):
    """The parent was killed; what it started still writes."""
    code = ('import os, subprocess, sys\n'
            'from mmdet_mal.auto.folder import hold_folder\n'
            f'with hold_folder({str(tmp_path)!r}) as lock:\n'
            '    child = subprocess.Popen(["sleep", "100"], pass_fds=(lock,),\n'
            '                             stdout=subprocess.DEVNULL)\n'
            '    print(child.pid, flush=True)\n'
            '    os.kill(os.getpid(), 9)')
    killed = subprocess.run([sys.executable, '-c', code], text=True,
                            stdout=subprocess.PIPE, timeout=60, check=False)
    child = int(killed.stdout)
    monkeypatch.setattr(folder, '_PATIENCE_SECONDS', .3)
    try:
        with pytest.raises(UserError, match='is working in this folder'):
            with hold_folder(str(tmp_path)):
                pass
    finally:
        os.kill(child, 9)
    monkeypatch.setattr(folder, '_PATIENCE_SECONDS', 20.)
    with hold_folder(str(tmp_path)):
        pass


def test_a_run_is_moved_whole_and_twice(tmp_path):
    with hold_folder(str(tmp_path)):
        assert move_aside(str(tmp_path)) is None
        for number in (1, 2):
            (tmp_path / 'auto.json').write_text(str(number))
            (tmp_path / 'train').mkdir()
            (tmp_path / 'train' / 'x.pth').write_text('')
            assert move_aside(str(tmp_path)) == str(tmp_path / f'earlier-{number}')
        assert sorted(os.listdir(tmp_path)) == ['.lock', 'earlier-1', 'earlier-2']
        assert (tmp_path / 'earlier-2/auto.json').read_text() == '2'
        assert (tmp_path / 'earlier-1/train/x.pth').exists()
    with hold_folder(str(tmp_path)):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere')
def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / 'out').mkdir(mode=0o500)
    with pytest.raises(UserError, match='cannot write'):
        with hold_folder(str(tmp_path / 'out')):
            pass

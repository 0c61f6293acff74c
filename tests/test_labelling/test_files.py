"""Files are whole or absent, written by one at a time, made by one of many."""

import multiprocessing
import os
import stat

import pytest

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.files import (check_writable, create_once,
                                       refuse_overwriting, temporary_name,
                                       write_then_rename)
from mmdet_mal.utils.errors import UserError

FORK = multiprocessing.get_context('fork')


def test_name_changes_hands_only_when_all_is_written(tmp_path):
    path = str(tmp_path / 'a.json')
    for text in ('one', 'two'):
        with write_then_rename(path) as file:
            file.write(text)
            assert not os.path.exists(path) or open(path).read() == 'one'
        assert open(path).read() == text
    assert os.listdir(tmp_path) == ['a.json']


def test_a_failure_keeps_the_old_file(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('old')
    with pytest.raises(KeyError), write_then_rename(str(path)) as file:
        file.write('half')
        raise KeyError
    assert path.read_text() == 'old'


def test_what_a_killed_run_left_is_overwritten(tmp_path):
    path = str(tmp_path / 'a.json')
    (tmp_path / 'a.json.tmp').write_text('left behind, longer than the new one')
    with write_then_rename(path) as file:
        file.write('new')
    assert open(path).read() == 'new' and os.listdir(tmp_path) == ['a.json']


def test_two_writers_of_one_file_do_not_mix(tmp_path):
    path = str(tmp_path / 'a.json')
    with write_then_rename(path) as file:
        file.write('first')
        with pytest.raises(LabelRunError, match='another process is writing'):
            with write_then_rename(path):
                pass
    assert open(path).read() == 'first'


def write_alone(path, text, gate):
    gate.wait()
    for _ in range(40):
        try:
            with write_then_rename(path) as file:
                file.write(text * 1000)
        except LabelRunError:
            pass
        assert len(set(open(path).read())) == 1
    os._exit(0)


def test_racing_writers_leave_a_whole_file(tmp_path):
    path, gate = str(tmp_path / 'a.json'), FORK.Barrier(3)
    with write_then_rename(path) as file:
        file.write('x')
    writers = [FORK.Process(target=write_alone, args=(path, t, gate))
               for t in 'abc']
    for process in writers:
        process.start()
    for process in writers:
        process.join()
    assert [process.exitcode for process in writers] == [0, 0, 0]
    assert set(os.listdir(tmp_path)) <= {'a.json', 'a.json.tmp'}


def create(path, text, gate):
    gate.wait()
    os._exit(10 + create_once(path, text))


@pytest.mark.parametrize('links', [True, False], ids=['links', 'no hard links'])
def test_one_of_many_creates(links, tmp_path, monkeypatch):
    if not links:
        def refuse(*args):
            raise PermissionError(1, 'Operation not permitted')
        monkeypatch.setattr(os, 'link', refuse)
    for attempt in range(5 if links else 1):
        path = str(tmp_path / f'{attempt}/m.json')
        os.mkdir(os.path.dirname(path))
        gate = FORK.Barrier(4 if links else 1)
        makers = [FORK.Process(target=create, args=(path, f'{i}' * 5000, gate))
                  for i in range(gate.parties)]
        for process in makers:
            process.start()
        for process in makers:
            process.join()
        codes = sorted(process.exitcode for process in makers)
        assert codes == [10] * (len(codes) - 1) + [11]
        assert len(set(open(path).read())) == 1
        assert os.listdir(os.path.dirname(path)) == ['m.json']
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o644
        assert create_once(path, 'late') is False


def test_proof_of_writing_touches_nothing(tmp_path):
    path = tmp_path / 'new/a.json'
    check_writable(str(path), 'it')
    path.write_text('kept')
    check_writable(str(path), 'it')
    assert path.read_text() == 'kept' and os.listdir(path.parent) == ['a.json']
    assert not os.path.exists(temporary_name(str(path)))


@pytest.mark.parametrize('written', [
    pytest.param('in.json', id='same name'),
    pytest.param('sub/../in.json', id='another way to it'),
    pytest.param('soft.json', id='symbolic link'),
    pytest.param('hard.json', id='hard link')])
def test_no_input_is_written_over(tmp_path, monkeypatch, written):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'sub').mkdir()
    source = tmp_path / 'in.json'
    source.write_text('{}')
    os.symlink(source, 'soft.json')
    os.link(source, 'hard.json')
    with pytest.raises(UserError, match=f'^--out {written}: this is the input'):
        refuse_overwriting(written, ['other.json', None, str(source)], '--out')


def test_an_input_may_not_have_the_temporary_name(tmp_path):
    source = tmp_path / 'out.json.tmp'
    source.write_text('{}')
    with pytest.raises(UserError, match='this is the input'):
        refuse_overwriting(str(tmp_path / 'out.json'), [str(source)], '--fix')


def test_another_file_may_be_written(tmp_path):
    source = tmp_path / 'in.json'
    source.write_text('{}')
    for written in ('out.json', 'none/out.json', 'in.json.tmp'):
        refuse_overwriting(str(tmp_path / written),
                           [None, str(source), str(tmp_path / 'absent.json')],
                           '--out')

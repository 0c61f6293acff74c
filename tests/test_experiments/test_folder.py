import json
import subprocess
import sys

import pytest

from mmdet_mal.experiments.folder import (ExperimentFolder, list_differences,
                                          read_json, write_json)
from mmdet_mal.utils.errors import UserError


def test_the_same_manifest_goes_on_in_its_folder(tmp_path):
    out = tmp_path / 'new' / 'folder'
    for _ in range(2):
        with ExperimentFolder(out, dict(a=(1, 2))):
            (out / 'kept').touch()
    assert read_json(out / 'experiment.json') == dict(a=[1, 2])


def test_another_manifest_is_refused_and_says_what_differs(tmp_path):
    with ExperimentFolder(tmp_path, dict(data=dict(images=60), seed=1)):
        pass
    with pytest.raises(UserError, match='data.images: 60 then, 159 now') as error:
        with ExperimentFolder(tmp_path, dict(data=dict(images=159), seed=1)):
            pass
    assert 'seed' not in str(error.value)
    # What was refused has let go of the folder, and changed nothing.
    with ExperimentFolder(tmp_path, dict(data=dict(images=60), seed=1)):
        pass


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / 'thesis.tex').write_text('years of work')
    with pytest.raises(UserError, match='thesis.tex'):
        with ExperimentFolder(tmp_path, {}):
            pass
    assert [p.name for p in tmp_path.iterdir() if p.suffix == '.json'] == []


def test_two_at_once_are_refused(tmp_path):
    with ExperimentFolder(tmp_path, {}):
        with pytest.raises(UserError, match='another process'):
            with ExperimentFolder(tmp_path, {}):
                pass


def test_a_command_that_outlives_us_keeps_the_folder(tmp_path):
    with ExperimentFolder(tmp_path, {}) as folder:
        orphan = subprocess.Popen(
            [sys.executable, '-c', 'input()'], stdin=subprocess.PIPE,
            pass_fds=folder.held)
    try:
        with pytest.raises(UserError, match='another process'):
            with ExperimentFolder(tmp_path, {}):
                pass
    finally:
        orphan.communicate(b'\n')
    with ExperimentFolder(tmp_path, {}):
        pass


@pytest.mark.parametrize('content, message', [
    pytest.param('{', 'cannot be read', id='torn'),
    pytest.param('[]', 'is a JSON list', id='a list'),
    pytest.param(None, 'no such file', id='absent'),
])
def test_a_damaged_file_is_named(tmp_path, content, message):
    path = tmp_path / 'result.json'
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=message) as error:
        read_json(path)
    assert str(path) in str(error.value)


def test_json_goes_through(tmp_path):
    write_json(tmp_path / 'a.json', dict(a=[1, None]))
    assert json.loads((tmp_path / 'a.json').read_text()) == dict(a=[1, None])


def test_differences_by_hand():
    assert list_differences(dict(a=1, b=dict(c='x')), dict(b=dict(c='y'), d=2)) == [
        'a: 1 then, absent now', 'b.c: x then, y now', 'd: absent then, 2 now']

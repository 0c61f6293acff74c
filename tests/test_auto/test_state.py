"""What a run remembers, and what it refuses."""

import json

import pytest

from mmdet_mal.auto.state import AutoState
from mmdet_mal.utils.errors import UserError

STARTED = dict(boxes='a' * 64, preset=None, read=dict(classes=('a', 'b')))


@pytest.fixture
def state(tmp_path):
    state = AutoState(str(tmp_path))
    state.start(STARTED)
    return state


def test_everything_is_there_again(state, tmp_path):
    (tmp_path / 'config.py').write_text('')
    state.note(x=1)
    state.note(y=[2])
    state.finish('plan', 1.23, ['config.py'])
    again = AutoState(str(tmp_path))
    again.start(STARTED)  # a tuple then, a list in the file
    assert again.notes == dict(x=1, y=[2]) and again.is_done('plan')
    assert not again.is_done('label')


def test_a_step_whose_file_is_gone_is_not_done(state, tmp_path):
    (tmp_path / 'f').write_text('')
    state.finish('label', 1., ['f'])
    assert state.is_done('label')
    (tmp_path / 'f').unlink()
    assert not state.is_done('label')


def test_another_start_is_refused_once_something_was_computed(state, tmp_path):
    state.finish('plan', 1., [])
    with pytest.raises(UserError) as error:
        AutoState(str(tmp_path)).start(
            {**STARTED, 'boxes': 'b' * 64, 'preset': 'small'})
    message = str(error.value)
    assert 'boxes: aaaaaaaaaaaa then, bbbbbbbbbbbb now' in message
    assert 'preset: nothing then, small now' in message
    assert '--restart' in message and 'read' not in message
    assert '\n' not in message


def test_another_start_before_that_begins_anew(state, tmp_path):
    state.note(x=1)
    state.finish('convert', 1., [])
    again = AutoState(str(tmp_path))
    again.start({**STARTED, 'preset': 'small'})
    assert again.notes == {} and not again.is_done('convert')
    assert AutoState(str(tmp_path)).started['preset'] == 'small'


@pytest.mark.parametrize('text', [
    '', '{', '[]', '{}', 'null', '{"format": "mal-auto", "version": 2}',
    '{"format": "mal-auto", "version": 1, "started": 3, "notes": {}, "steps": {}}',
    '\x00\xff'])
def test_a_damaged_file_is_an_error_in_one_line(text, tmp_path):
    (tmp_path / 'auto.json').write_text(text, encoding='latin-1')
    with pytest.raises(UserError, match='--restart') as error:
        AutoState(str(tmp_path))
    assert '\n' not in str(error.value)


def test_the_file_is_for_people_too(state, tmp_path):
    content = json.loads((tmp_path / 'auto.json').read_text())
    assert content['format'] == 'mal-auto' and content['version'] == 1
    assert content['started']['boxes'] == 'a' * 64

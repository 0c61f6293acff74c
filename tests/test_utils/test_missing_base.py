"""A config whose base is not there: what the message says."""
import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.missing_base import explain_missing_base
from mmdet_mal.utils.tool import load_config


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'presets').mkdir()
    for name in ('paper', 'released'):
        (tmp_path / f'presets/{name}.py').write_text('x = 1\n')
    (tmp_path / 'runtime.py').write_text('y = 1\n')
    return tmp_path


def load(folder, base):
    path = folder / 'config.py'
    path.write_text(f'_base_ = [{base!r}]\n')
    with pytest.raises(UserError) as error:
        load_config(str(path))
    assert '\n' not in str(error.value)
    return str(error.value)


def test_a_missing_preset_is_named_with_those_there_are(folder):
    message = load(folder, './presets/relesed.py')
    assert "there is no preset 'relesed'; the presets are paper, released" in message
    assert str(folder / 'config.py') in message


def test_a_missing_base_is_named_with_the_closest_one(folder):
    message = load(folder, './runtimes.py')
    assert 'runtimes.py does not exist' in message
    assert "did you mean 'runtime.py'?" in message


def test_a_base_unlike_any_other_has_no_hint(folder):
    assert 'mean' not in load(folder, './zzz.py')


def test_other_errors_are_left_to_others(folder):
    assert explain_missing_base('a.py', KeyError('x')) is None
    assert explain_missing_base(
        'a.py', FileNotFoundError('file "a.py" does not exist')) is None

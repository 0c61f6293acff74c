"""``--cfg-options`` gives what MMEngine's DictAction gives."""

import argparse

import pytest
from mmengine.config import DictAction

from mmdet_mal.utils.settings_action import SettingsAction


def parse(action, words):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=action)
    return parser.parse_args(words).cfg_options


@pytest.mark.parametrize('words', [
    pytest.param([], id='not given'),
    pytest.param(['a=1'], id='number'),
    pytest.param(['a.b=x', 'c=[1,2]', 'd=(1,2)', 'e=True', 'f=None', 'g='],
                 id='kinds'),
    pytest.param(['a=b=c'], id='two equals signs'),
])
def test_values_are_those_of_mmengine(words):
    words = ['--cfg-options', *words] if words else []
    assert parse(SettingsAction, words) == parse(DictAction, words)


def test_a_word_without_equals_sign_is_a_usage_error(capsys):
    with pytest.raises(SystemExit) as caught:
        parse(SettingsAction, ['--cfg-options', 'a', '=', '1'])
    assert caught.value.code == 2
    assert "'a' is not KEY=VALUE" in capsys.readouterr().err

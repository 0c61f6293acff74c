"""Configs by path and by name, from a checkout and from a wheel."""

import shutil

import pytest

from mmdet_mal.utils import shipped
from mmdet_mal.utils.errors import UserError


@pytest.mark.parametrize('name', [
    'instant_deit-ti', 'instant_deit-ti.py', 'configs/mal/instant_deit-ti.py'])
def test_a_shipped_config_is_found_by_name(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    path = shipped.find_config(name)
    assert path == str(shipped.shipped_root() / 'configs/mal/instant_deit-ti.py')


def test_a_file_of_that_path_counts_first(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'instant_deit-ti').write_text('model = None')
    assert shipped.find_config('instant_deit-ti') == 'instant_deit-ti'


def test_a_wheel_has_them_in_its_mim_folder(monkeypatch, tmp_path):
    package = tmp_path / 'site' / 'mmdet_mal'
    shutil.copytree(shipped.shipped_root() / 'configs', package / '.mim/configs')
    monkeypatch.setattr(shipped, '_PACKAGE', package)
    assert shipped.shipped_root() == package / '.mim'
    assert shipped.find_config('mal_small') == str(
        package / '.mim/configs/mal/mal_small.py')


@pytest.mark.parametrize('name, words', [
    ('instant_deit_ti', ['instant_deit-ti']),
    ('qqq', ['configs/mal']),
    ('elsewhere/instant_deit-ti.py', ['no such config', 'instant_deit-ti']),
    ('coco_boxes_512', ['no such config']),  # a base is no config to run
    ('', ['no such config']),
])
def test_a_name_like_none_is_an_error_with_the_nearest(name, words, monkeypatch,
                                                       tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        shipped.find_config(name)
    for word in words:
        assert word in str(error.value)
    assert '\n' not in str(error.value)

"""Profiles on disk."""

import dataclasses
import json

import pytest

from mmdet_mal.cost.profile import Profile, shipped_profiles
from mmdet_mal.utils.errors import UserError

PROFILE = Profile('a <b>', 'cpu', 'c', 'measured', 'today', .1, .2, .3, .4, .5)


def test_there_and_back(tmp_path):
    path = tmp_path / 'p.json'
    PROFILE.save(str(path))
    assert Profile.load(path) == PROFILE


@pytest.mark.parametrize('change', [
    dict(label_seconds=-1), dict(label_seconds='1'), dict(train_gib=None),
    dict(device=3), dict(kind='tpu'), dict(threads=0), dict(label_seconds=0),
    dict(train_seconds=float('inf')), dict(train_seconds=True),
    dict(format='x'), dict(version=2), dict(more=1)])
def test_what_cannot_be_is_refused(tmp_path, change):
    path = tmp_path / 'p.json'
    PROFILE.save(str(path))
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(UserError, match='is no profile of this tool'):
        Profile.load(path)


@pytest.mark.parametrize('text', ['', '[]', 'null', '{}', '{"format": 1', '\x00'])
def test_other_files_are_refused(tmp_path, text):
    path = tmp_path / 'p.json'
    path.write_text(text)
    with pytest.raises(UserError, match='is no profile of this tool'):
        Profile.load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match='make one with --measure'):
        Profile.load(tmp_path / 'none.json')


def test_shipped_profiles_are_measured_and_of_shipped_configs():
    from mmdet_mal.utils.shipped import shipped_configs
    profiles = shipped_profiles()
    assert profiles
    for profile in profiles.values():
        assert profile.basis == 'measured' and profile.config in shipped_configs()
        assert dataclasses.replace(profile).note

"""Joining Ray; that a local one starts and leaves nothing is in test_label_ray."""

import subprocess
import sys

import pytest

from mmdet_mal.labelling.on_ray.cluster import joined_cluster
from mmdet_mal.utils.errors import UserError


def test_without_ray_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, 'ray', None)  # as if it were not there
    with pytest.raises(UserError, match=r'pip install mmdet-mal\[ray\]'), \
            joined_cluster('local'):
        pass


def test_a_cluster_that_is_not_there_is_named():
    pytest.importorskip('ray')
    with pytest.raises(UserError, match='--address auto: no Ray cluster') as error, \
            joined_cluster('auto'):
        pass
    assert '\n' not in str(error.value)


def test_nothing_imports_ray_before_it_is_needed():
    code = ('import sys, mmdet_mal.labelling.on_ray.label; '
            'sys.exit("ray" in sys.modules)')
    subprocess.run([sys.executable, '-c', code], check=True)

"""Cores by affinity and by quota."""

import os

import pytest

from mmdet_mal.machine.cores import cpu_quota, local_ranks, usable_cores


@pytest.fixture
def groups(tmp_path):
    """Makes control groups of version 2 (path: content of cpu.max)."""
    def make(own, **limits):
        root = tmp_path / 'cgroup'
        for path, text in limits.items():
            folder = root / path.replace('__', '/').strip('/')
            folder.mkdir(parents=True, exist_ok=True)
            (folder / 'cpu.max').write_text(text)
        (tmp_path / 'self').write_text(f'0::{own}\n')
        return root, tmp_path / 'self'
    return make


@pytest.mark.parametrize('text, quota', [
    ('max 100000', None), ('150000 100000', 1.5), ('400000 100000', 4.),
    ('50000 100000', .5), ('0 100000', None), ('nonsense', None),
    ('100000 0', None), ('', None)])
def test_quota_of_version_2(groups, text, quota):
    assert cpu_quota(*groups('/job', job=text)) == quota


def test_a_group_is_bound_by_those_around_it(groups):
    places = groups('/slice/pod', slice='100000 100000',
                    slice__pod='400000 100000')
    assert cpu_quota(*places) == 1.


def test_a_container_sees_its_own_group_as_the_root(groups):
    # /proc/self/cgroup names a path of the host, which is not mounted here.
    root, own = groups('/host/only', **{'/': '300000 100000'})
    assert cpu_quota(root, own) == 3.


def test_quota_of_version_1(tmp_path):
    group = tmp_path / 'cgroup' / 'cpu,cpuacct' / 'job'
    group.mkdir(parents=True)
    (group / 'cpu.cfs_quota_us').write_text('250000\n')
    (group / 'cpu.cfs_period_us').write_text('100000\n')
    own = tmp_path / 'self'
    own.write_text('5:memory:/job\n4:cpu,cpuacct:/job\n1:name=systemd:/x\n')
    assert cpu_quota(tmp_path / 'cgroup', own) == 2.5
    (group / 'cpu.cfs_quota_us').write_text('-1\n')
    assert cpu_quota(tmp_path / 'cgroup', own) is None


def test_no_control_groups(tmp_path):
    assert cpu_quota(tmp_path, tmp_path / 'none') is None


@pytest.mark.parametrize('text, cores', [
    ('max 100000', 8), ('250000 100000', 2), ('50000 100000', 1),
    ('1600000 100000', 8)])
def test_the_smaller_of_affinity_and_quota(groups, monkeypatch, text, cores):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda _: set(range(8)))
    assert usable_cores(*groups('/job', job=text)) == cores


def test_where_the_system_knows_no_affinity(monkeypatch, tmp_path):
    monkeypatch.delattr(os, 'sched_getaffinity')
    monkeypatch.setattr(os, 'cpu_count', lambda: None)
    assert usable_cores(tmp_path, tmp_path / 'none') == 1


@pytest.mark.parametrize('variables, ranks', [
    ({}, 1), (dict(LOCAL_WORLD_SIZE='4'), 4),
    (dict(OMPI_COMM_WORLD_LOCAL_SIZE='2'), 2),
    (dict(SLURM_NTASKS_PER_NODE='8'), 8), (dict(LOCAL_WORLD_SIZE='0'), 1),
    (dict(SLURM_NTASKS_PER_NODE='4(x2)'), 1)])
def test_processes_beside_us(monkeypatch, variables, ranks):
    for name in ('LOCAL_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_SIZE',
                 'SLURM_NTASKS_PER_NODE'):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert local_ranks() == ranks

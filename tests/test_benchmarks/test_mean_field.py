"""benchmarks/mean_field.py measures, also where there are no photographs."""

import argparse
import dataclasses

import pytest
from benchmarks import mean_field as bench

import mmdet_mal  # noqa: F401


@pytest.fixture
def one_small_case(monkeypatch, tmp_path):
    """No data, no weights, one case of four crops."""
    monkeypatch.setenv('MAL_DATA_ROOT', str(tmp_path / 'nothing'))
    monkeypatch.setenv('MAL_WEIGHTS', str(tmp_path / 'nothing.pth'))
    monkeypatch.setattr(bench, 'CASES', [
        dataclasses.replace(bench.CASES[0], side=64, crops=4)])


def test_drawn_crops_are_timed_and_their_labels_compared(one_small_case):
    (result, ) = bench.measure(argparse.Namespace(threads=1, rounds=1))
    assert 'drawn' in result['inputs'] and '4 crops of 16x16' in result['inputs']
    assert list(result['seconds']) == ['textbook', *bench.paths_here()]
    assert result['target'] == 10.
    assert len(result['notes']) == len(bench.paths_here())
    assert all('equal labels' in note for note in result['notes'])


def test_the_constants_are_those_of_the_configs():
    assert [bench.constants_of(case) for case in bench.CASES] == [
        dict(zeta=.3, omega=2., clamp=.1),
        dict(zeta=.3, omega=2., clamp=.1, tolerance=1e-2),
        dict(zeta=.5, omega=2.)]


def test_a_path_is_forced_for_the_call_alone(monkeypatch):
    monkeypatch.setenv(bench.VARIABLE, 'auto')
    assert bench.forced('tensors', lambda: bench.os.environ[bench.VARIABLE])() == (
        'tensors')
    assert bench.os.environ[bench.VARIABLE] == 'auto'

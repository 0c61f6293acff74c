"""Paths are timed in turn, and the report says what was measured."""

import json
import time

import numpy as np
import pytest

from benchmarks import side_by_side as module
from benchmarks.machine import peak_mib
from benchmarks.side_by_side import markdown, report, side_by_side


@pytest.fixture
def calls():
    return []


@pytest.fixture
def paths(calls):
    return dict(textbook=lambda: calls.append('textbook'),
                ours=lambda: calls.append('ours'))


def test_paths_take_turns_and_every_other_round_is_reversed(paths, calls):
    side_by_side('x', paths, rounds=2, warmup=1)
    warm_up = memory = first = ['textbook', 'ours']
    assert calls == [*warm_up, *memory, *first, 'ours', 'textbook']


def test_the_ratio_is_the_baseline_over_the_path_round_by_round(
        paths, monkeypatch):
    # (textbook, ours) of round 1, then (ours, textbook) of round 2.
    seconds = iter([(6., 6.), (2., 1.), (3., 3.), (12., 6.)])
    monkeypatch.setattr(module, '_time', lambda call: next(seconds))
    result = side_by_side('x', paths, rounds=2, warmup=0, inputs='two')
    assert result['ratio']['ours'] == dict(median=3.5, min=3, max=4)
    assert result['cpu_ratio']['ours'] == dict(median=4, min=2, max=6)
    assert result['ratio']['textbook'] == dict(median=1, min=1, max=1)
    assert result['seconds']['textbook'] == dict(median=9, min=6, max=12)
    assert (result['rounds'], result['inputs']) == (2, 'two')


def test_a_path_that_waits_is_slower():
    result = side_by_side('x', dict(slow=lambda: time.sleep(.03),
                                    fast=lambda: time.sleep(.001)), rounds=3)
    assert result['ratio']['fast']['median'] > 2
    assert result['seconds']['slow']['min'] >= .03
    # Waiting costs no processor time.
    assert result['cpu_seconds']['slow']['median'] < .02


def test_peak_memory_is_that_of_the_call_alone():
    kept = np.ones(20 << 20, np.uint8)
    for _ in range(2):  # the second time, freed memory is there to be reused
        peak = peak_mib(lambda: np.ones(64 << 20, np.uint8).sum())
        assert 60 < peak < 80
    assert peak_mib(lambda: None) < 10
    assert kept.sum() == 20 << 20


@pytest.mark.parametrize('paths, rounds', [
    pytest.param({}, 3, id='no path'),
    pytest.param(dict(a=int), 0, id='no round'),
])
def test_nothing_to_time_is_refused(paths, rounds):
    with pytest.raises(ValueError, match='nothing to time'):
        side_by_side('x', paths, rounds=rounds)


def test_a_fault_of_a_path_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        side_by_side('x', dict(a=int, b=lambda: 1 / 0), rounds=1)


def test_the_report_prints_and_writes_what_it_is_given(paths, tmp_path, capsys):
    result = side_by_side('labelling', paths, rounds=1, inputs='3 boxes')
    result.update(target=5., notes=['masks agree'])
    report([result], tmp_path / 'x.json', tmp_path / 'x.md')
    assert json.loads((tmp_path / 'x.json').read_text()) == [result]
    text = (tmp_path / 'x.md').read_text()
    assert text in capsys.readouterr().out
    rows = [line for line in text.splitlines() if line.startswith('|')]
    assert len(rows) == 4 and len({row.count('|') for row in rows}) == 1
    assert 'labelling (3 boxes)' in rows[2] and '≥ 5' not in rows[2]
    assert '≥ 5' in rows[3]
    assert f"Machine: {result['machine']}; threads 1." in text
    assert '* labelling: masks agree' in text


def test_one_machine_is_named_once(paths):
    results = [side_by_side(name, paths, rounds=1) for name in 'ab']
    assert markdown(results).count('Machine: ') == 1

"""Ids and the way back to their rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdet_mal.datasets.id_column import IdColumn, IdLookup, is_id

NAN = float('nan')
IDS = (st.integers(-3, 3) | st.integers() | st.sampled_from(
    [2**63, -2**63, 2**63 - 1, 1.0, 2.5, -0.0, 1e300, '1', 'a', '', NAN]))


@given(st.lists(IDS))
def test_column_gives_back_plain_python_values(ids):
    column = IdColumn(ids)
    assert repr(list(column)) == repr(ids) and len(column) == len(ids)


def test_integer_ids_take_8_bytes():
    assert IdColumn(range(1000)).nbytes == 8000
    assert type(IdColumn([7])[0]) is int


def test_ids_may_come_one_by_one():
    column = IdColumn(iter([5, 3, 'a']))
    assert list(column) == [5, 3, 'a'] and column.integers is None
    assert IdColumn(iter([5, 3])).integers.tolist() == [5, 3]


@given(st.lists(IDS | st.none()), st.lists(
    IDS | st.booleans() | st.none() | st.lists(st.integers())))
def test_lookup_finds_what_a_dict_of_first_rows_would(ids, keys):
    index = {}
    for row, value in enumerate(ids):
        if value is not None:
            index.setdefault(value, row)
    expected = [-1 if isinstance(key, list) else index.get(key, -1)
                for key in keys]
    lookup = IdLookup(ids)
    # NaN is found by a dict if it is the same object; that is no equality.
    rows = lookup.rows(keys).tolist()
    assert [r for r, k in zip(rows, keys, strict=True) if k == k] == [
        e for e, k in zip(expected, keys, strict=True) if k == k]
    assert lookup.rows([*keys, {}]).tolist()[-1] == -1
    assert [lookup.row(key) for key in keys] == rows
    assert IdLookup(IdColumn(ids)).rows(keys).tolist() == rows
    column = IdColumn(ids)
    assert lookup.rows(column).tolist() == lookup.rows(list(column)).tolist()


def test_first_of_equal_ids_counts():
    assert IdLookup([5, 3, 5, 3.0]).rows([3, 5]).tolist() == [1, 0]


@pytest.mark.parametrize('value, expected', [
    (1, True), (-2**63, True), (2**63, False), (True, False), (1.0, False),
    ('1', False), (None, False)])
def test_what_serves_as_an_id(value, expected):
    assert is_id(value) is expected

"""Texts in one block."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdet_mal.datasets.text_column import TextColumn


@given(st.lists(st.text(st.characters())))
def test_every_text_comes_back(texts):
    column = TextColumn(iter(texts))
    assert len(column) == len(texts) and list(column) == texts
    assert [column[i - len(texts)] for i in range(len(texts))] == texts


def test_halves_of_surrogate_pairs_come_back():
    assert TextColumn(['\ud800', 'ü'])[0] == '\ud800'


def test_positions_beyond_the_end_raise():
    with pytest.raises(IndexError):
        TextColumn(['a'])[1]


def test_a_text_takes_8_bytes_beside_its_utf8():
    column = TextColumn(f'{i:012d}.jpg' for i in range(5000))
    assert column.nbytes == 5000 * (16 + 8) + 8

"""Numbers that were written as text."""

import pytest

from mmdet_mal.doctor.values import as_integer, as_number


@pytest.mark.parametrize('value, integer', [
    ('12', 12), (' -3 ', -3), (12., 12), ('٣', 3), ('1.0', None), (1.5, None),
    ('1_0', None), ('', None), ('nan', None), (float('inf'), None), (2**53 + 0., None),
    ('9' * 30, None), (12, None), (None, None), ([], None)])
def test_as_integer(value, integer):
    assert as_integer(value) == integer


@pytest.mark.parametrize('value, number', [
    (7, 7), (.5, .5), ('7', 7), ('.5', .5), ('1e2', 100.), (' -1.5 ', -1.5),
    ('1,5', None), ('inf', None), ('nan', None), (True, None), (None, None),
    ('1e9999', None)])
def test_as_number(value, number):
    assert as_number(value) == number

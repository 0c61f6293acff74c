import pytest

from mmdet_mal.utils.as_list import as_list


@pytest.mark.parametrize('value, expected', [
    (None, []), ([], []), ('mIoU', ['mIoU']), (('a', 'b'), ['a', 'b']),
    (dict(type='x'), [dict(type='x')]), (0, [0])])
def test_one_several_or_none(value, expected):
    assert as_list(value) == expected


def test_the_list_is_a_new_one_of_the_same_entries():
    given = [dict(type='x')]
    found = as_list(given)
    assert found is not given and found[0] is given[0]

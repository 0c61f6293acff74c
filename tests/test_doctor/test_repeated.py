"""Values that occur more than once."""

import numpy as np
import pytest

from mmdet_mal.doctor.repeated import repeated


@pytest.mark.parametrize('values, expected', [
    ([], []), ([5], []), ([3, 1, 2], []), ([3, 1, 3, 2, 1, 3], [0, 1, 2, 4, 5]),
    ([-2**63, 2**63 - 1, -2**63], [0, 2])])
def test_positions_are_those_of_all_equal_values(values, expected):
    values = np.array(values, dtype=np.int64)
    before = values.copy()
    assert repeated(values).tolist() == expected
    assert np.array_equal(values, before)


def test_only_values_that_count_are_compared_and_reported():
    values = np.array([7, 7, 8, 8, 8], dtype=np.uint64)
    among = np.array([True, False, True, False, True])
    assert repeated(values, among).tolist() == [2, 4]

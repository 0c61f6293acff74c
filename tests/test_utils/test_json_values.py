"""What counts as a number in a JSON, and how nan gets into one."""

import json
import math

import numpy as np
import pytest

from mmdet_mal.utils.json_values import finite_number, without_nan


@pytest.mark.parametrize('value', [0, 1, -2.5, 1e300, np.float64(.25), 10**300])
def test_a_number_is_a_number(value):
    found = finite_number(value)
    assert type(found) is float and found == float(value)


@pytest.mark.parametrize('value', [
    None, True, False, '1', '', [1], {}, math.nan, math.inf, -math.inf,
    pytest.param(10**400, id='beyond floats')])
def test_all_else_is_none(value):
    assert finite_number(value) is None


def test_nan_becomes_null_at_any_depth():
    given = dict(a=math.nan, b=[1, (math.nan, 'NaN')], c=dict(d=np.float64('nan')),
                 e=math.inf, f=True, g=None, h='nan', i=3)
    found = without_nan(given)
    assert found == dict(a=None, b=[1, [None, 'NaN']], c=dict(d=None), e=math.inf,
                         f=True, g=None, h='nan', i=3)
    assert math.isnan(given['a'])  # a copy
    del found['e']
    json.dumps(found, allow_nan=False)

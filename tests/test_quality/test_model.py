"""Calibration files: shipped, own, broken; which variant is used."""

import json

import numpy as np
import pytest

from mmdet_mal.quality.model import (
    CalibrationError,
    QualityModel,
    shipped_calibrations,
)


def variant(features, bias):
    count = len(features)
    return dict(features=list(features), means=[0.] * count, scales=[1.] * count,
                weights=[0.] * count, bias=bias, lows=[0.] * count,
                highs=[1.] * count, knots=[[0., 0.], [1., 1.]])


CONTENT = dict(format=1, version='x', variants=[
    variant(['a'], .25), variant(['a', 'b', 'c'], .75), variant(['a', 'b'], .5)])


@pytest.mark.parametrize('given, expected', [
    ('abcd', .75), ('ab', .5), ('ac', .25), ('a', .25)])
def test_the_fullest_variant_that_fits_is_used(given, expected):
    model = QualityModel.load(CONTENT)
    assert model.predict(dict.fromkeys(given, .5)) == expected


def test_a_labeller_that_lacks_too_much_is_told():
    with pytest.raises(CalibrationError, match='needs a, which .*fit_quality'):
        QualityModel.load(CONTENT).predict(dict(b=.5))


def test_file_round_trip(tmp_path):
    path = str(tmp_path / 'new' / 'calib.json')
    model = QualityModel.load(CONTENT)
    model.save(path)
    again = QualityModel.load(path)
    assert again.to_json() == model.to_json()
    assert again.details == dict(version='x') and again.name == path


@pytest.mark.parametrize('text, words', [
    pytest.param('{', 'cannot be read', id='no json'),
    pytest.param('[]', 'format None', id='a list'),
    pytest.param('{"format": 2}', 'format 2', id='other format'),
    pytest.param('{"format": 1}', 'variants', id='no variants'),
    pytest.param('{"format": 1, "variants": []}', 'variants', id='none'),
    pytest.param('{"format": 1, "variants": [{"features": ["a"]}]}',
                 'variant 0', id='half a variant'),
    pytest.param('{"format": 1, "variants": [3]}', 'variant 0', id='a number')])
def test_broken_files_are_refused_in_one_line(tmp_path, text, words):
    path = tmp_path / 'calib.json'
    path.write_text(text)
    with pytest.raises(CalibrationError, match=words) as caught:
        QualityModel.load(str(path))
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)


def test_an_unknown_name_lists_the_shipped_ones():
    with pytest.raises(CalibrationError, match='nope.*coco_mini'):
        QualityModel.load('nope')


def test_shipped_calibrations_can_be_used_by_every_labeller():
    assert 'coco_mini' in shipped_calibrations()
    for name in shipped_calibrations():
        model = QualityModel.load(name)
        assert model.details['fitted_on'] and model.details['cross_validation']
        fullest = model.variants[0]
        typical = dict(zip(fullest.features, fullest.means, strict=True))
        assert 0 < model.predict(typical) < 1
        # Whatever the labeller lacks of the optional ones, a variant fits.
        needed = set.intersection(*(set(v.features) for v in model.variants))
        assert set(model.variants[-1].features) == needed


def test_a_mapping_is_taken_as_it_is_in_a_config():
    model = QualityModel.load(json.loads(json.dumps(CONTENT)))
    assert np.isclose(model.predict(dict(a=0., b=0., c=0.)), .75)


def test_no_variant_is_no_calibration():
    with pytest.raises(ValueError, match='at least one'):
        QualityModel([])

"""The fit finds what there is to find, and nothing else."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from quality_data import write_pair

from mmdet_mal.quality.features import ALWAYS, OPTIONAL
from mmdet_mal.quality.fit import (
    cross_validate,
    fit_knots,
    fit_quality,
    fit_variant,
)
from mmdet_mal.quality.model import CalibrationError, QualityModel
from mmdet_mal.quality.table import QualityTable


def table(features, ious, images=20):
    ious = np.asarray(ious, float)
    return QualityTable(ious, ious, np.arange(len(ious)) % images, features, ())


@pytest.fixture(scope='module')
def written(tmp_path_factory):
    return QualityTable.read(*write_pair(tmp_path_factory.mktemp('pair')))


def test_the_component_that_knows_is_found_and_noise_is_not(written):
    model = fit_quality(written)
    variant = model.variants[0]
    weights = dict(zip(variant.features, abs(variant.weights), strict=True))
    known = weights.pop('raw_mask_score')
    assert known > 10 * max(weights.values())
    report = model.details['cross_validation']
    assert report['spearman'] > .95 and report['curve_error'] < .02


def test_noise_alone_ranks_nothing():
    rng = np.random.default_rng(0)
    noise = {name: rng.random(400) for name in ALWAYS}
    predictions = cross_validate(table(noise, rng.random(400)), ALWAYS)
    assert abs(np.corrcoef(predictions[0], rng.random(400))[0, 1]) < .15
    # Out of fold, a fit on noise has nothing to say: near the mean.
    assert predictions.std() < .1


def test_images_are_never_split_between_fit_and_check():
    """A feature that names the image predicts its masks in the fit only."""
    rng = np.random.default_rng(0)
    images = np.arange(400) // 4
    of_image = rng.random(100)[images]
    columns = {f'image{i}': (images == i).astype(float) for i in range(100)}
    data = QualityTable(of_image, of_image, images, columns, ())
    names = list(columns)
    seen = fit_variant(data, names, ridge=.01).predict(data.matrix(names))
    unseen = cross_validate(data, names, ridge=.01)[0]
    assert np.corrcoef(seen, of_image)[0, 1] > .9
    assert np.corrcoef(unseen, of_image)[0, 1] < .3


@pytest.mark.parametrize('leave_out, optional', [
    ((), {'spill', 'flip_iou'}), (('spill', ), {'flip_iou'})])
def test_there_is_a_variant_for_every_lack(written, leave_out, optional):
    model = fit_quality(written, leave_out)
    found = {frozenset(v.features) & set(OPTIONAL) for v in model.variants}
    assert len(found) == len(model.variants) == 2**len(optional)
    assert set.union(*map(set, found)) == optional and frozenset() in found
    assert all(set(ALWAYS) <= set(v.features) for v in model.variants)


def test_what_is_saved_is_what_was_fitted(written, tmp_path):
    path = str(tmp_path / 'calib.json')
    model = fit_quality(written)
    model.save(path)
    again = QualityModel.load(path)
    names = model.variants[0].features
    assert (again.variants[0].predict(written.matrix(names))
            == model.variants[0].predict(written.matrix(names))).all()
    assert again.details['fitted_on'][0]['boxes'] == 200


def test_fit_is_the_same_every_time(written):
    assert fit_quality(written).to_json() == fit_quality(written).to_json()


def test_a_feature_that_never_changes_does_no_harm(written):
    features = dict(written.features, spill=np.full(len(written), .3))
    fitted = fit_variant(table(features, written.ious), ['raw_mask_score', 'spill'])
    assert fitted.weights[1] == 0 and np.isfinite(fitted.knots).all()


def test_curve_joins_bins_that_fall():
    # 20 masks, a bin each: .5, then .3, which must not lie below.
    line = np.arange(20.) / 20
    ious = np.r_[.1, .5, .3, np.linspace(.55, .9, 17)]
    knots = fit_knots(line, ious)
    assert np.interp(line[1:3].mean(), *knots.T) == pytest.approx(.4)
    assert len(knots) == 19 + 2  # and the two beyond the ends
    assert knots[0, 1] == 0 and knots[-1, 1] == 1


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300))
def test_curve_ascends_whatever_the_data(seed, count):
    rng = np.random.default_rng(seed)
    knots = fit_knots(rng.normal(.6, .3, count), rng.random(count))
    assert (np.diff(knots[:, 0]) > 0).all() and (np.diff(knots[:, 1]) >= 0).all()
    assert knots[:, 1].min() >= 0 and knots[:, 1].max() <= 1


@pytest.mark.parametrize('count, images', [(99, 20), (200, 4)])
def test_too_few_masks_are_refused(count, images):
    data = table(dict.fromkeys(ALWAYS, np.zeros(count)), np.zeros(count), images)
    with pytest.raises(CalibrationError, match='too few'):
        fit_quality(data)

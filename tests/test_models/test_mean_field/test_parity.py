"""Each path computes the mean field of the textbook, crop by crop."""

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from benchmarks.textbook import mean_field as textbook
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdet_mal.models.mean_field import (compiled, crf_marginals, mean_field,
                                         pairwise_kernel)
from mmdet_mal.models.mean_field.paths import COMPILED, TENSORS

sys.path.insert(0, str(Path(__file__).parent))
from mean_field_cases import CLOSE, EACH_PATH, drawn, needs_compiled, on


@EACH_PATH
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_it_is_the_textbook_s_run_to_its_end(path, data):
    shape = (data.draw(st.integers(1, 3)), data.draw(st.integers(1, 19)),
             data.draw(st.integers(1, 35)))
    prob, image, valid = drawn(shape, data.draw(st.integers(0, 999)))
    inside = None
    if data.draw(st.booleans()):
        inside = drawn(shape, data.draw(st.integers(0, 999)))[0] > .3
    constants = dict(
        zeta=data.draw(st.sampled_from([.1, .3, 2.])),
        # Weights at which neighbours outvote nobody: rounding cannot turn
        # into another solution, so all pixels are comparable.
        omega=data.draw(st.sampled_from([0., .05, .2])),
        clamp=data.draw(st.sampled_from([1e-4, .1, .49])),
        centre=data.draw(st.sampled_from([0., .1])), inside=inside)
    wanted = textbook.crf_marginals(prob, image, valid, **constants)
    found = on(path, crf_marginals, prob, image, valid, tolerance=0.,
               **constants)
    torch.testing.assert_close(found, wanted, **CLOSE)


@EACH_PATH
@pytest.mark.parametrize('rounds', [0, 1, 2, 5])
@pytest.mark.parametrize('centre', [0., 2.])
def test_each_round_is_the_textbook_s(path, rounds, centre):
    prob, image, valid = drawn((3, 21, 33))
    constants = dict(zeta=.3, omega=2., clamp=.05, centre=centre,
                     max_iters=rounds)
    torch.testing.assert_close(
        on(path, crf_marginals, prob, image, valid, tolerance=-1., **constants),
        textbook.crf_marginals(prob, image, valid, **constants), **CLOSE)


@EACH_PATH
def test_kernels_given_and_kernels_from_the_image_are_one(path):
    prob, image, valid = drawn((2, 18, 23))
    inside = torch.rand(prob.shape, generator=torch.manual_seed(1)) > .2
    kernels = pairwise_kernel(image, .3, 1.5, valid)
    with_kernels = on(path, mean_field, prob, kernels, clamp=.1, centre=.5,
                      inside=inside)
    from_image = on(path, crf_marginals, prob, image, valid, .3, 1.5, clamp=.1,
                    centre=.5, inside=inside)
    torch.testing.assert_close(with_kernels, from_image, **CLOSE)
    assert (from_image[~inside] == 0).all()


@needs_compiled
@pytest.mark.parametrize('shape', [
    (1, 1, 1), (1, 1, 7), (1, 9, 1), (2, 2, 2), (3, 16, 16), (2, 17, 15),
    (1, 3, 200)], ids=str)
def test_c_is_the_tensors_at_odd_sizes(shape):
    prob, image, valid = drawn(shape, seed=4)
    options = dict(zeta=.3, omega=2., clamp=.1)
    torch.testing.assert_close(
        on(COMPILED, crf_marginals, prob, image, valid, **options),
        on(TENSORS, crf_marginals, prob, image, valid, **options), **CLOSE)


@needs_compiled
@pytest.mark.skipif(not shutil.which('gcc'), reason='needs gcc')
@pytest.mark.parametrize('flags', [['-O0'], ['-O3', '-fno-trapping-math']],
                         ids=['without optimiser', 'no vector units but SSE2'])
def test_c_gives_the_same_bits_however_it_is_compiled(
        flags, tmp_path, monkeypatch):
    source = Path(compiled.__file__).with_name('mean_field.c')
    subprocess.run(
        ['gcc', '-shared', '-fPIC', '-ffp-contract=off', '-DONE_PROCESSOR',
         *flags, str(source), '-o', str(tmp_path / 'plain.so')], check=True)
    prob, image, valid = drawn((3, 37, 53), seed=9)
    here = on(COMPILED, crf_marginals, prob, image, valid, .3, 2., clamp=.1)
    plain = ctypes.CDLL(str(tmp_path / 'plain.so'))
    plain.mal_crf_marginals.argtypes = (
        compiled._load().mal_crf_marginals.argtypes)
    monkeypatch.setattr(compiled, '_load', lambda: plain)
    there = on(COMPILED, crf_marginals, prob, image, valid, .3, 2., clamp=.1)
    assert torch.equal(here, there)


@needs_compiled
def test_the_exponential_of_c_is_within_its_bound():
    """One pair of pixels whose kernel is exp(-d^2), for d^2 in [0, 87]."""
    distance = torch.linspace(0, 87, 20_001).sqrt()
    image = torch.zeros(len(distance), 1, 1, 2)
    image[:, 0, 0, 1] = distance
    prob = torch.tensor([[[.5, 1.]]]).expand(len(distance), 1, 2)
    valid = torch.ones_like(prob, dtype=torch.bool)
    # logit of the first pixel after a round: k (2 (1 - clamp) - 1).
    found = on(COMPILED, crf_marginals, prob, image, valid, zeta=.5**.5,
               omega=1., max_iters=1, clamp=1e-6)[:, 0, 0].double()
    wanted = torch.sigmoid((1 - 2e-6) * torch.exp(-distance.double()**2))
    assert (found - wanted).abs().max() < 2e-7


@EACH_PATH
def test_a_crop_s_bits_do_not_depend_on_its_batch(path):
    prob, image, valid = drawn((5, 23, 31), seed=2)
    # Crops that take from a few rounds to many.
    prob[0], prob[3] = .9, .5 + .01 * prob[3]
    together = on(path, crf_marginals, prob, image, valid, .3, 2., clamp=.1)
    for n in range(5):
        alone = on(path, crf_marginals, prob[n:n + 1], image[n:n + 1],
                   valid[n:n + 1], .3, 2., clamp=.1)
        assert torch.equal(together[n:n + 1], alone)


@EACH_PATH
def test_a_crop_stops_in_the_round_in_which_it_stands_still(path):
    """After the stop more rounds are allowed and change nothing."""
    prob, image, valid = drawn((4, 20, 20), seed=3)
    prob[0] = .9
    kwargs = dict(zeta=.3, omega=2., clamp=.1)
    after = [on(path, crf_marginals, prob, image, valid, tolerance=-1.,
                max_iters=i, **kwargs) for i in range(61)]
    for tolerance in (1e-1, 1e-2, 1e-3):
        found = on(path, crf_marginals, prob, image, valid,
                   tolerance=tolerance, max_iters=60, **kwargs)
        stops = set()
        for n in range(4):
            stop = next((i for i in range(1, 61) if
                         (after[i][n] - after[i - 1][n]).abs().max()
                         <= tolerance), 60)
            stops.add(stop)
            assert torch.equal(found[n], after[stop][n])
        assert len(stops) > 1


@needs_compiled
def test_rows_that_stand_still_are_left_out_without_a_trace():
    """An object in a corner of a large crop: most rows are fixed at once."""
    prob, image = torch.full((1, 90, 40), .02), torch.zeros(1, 3, 90, 40)
    generator = torch.Generator().manual_seed(5)
    prob[:, 60:75, 5:30] = torch.rand(15, 25, generator=generator)
    image[:, :, 60:75] = torch.rand(3, 15, 40, generator=generator)
    valid = torch.ones_like(prob, dtype=torch.bool)
    kwargs = dict(zeta=.3, omega=2., clamp=.1)
    wanted = textbook.crf_marginals(prob, image, valid, **kwargs)
    found = on(COMPILED, crf_marginals, prob, image, valid, tolerance=0.,
               **kwargs)
    assert ((found > .5) == (wanted > .5)).all()
    torch.testing.assert_close(found, wanted, **CLOSE)


@EACH_PATH
def test_rounds_lower_the_energy_of_labels(path):
    """Of the start's labels and the result's, the latter have less (eq. 3)."""
    prob, image, valid = drawn((6, 24, 24), seed=6)
    prob = (prob + .6 * (torch.arange(24) > 11)) / 1.6
    kernels = pairwise_kernel(image, .3, 2., valid)

    def energy(label):
        unary = -torch.where(label, prob, 1 - prob).log().sum(dim=(1, 2))
        pairs = 0
        for kernel, offset in zip(kernels, ((0, 1), (1, -1), (1, 0), (1, 1)),
                                  strict=True):
            rolled = label.roll((-offset[0], -offset[1]), (1, 2))
            left = max(-offset[1], 0)
            rows, cols = kernel.shape[1:]
            window = (slice(None), slice(rows), slice(left, left + cols))
            pairs = pairs + (kernel * (label != rolled)[window]).sum(dim=(1, 2))
        return unary + pairs

    found = on(path, crf_marginals, prob, image, valid, .3, 2., clamp=.1) > .5
    assert (energy(found) < energy(prob > .5)).all()

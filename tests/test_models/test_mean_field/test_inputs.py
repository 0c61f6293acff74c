"""What each path takes, refuses, and leaves alone; threads and forks."""

import concurrent.futures
import multiprocessing
import sys
from pathlib import Path

import pytest
import torch
from benchmarks.textbook import mean_field as textbook

from mmdet_mal.models.mean_field import (crf_marginals, mean_field,
                                         pairwise_kernel)
from mmdet_mal.models.mean_field.paths import (COMPILED, TENSORS, VARIABLE,
                                               choose_path)

sys.path.insert(0, str(Path(__file__).parent))
from mean_field_cases import EACH_PATH, drawn, needs_compiled, on


@EACH_PATH
@pytest.mark.parametrize('where', ['prob', 'image'])
def test_nan_spreads_by_a_pixel_a_round_and_stays_in_its_crop(path, where):
    prob, image, valid = drawn((2, 15, 40))
    valid[:] = True
    if where == 'prob':
        prob[1, 4, 36] = torch.nan
    else:
        image[1, 1, 4, 36] = torch.nan
    found = on(path, crf_marginals, prob, image, valid, .3, 2., max_iters=3)
    wanted = textbook.crf_marginals(prob, image, valid, .3, 2., max_iters=3)
    assert torch.equal(found.isnan(), wanted.isnan())
    assert not found[0].isnan().any() and found[1].isnan().sum() >= 36
    # The next call starts clean.
    again = on(path, crf_marginals, prob[:1], image[:1], valid[:1], .3, 2.,
               max_iters=3)
    assert torch.equal(again, found[:1])


@needs_compiled
def test_nan_of_one_crop_does_not_reach_the_next():
    prob, image, valid = drawn((2, 9, 21))
    clean = on(COMPILED, crf_marginals, prob, image, valid)
    prob[0, 3, 20] = torch.nan
    found = on(COMPILED, crf_marginals, prob, image, valid)
    assert found[0].isnan().all() and torch.equal(found[1], clean[1])


@EACH_PATH
def test_strided_half_and_double_inputs_are_taken(path):
    prob, image, valid = drawn((4, 12, 30))
    prob = prob.bfloat16().float()
    image = image.bfloat16().float()
    wanted = on(path, crf_marginals, prob[::2, :, ::2].contiguous(),
                image[::2, :, :, ::2].contiguous(),
                valid[::2, :, ::2].contiguous())
    for kind in (torch.float32, torch.bfloat16, torch.float64):
        found = on(path, crf_marginals, prob.to(kind)[::2, :, ::2],
                   image.to(kind)[::2, :, :, ::2], valid[::2, :, ::2])
        assert found.dtype == torch.float32 and torch.equal(found, wanted)
    channels_last = image.contiguous(memory_format=torch.channels_last)
    assert torch.equal(on(path, crf_marginals, prob, channels_last, valid),
                       on(path, crf_marginals, prob, image, valid))


@EACH_PATH
@pytest.mark.parametrize('shape', [(0, 8, 8), (2, 0, 8), (2, 8, 0)], ids=str)
def test_nothing_in_nothing_out(path, shape):
    prob = torch.zeros(shape)
    image = torch.zeros(shape[0], 3, *shape[1:])
    found = on(path, crf_marginals, prob, image, prob.bool())
    assert found.shape == shape and found.dtype == torch.float32


@EACH_PATH
def test_inputs_are_not_changed_and_gradients_not_taken(path):
    prob, image, valid = drawn((2, 9, 9))
    before = prob.clone(), image.clone(), valid.clone()
    prob.requires_grad_()
    found = on(path, crf_marginals, prob, image, valid)
    assert not found.requires_grad
    for now, then in zip((prob, image, valid), before, strict=True):
        assert torch.equal(now.detach(), then)


@needs_compiled
@pytest.mark.parametrize('change, message', [
    (dict(image=torch.zeros(2, 3, 8, 9)), 'image'),
    (dict(image=torch.zeros(1, 3, 8, 8)), 'image'),
    (dict(valid=torch.ones(2, 8, 7, dtype=torch.bool)), 'mask'),
    (dict(inside=torch.ones(3, 8, 8, dtype=torch.bool)), 'mask'),
], ids=['wider image', 'fewer images', 'narrow valid', 'more boxes'])
def test_shapes_that_do_not_fit_are_refused_before_c_reads_them(change, message):
    tensors = dict(prob=torch.rand(2, 8, 8), image=torch.rand(2, 3, 8, 8),
                   valid=torch.ones(2, 8, 8, dtype=torch.bool))
    with pytest.raises(ValueError, match=message):
        on(COMPILED, crf_marginals, **{**tensors, **change})


@needs_compiled
def test_kernels_that_do_not_fit_are_refused_before_c_reads_them():
    kernels = pairwise_kernel(torch.rand(2, 3, 8, 8))
    for wrong in (kernels[:3], kernels[::-1],
                  pairwise_kernel(torch.rand(2, 3, 8, 8), dilation=2)):
        with pytest.raises(ValueError, match='kernels'):
            on(COMPILED, mean_field, torch.rand(2, 8, 8), wrong)


@needs_compiled
def test_zeta_and_clamp_are_refused_as_by_the_tensors():
    prob, image, valid = drawn((1, 4, 4))
    for bad in (dict(zeta=0.), dict(clamp=.5), dict(clamp=0.)):
        with pytest.raises(ValueError, match=next(iter(bad))):
            on(COMPILED, crf_marginals, prob, image, valid, **bad)


def test_dilated_neighbours_are_taken_care_of_by_the_tensors():
    prob, image, _ = drawn((1, 12, 12))
    assert choose_path(prob, dilation=3) == TENSORS
    kernels = pairwise_kernel(image, .3, 1., dilation=2)
    found = mean_field(prob, kernels, dilation=2)
    # A grid of its own for each remainder.
    sub = mean_field(prob[:, 1::2, ::2].contiguous(),
                     pairwise_kernel(image[:, :, 1::2, ::2], .3, 1.),
                     tolerance=0.)
    torch.testing.assert_close(found[:, 1::2, ::2], sub, atol=5e-3, rtol=0)


@needs_compiled
def test_threads_get_the_bits_of_one(monkeypatch):
    monkeypatch.setenv(VARIABLE, COMPILED)
    batches = [drawn((3, 40, 40), seed) for seed in range(8)]
    alone = [crf_marginals(*batch, .3, 2., clamp=.1) for batch in batches]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(crf_marginals, *batch, .3, 2., clamp=.1)
                   for batch in batches * 4]
        for i, future in enumerate(futures):
            assert torch.equal(future.result(), alone[i % 8])


def _in_child(seed, queue):
    queue.put(crf_marginals(*drawn((1, 20, 20), seed), .3, 2.).tolist())


@needs_compiled
def test_a_forked_child_gets_the_bits_of_its_parent(monkeypatch):
    monkeypatch.setenv(VARIABLE, COMPILED)
    here = crf_marginals(*drawn((1, 20, 20), 7), .3, 2.)
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    child = context.Process(target=_in_child, args=(7, queue))
    child.start()
    found = queue.get(timeout=60)
    child.join(timeout=60)
    assert child.exitcode == 0 and found == here.tolist()

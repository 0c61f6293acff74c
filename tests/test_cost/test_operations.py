"""Counts of operations against the formula of the paper's network."""

import pytest

from mmdet_mal.cost.gpu_estimate import (DECODE_SECONDS, GPUS, LABEL_SHARE,
                                         TRAIN_SHARE, estimate_profile, find_gpu)
from mmdet_mal.cost.operations import count_operations
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import load_config


def formula(width, layers, crop, patch, channels):
    """Operations of a ViT and the attention decoder, forward, one crop."""
    tokens = (crop // patch)**2 + 1
    embed = 2 * (tokens - 1) * 3 * patch**2 * width
    block = 2 * tokens * 12 * width**2 + 4 * tokens**2 * width
    half, full = (crop // 8)**2, (crop // 4)**2
    taps = 2 * 9 * channels
    decoder = taps * (half * (width + channels) + full * 2 * channels)
    return embed + layers * block + decoder + 2 * full * channels


@pytest.mark.parametrize('name, width, layers', [
    ('mal_vit-mae-b_coco', 768, 12), ('mal_deit-s_coco', 384, 12)])
def test_the_count_is_the_formula(name, width, layers):
    config = load_config(name)
    work = count_operations(config)
    assert work.forward == pytest.approx(
        formula(width, layers, 512, 16, 256), rel=.02)
    # The position embedding does not count as work, but has a gradient.
    assert work.backward == pytest.approx(2 * work.forward, rel=.02)


def test_parameters_of_vit_b():
    work = count_operations(load_config('mal_vit-mae-b_coco'))
    assert 86e6 < work.parameters < 95e6
    # A block keeps some 16 to 34 bytes a channel and token under bf16 (its
    # inputs, q, k, v, the wide hidden layer); the decoder adds maps of 128².
    assert .4e9 < work.saved_bytes < 1.5e9


def test_frozen_blocks_have_no_backward_pass():
    work = count_operations(load_config('mal_deit-ti_coco-mini'))
    assert work.backward < 1.5 * work.forward


def test_a_labeller_that_is_not_trained_has_none():
    work = count_operations(load_config('instant_deit-ti'))
    assert work.forward > 1e9 and work.backward == work.saved_bytes == 0


def test_an_estimate_says_so_and_names_what_it_assumes():
    config = load_config('mal_vit-mae-b_coco')
    profile = estimate_profile('h100', config, 'c', 10)
    assert profile.basis == 'estimate' and profile.kind == 'gpu'
    for word in ('ESTIMATE', '989.5 TFLOP/s', f'{TRAIN_SHARE:.0%}', 'a core of an AMD'):
        assert word in profile.note
    work = count_operations(config)
    assert profile.train_seconds == pytest.approx(
        (2 * work.forward + work.backward) / (989.5e12 * TRAIN_SHARE))
    assert profile.decode_seconds == DECODE_SECONDS


def test_crops_of_labels_may_be_larger_than_those_of_the_training():
    config = load_config('mal_deit-ti_coco-mini')
    train, label = (count_operations(config, crops) for crops in ('train', 'label'))
    # 320 px against 224.
    assert label.forward > 2 * train.forward
    profile = estimate_profile('h100', config, 'c', 10)
    assert profile.train_seconds == pytest.approx(
        (2 * train.forward + train.backward) / (989.5e12 * TRAIN_SHARE))
    assert profile.label_seconds == pytest.approx(
        label.forward / (989.5e12 * LABEL_SHARE))


@pytest.mark.parametrize('name', ['H100', 'RTX 4090', 'nvidia-l4', 'NVIDIA A100'])
def test_people_write_names_as_they_like(name):
    assert find_gpu(name) in GPUS


def test_a_gpu_that_nobody_knows():
    with pytest.raises(UserError, match='--measure PROFILE.json'):
        find_gpu('<b>x</b>')


def test_peaks_are_those_of_the_benchmarks():
    peaks = pytest.importorskip('benchmarks.peaks')
    for name, peak, _ in GPUS.values():
        known = peaks.bf16_peak(name)
        assert known in (None, peak * 1e12), name

"""What the tests of the mean field share."""

import os
from unittest import mock

import pytest
import torch

from mmdet_mal.models.mean_field.compiled import why_not_compiled
from mmdet_mal.models.mean_field.paths import COMPILED, TENSORS, VARIABLE

# 1e-4 of a probability: fp32 sums in another order, over many rounds.
CLOSE = dict(atol=1e-4, rtol=0)

needs_compiled = pytest.mark.skipif(
    why_not_compiled() is not None, reason=f'no C path: {why_not_compiled()}')
EACH_PATH = pytest.mark.parametrize('path', [
    pytest.param(COMPILED, marks=needs_compiled), TENSORS])


def on(path, call, *args, **kwargs):
    """The call with the mean field forced on one path."""
    with mock.patch.dict(os.environ, {VARIABLE: path}):
        return call(*args, **kwargs)


def drawn(shape, seed=0, smooth=True):
    """Probabilities, colours and valid pixels of a batch."""
    generator = torch.Generator().manual_seed(seed)
    n, height, width = shape
    prob = torch.rand(shape, generator=generator)
    image = torch.rand(n, 3, height, width, generator=generator)
    valid = torch.ones(shape, dtype=torch.bool)
    if width > 4:
        valid[-1, :, -2:] = False
    return prob, image * (.3 if smooth else 3.), valid

"""The Triton kernel: interpreted on the CPU, and on a GPU where there is one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mmdet_mal.models.mean_field import crf_marginals
from mmdet_mal.models.mean_field.paths import TENSORS, TRITON

sys.path.insert(0, str(Path(__file__).parent))
from mean_field_cases import drawn, on


_INTERPRETED = '''
import json, os, torch
from mmdet_mal.models.mean_field import crf_marginals
worst = []
for shape, seed, options in (((2, 7, 9), 0, {}), ((1, 1, 1), 1, {'centre': 1.}),
                             ((3, 40, 37), 2, {'zeta': .3, 'clamp': .1}),
                             ((2, 6, 6), 3, {'max_iters': 0}),
                             ((2, 16, 16), 4, {'max_iters': 5, 'nan': True})):
    generator = torch.Generator().manual_seed(seed)
    prob = torch.rand(shape, generator=generator)
    image = torch.rand(shape[0], 3, *shape[1:], generator=generator)
    valid = torch.rand(shape, generator=generator) > .1
    inside = torch.rand(shape, generator=generator) > .2
    if options.pop('nan', False):
        prob[1, 3, 3] = torch.nan
    found = {}
    for path in ('triton', 'tensors'):
        os.environ['MAL_MEAN_FIELD'] = path
        found[path] = crf_marginals(prob, image, valid, inside=inside, **options)
    a, b = found.values()
    assert torch.equal(a.isnan(), b.isnan())
    worst.append((a - b).nan_to_num().abs().max().item() if a.numel() else 0.)
print(json.dumps(worst))
'''


def test_the_triton_kernel_interpreted_is_the_tensors():
    """Its arithmetic, on the CPU; that it runs on a GPU is not shown by this."""
    pytest.importorskip('triton', reason='triton comes with torch for CUDA')
    done = subprocess.run(
        [sys.executable, '-c', _INTERPRETED], capture_output=True, text=True,
        timeout=300, env={**os.environ, 'TRITON_INTERPRET': '1'})
    assert done.returncode == 0, done.stderr
    worst = json.loads(done.stdout.splitlines()[-1])
    assert len(worst) == 5 and max(worst) < 1e-4


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a CUDA device')
@pytest.mark.parametrize('path', [TENSORS, TRITON])
def test_a_gpu_gets_the_labels_of_the_cpu(path):
    prob, image, valid = drawn((6, 56, 56), seed=8)
    options = dict(zeta=.3, omega=2., clamp=.1)
    here = on(TENSORS, crf_marginals, prob, image, valid, **options)
    there = on(path, crf_marginals, prob.cuda(), image.cuda(), valid.cuda(),
               **options).cpu()
    assert ((here > .5) == (there > .5)).float().mean() >= .999

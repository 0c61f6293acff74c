"""One config, the precision of the machine."""
import torch

from mmdet_mal.engine import optim_wrapper
from mmdet_mal.engine.guarded_amp_optim_wrapper import GuardedAmpOptimWrapper
from mmdet_mal.engine.guarded_optim_wrapper import GuardedOptimWrapper
from mmdet_mal.registry import OPTIM_WRAPPERS


def build():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.)
    return OPTIM_WRAPPERS.build(
        dict(type='mmdet_mal.AutoPrecisionOptimWrapper', optimizer=optimizer,
             clip_grad=dict(max_norm=1.)))


def test_without_a_gpu_it_is_the_plain_wrapper(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    wrapper = build()
    assert type(wrapper) is GuardedOptimWrapper
    assert wrapper.clip_grad_kwargs == dict(max_norm=1.)


def test_with_a_gpu_the_precision_follows_the_hardware(monkeypatch):
    asked = []

    class Amp(GuardedAmpOptimWrapper):

        def __init__(self, dtype, loss_scale, **kwargs):
            asked.append((dtype, loss_scale))

    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(optim_wrapper, 'GuardedAmpOptimWrapper', Amp)
    for bf16 in (True, False):
        monkeypatch.setattr(torch.cuda, 'is_bf16_supported',
                            lambda bf16=bf16: bf16)
        build()
    assert asked == [('bfloat16', 1.0), ('float16', 'dynamic')]

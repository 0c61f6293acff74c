"""The config for GPUs differs in who does what, not in the method."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmdet_mal.engine.hooks import DeferLogHook
from mmdet_mal.registry import FUNCTIONS, HOOKS, MODELS, TRANSFORMS

CONFIGS = Path(__file__).resolve().parents[2] / 'configs/mal'


@pytest.fixture(scope='module')
def plain():
    return Config.fromfile(CONFIGS / 'mal_vit-mae-b_coco.py')


@pytest.fixture(scope='module')
def fast():
    return Config.fromfile(CONFIGS / 'mal_vit-mae-b_gpu_coco.py')


def test_method_and_labelling_stay(plain, fast):
    for name in ('network', 'mil_loss', 'crf_loss', 'predictor', 'postprocess'):
        assert plain.model[name] == fast.model[name], name
    inner = fast.model.data_preprocessor.data_preprocessor
    assert inner == plain.model.data_preprocessor.data_preprocessor
    assert plain.test_dataloader == fast.test_dataloader
    assert plain.custom_hooks == fast.custom_hooks
    assert plain.param_scheduler == fast.param_scheduler
    loader = dict(fast.train_dataloader)
    for name in ('batch_size', 'sampler', 'num_workers'):
        assert plain.train_dataloader[name] == loader[name]


def test_the_pipeline_is_the_cpus_with_other_hands(plain, fast):
    init_default_scope('mmdet')
    load, expand, crop, flip, branch = plain.train_pipeline
    own = fast.train_pipeline
    assert [load, expand, flip] == [own[0], own[1], own[3]]
    assert own[2] == dict(crop, type='mmdet_mal.CutWindow')
    assert own[4].transforms == branch.student[:-1]
    assert own[5] == dict(branch.student[-1], type='mmdet_mal.PackWindow')
    assert fast.train_dataloader.dataset.pipeline == own
    for step in own:
        TRANSFORMS.build(dict(step))
    assert FUNCTIONS.get(fast.train_dataloader.collate_fn.type) is not None
    assert fast.train_dataloader.pin_memory is True


def test_nobody_waits_for_the_guard_or_the_log(plain, fast):
    assert fast.optim_wrapper.guard == 'deferred'
    hooks = dict(fast.default_hooks)
    assert type(HOOKS.build(dict(hooks.pop('defer_log')))) is DeferLogHook
    assert hooks == plain.default_hooks  # and all else stays
    assert plain.optim_wrapper.get('guard', 'at_once') == 'at_once'


def test_the_switches_are_registered(fast):
    for switch in (fast.speed_compile, fast.speed_checkpointing):
        HOOKS.build(dict(switch))


def step_once(optim_wrapper):
    """Weights of a tiny model after three steps."""
    torch.manual_seed(0)
    model = torch.nn.Module()
    model.student = torch.nn.Module()
    model.student.encoder = torch.nn.Linear(8, 8)
    model.student.decoder = torch.nn.Linear(8, 1)
    wrapper = build_optim_wrapper(model, optim_wrapper)
    x = torch.randn(4, 8)
    for _ in range(3):
        wrapper.update_params(
            model.student.decoder(model.student.encoder(x).relu()).square().mean())
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_the_fused_optimizer_makes_the_same_steps(plain, fast):
    assert fast.optim_wrapper.optimizer.fused is True
    assert torch.allclose(step_once(plain.optim_wrapper),
                          step_once(fast.optim_wrapper), rtol=1e-5, atol=1e-7)


def test_attention_is_the_fused_kernel():
    """mmpretrain's ViT takes torch's own: flash attention where there is it."""
    encoder = MODELS.build(dict(
        type='mmpretrain.VisionTransformer', img_size=32, patch_size=16,
        arch=dict(embed_dims=16, num_layers=3, num_heads=2,
                  feedforward_channels=32)))
    seen = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(func.__name__)
            return func(*args, **(kwargs or {}))

    with Watch(), torch.no_grad():
        encoder(torch.zeros(1, 3, 32, 32))
    fused = [name for name in seen
             if name.startswith('_scaled_dot_product_flash_attention')]
    assert len(fused) == 3
    assert not [name for name in seen if '_softmax' in name]

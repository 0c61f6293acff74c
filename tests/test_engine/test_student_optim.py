"""Only what is trained reaches the optimizer."""
import pytest
import torch
from torch import nn

from mmdet_mal.registry import OPTIM_WRAPPER_CONSTRUCTORS


class Labeller(nn.Module):

    def __init__(self):
        super().__init__()
        self.student, self.teacher = nn.Module(), nn.Module()
        for network in (self.student, self.teacher):
            network.encoder = nn.Linear(2, 2)
            network.decoder = nn.Linear(2, 1)
        self.student.encoder.bias.requires_grad_(False)


def build(model, **paramwise_cfg):
    constructor = OPTIM_WRAPPER_CONSTRUCTORS.build(
        dict(type='mmdet_mal.StudentOptimWrapperConstructor',
             optim_wrapper_cfg=dict(type='OptimWrapper',
                                    optimizer=dict(type='SGD', lr=.1)),
             paramwise_cfg=paramwise_cfg))
    return constructor(model)


def test_frozen_and_teacher_parameters_stay_out():
    model = Labeller()
    groups = build(model, encoder_lr_mult=.5).optimizer.param_groups
    assert [g['lr'] for g in groups] == [.05, .1]
    assert groups[0]['params'] == [model.student.encoder.weight]
    assert groups[1]['params'] == list(model.student.decoder.parameters())


def test_an_encoder_that_is_wholly_frozen_makes_no_group():
    model = Labeller()
    model.student.encoder.requires_grad_(False)
    groups, = build(model).optimizer.param_groups
    assert len(groups['params']) == 2


def test_a_step_moves_the_student_only():
    model = Labeller()
    wrapper = build(model)
    before = [p.clone() for p in model.teacher.parameters()]
    loss = model.student.decoder(model.student.encoder(torch.ones(1, 2)))
    wrapper.update_params(loss.sum())
    assert all(map(torch.equal, before, model.teacher.parameters()))


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match='custom_keys'):
        build(Labeller(), custom_keys={})


def vit(frozen_stages=-1, blocks=4):
    from mmpretrain.models import VisionTransformer
    return VisionTransformer(
        arch=dict(embed_dims=8, num_layers=blocks, num_heads=2,
                  feedforward_channels=16),
        img_size=32, patch_size=16, frozen_stages=frozen_stages,
        out_type='featmap')


def with_encoder(encoder):
    model = Labeller()
    model.student.encoder = encoder
    return model


def rates(model, **paramwise_cfg):
    """Learning rate by name of a trained parameter of the student."""
    groups = build(model, **paramwise_cfg).optimizer.param_groups
    by_id = {id(p): g['lr'] for g in groups for p in g['params']}
    assert len(by_id) == sum(len(g['params']) for g in groups)  # each once
    return {name: by_id[id(p)] for name, p in model.student.named_parameters()
            if p.requires_grad}


def test_rates_fall_by_the_layer_decay_from_the_last_block_on():
    found = rates(with_encoder(vit()), encoder_lr_mult=.5, layer_decay=.1)
    expected = {'encoder.ln1.weight': .05, 'encoder.layers.3.ln1.weight': .05,
                'encoder.layers.2.attn.qkv.weight': 5e-3,
                'encoder.layers.0.ffn.layers.1.bias': 5e-5,
                'encoder.pos_embed': 5e-6, 'encoder.cls_token': 5e-6,
                'encoder.patch_embed.projection.weight': 5e-6,
                'decoder.weight': .1}
    for name, rate in expected.items():
        assert found[name] == pytest.approx(rate), name
    assert all(name.startswith('decoder') == (rate == .1)
               for name, rate in found.items())


def test_frozen_blocks_have_no_rate_and_the_others_keep_theirs():
    model = with_encoder(vit(frozen_stages=2))
    groups = build(model, layer_decay=.5).optimizer.param_groups
    assert [g['lr'] for g in groups] == [.05, .1, .1]
    found = rates(model, layer_decay=.5)
    assert not any(name.startswith(('encoder.layers.1.', 'encoder.pos_embed'))
                   for name in found)
    assert found['encoder.layers.2.ln1.weight'] == .05


def test_without_a_decay_the_groups_are_what_they_were():
    model = with_encoder(vit())
    plain, one = (build(model, encoder_lr_mult=.5, **options).optimizer.state_dict()
                  for options in ({}, dict(layer_decay=1.)))
    assert plain == one and len(plain['param_groups']) == 2


def test_depths_of_a_swin_are_its_own():
    from mmpretrain.models import SwinTransformer
    encoder = SwinTransformer(arch=dict(embed_dims=4, depths=[1, 1, 1, 2],
                                        num_heads=[1, 1, 1, 1]), img_size=64)
    found = rates(with_encoder(encoder), layer_decay=.5)
    for stage, block, rate in ((3, 1, .1), (3, 0, .05), (2, 0, .025), (0, 0, .1 / 16)):
        name = f'encoder.stages.{stage}.blocks.{block}.norm1.weight'
        assert found[name] == pytest.approx(rate)


def test_a_decay_needs_an_encoder_that_tells_its_depths():
    with pytest.raises(ValueError, match='get_layer_depth.*Linear'):
        build(Labeller(), layer_decay=.75)


def test_a_wholly_frozen_encoder_may_have_a_decay():
    model = with_encoder(vit())
    model.student.encoder.requires_grad_(False)
    groups, = build(model, layer_decay=.75).optimizer.param_groups
    assert groups['lr'] == .1


@pytest.mark.parametrize('wrong', [0., -1., 1.5])
def test_a_wrong_decay_is_refused(wrong):
    with pytest.raises(ValueError, match='layer_decay'):
        build(Labeller(), layer_decay=wrong)

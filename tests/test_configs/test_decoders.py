"""The decoder fragments: they swap the decoder and nothing else."""
import argparse
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, DictAction

from mmdet_mal.registry import MODELS

REPO = Path(__file__).resolve().parents[2]
BASE = REPO / 'configs/mal/_base_'
FRAGMENTS = {path.stem: path for path in (BASE / 'decoders').glob('*.py')}
TYPES = dict(
    attention='AttentionMaskHead', attention_fpn='AttentionMaskHead',
    attention_no_routing='AttentionMaskHead', conv='ConvMaskHead',
    fc='FCMaskHead', query='QueryMaskHead')

# What a config with another encoder and other crops overrides.
LEAF = '''
_base_ = {base!r}
model = dict(network=dict(
    encoder=dict(
        _delete_=True, type='mmpretrain.VisionTransformer', img_size=64,
        patch_size=16, out_type='featmap',
        arch=dict(embed_dims=32, num_layers=1, num_heads=2,
                  feedforward_channels=32)),
    decoder=dict(in_channels=[32], {more})))
'''


@pytest.fixture(params=sorted(FRAGMENTS))
def fragment(request):
    return request.param


def small(tmp_path, fragment):
    more = 'crop_size=(64, 64), hidden_channels=8' if fragment == 'fc' else ''
    path = tmp_path / 'leaf.py'
    path.write_text(LEAF.format(base=str(FRAGMENTS[fragment]), more=more))
    return Config.fromfile(path)


def test_each_decoder_has_its_fragment():
    assert set(FRAGMENTS) == set(TYPES)


def test_a_fragment_differs_from_the_papers_model_in_its_decoder(fragment):
    paper = Config.fromfile(BASE / 'mal_vit.py')
    cfg = Config.fromfile(FRAGMENTS[fragment])
    assert cfg.model.network.decoder.type == f'mmdet_mal.{TYPES[fragment]}'
    for config in (paper, cfg):
        config.model.network.pop('decoder')
    cfg.pop('find_unused_parameters', None)
    assert cfg.to_dict() == paper.to_dict()


def test_the_papers_decoder_is_the_default():
    assert (Config.fromfile(FRAGMENTS['attention']).to_dict() ==
            Config.fromfile(BASE / 'mal_vit.py').to_dict())


def test_a_config_sets_its_encoder_over_any_fragment(fragment, tmp_path):
    network = MODELS.build(small(tmp_path, fragment).model.network)
    assert type(network.decoder).__name__ == TYPES[fragment]
    logits = network(torch.randn(3, 3, 64, 64), torch.tensor([9., 5e3, 1e5]))
    assert logits.shape == (3, 16, 16)


def test_ddp_is_told_where_a_batch_leaves_weights_without_gradient(
        fragment, tmp_path):
    cfg = small(tmp_path, fragment)
    network = MODELS.build(cfg.model.network)
    network(torch.randn(1, 3, 64, 64), torch.tensor([1e5])).sum().backward()
    unused = any(p.grad is None for p in network.parameters())
    assert unused == cfg.get('find_unused_parameters', False)


def test_the_command_line_swaps_the_decoder_of_any_config():
    """The options of docs/decoders.md."""
    text = (REPO / 'docs/decoders.md').read_text(encoding='utf-8')
    options = [option.replace("'", '') for option in re.findall(
        r'^ +(model\.network\.decoder\S+?)(?: \\)?$', text, re.MULTILINE)]
    assert len(options) == 3
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    cfg = Config.fromfile(REPO / 'configs/mal/mal_vit-mae-b_coco.py')
    cfg.merge_from_dict(
        parser.parse_args(['--cfg-options', *options]).cfg_options)
    assert cfg.model.network.decoder.to_dict() == dict(
        type='mmdet_mal.ConvMaskHead', in_channels=[768])


def test_the_parameters_in_the_docs_are_those_of_the_decoder(fragment):
    text = (REPO / 'docs/decoders.md').read_text(encoding='utf-8')
    row, = re.findall(rf'^\| `{fragment}` .*$', text, re.MULTILINE)
    stated, = re.findall(r'\b\d[\d,]{6,}\b', row)
    with torch.device('meta'):
        decoder = MODELS.build(
            Config.fromfile(FRAGMENTS[fragment]).model.network.decoder)
    count = sum(p.numel() for p in decoder.parameters())
    assert count == int(stated.replace(',', ''))

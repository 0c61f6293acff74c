"""Weights are told by the shapes in them."""

import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from auto_data import make_weights

from mmdet_mal.auto.presets import DEIT_TINY, DINOV2_B, DINOV2_S
from mmdet_mal.auto.weights import find_weights, kind_of_weights
from mmdet_mal.utils.errors import UserError


def save(path, width, patch, key='patch_embed.proj.weight', **more):
    state = {'cls_token': torch.zeros(1, 1, width),
             key: torch.zeros(width, 3, patch, patch), **more}
    torch.save(dict(model=state), path)
    return str(path)


@pytest.mark.parametrize('width, patch, kind', [
    (192, 16, DEIT_TINY), (384, 14, DINOV2_S), (768, 14, DINOV2_B)])
def test_known_files(width, patch, kind, tmp_path):
    assert kind_of_weights(save(tmp_path / 'x.pth', width, patch)) == kind


def test_the_real_file(deit_weights):
    assert kind_of_weights(str(deit_weights)) == DEIT_TINY


@pytest.mark.parametrize('width, patch, more, words', [
    pytest.param(768, 16, {}, 'width 768 with patches of 16', id='MAE-B'),
    pytest.param(384, 14, dict(register_tokens=torch.zeros(1, 4, 384)),
                 'further tokens', id='registers'),
    pytest.param(192, 16, dict(dist_token=torch.zeros(1, 1, 192)),
                 'further tokens', id='distilled'),
])
def test_other_networks(width, patch, more, words, tmp_path):
    with pytest.raises(UserError, match=words) as error:
        kind_of_weights(save(tmp_path / 'x.pth', width, patch, **more))
    assert 'deit_tiny' in str(error.value) and '\n' not in str(error.value)


def test_no_vit(tmp_path):
    torch.save(dict(model={'conv.weight': torch.zeros(1)}), tmp_path / 'x.pth')
    with pytest.raises(UserError, match='no plain ViT'):
        kind_of_weights(str(tmp_path / 'x.pth'))


def test_no_checkpoint(tmp_path):
    (tmp_path / 'x.pth').write_text('hello')
    with pytest.raises(UserError, match='x.pth'):
        kind_of_weights(str(tmp_path / 'x.pth'))


def test_the_option_counts_before_the_variable(tmp_path, monkeypatch):
    first, second = (make_weights(tmp_path / name) for name in ('a.pth', 'b.pth'))
    monkeypatch.setenv('MAL_WEIGHTS', str(second))
    assert find_weights(str(first)) == str(first)
    assert find_weights(None) == str(second)
    monkeypatch.chdir(tmp_path)
    assert find_weights('a.pth') == str(first)


@pytest.mark.parametrize('preset, file', [
    (None, 'deit_tiny'), ('dinov2-s', 'dinov2_vits14_pretrain.pth')])
def test_the_file_that_is_needed_is_named(preset, file, monkeypatch):
    monkeypatch.delenv('MAL_WEIGHTS', raising=False)
    with pytest.raises(UserError, match=file) as error:
        find_weights(None, preset)
    assert 'Apache-2.0' in str(error.value) and 'docs/' in str(error.value)

"""What a person got wrong is said in one line, with exit code 2."""

import json
import runpy
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from label_data import make_training_data

REPO = Path(__file__).resolve().parents[2]
TINY = Path(__file__).with_name('mal_tiny.py')

CONFIG = "default_hooks = dict()\nmodel = dict(type='Missing')\n"


@pytest.fixture
def run_tool(capsys, monkeypatch, tmp_path):
    """Runs ``tools/NAME.py`` in this process; returns (exit code, stderr)."""
    monkeypatch.chdir(tmp_path)
    # The tools set it; monkeypatch takes it back.
    monkeypatch.setenv('LOCAL_RANK', '0')

    def run(name, *args):
        monkeypatch.setattr(sys, 'argv', [f'{name}.py', *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(REPO / 'tools' / f'{name}.py'),
                           run_name='__main__')
        return caught.value.code, capsys.readouterr().err

    return run


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(CONFIG)
    return path


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / 'weights.pth'
    torch.save({'a': torch.ones(1)}, path)
    return path


def assert_one_line(result, *words):
    code, error = result
    assert code == 2, error
    assert error.count('\n') == 1, error
    for word in words:
        assert str(word) in error


def test_missing_config(run_tool):
    assert_one_line(run_tool('train', 'none.py'), 'none.py', 'configs/mal')


@pytest.mark.parametrize('text, words', [
    pytest.param('model = dict(', 'SyntaxError', id='syntax'),
    pytest.param('model = undefined', 'NameError', id='name'),
    pytest.param("_base_ = 'absent.py'", 'absent.py', id='base'),
    pytest.param("a = '{{$MAL_NOT_SET:}}'", 'MAL_NOT_SET', id='environment'),
])
def test_unreadable_config(text, words, run_tool, config):
    config.write_text(text)
    assert_one_line(run_tool('train', config), config, words)


def test_labeller_that_is_not_trained(run_tool):
    assert_one_line(
        run_tool('train', REPO / 'configs' / 'mal' / 'instant_deit-ti.py'),
        'instant_deit-ti.py', 'tools/label.py CONFIG')


def test_option_that_does_not_fit(run_tool, config):
    config.write_text("hooks = [dict(a=1)]\n")
    assert_one_line(run_tool('train', config, '--cfg-options', 'hooks.7.a=2'),
                    '--cfg-options', config)


def test_work_dir_that_cannot_be_written(run_tool, config, tmp_path):
    (tmp_path / 'file').write_text('')
    folder = tmp_path / 'file' / 'work'
    assert_one_line(run_tool('train', config, '--work-dir', folder), folder,
                    'choose another with --work-dir')


def test_checkpoint_to_resume_from_is_missing(run_tool, config):
    assert_one_line(run_tool('train', config, '--resume', 'none.pth'),
                    'none.pth', 'no such checkpoint')


def test_torn_checkpoint_to_resume_from(run_tool, config, weights):
    weights.write_bytes(weights.read_bytes()[:100])
    assert_one_line(run_tool('train', config, '--resume', weights), weights,
                    'not a checkpoint')


def test_learning_rate_without_a_base(run_tool, config):
    assert_one_line(run_tool('train', config, '--auto-scale-lr'),
                    'base_batch_size')


def test_checkpoint_to_label_with_is_missing(run_tool, config):
    assert_one_line(run_tool('test', config, 'none.pth'), 'none.pth',
                    'no such checkpoint')


def test_out_without_the_hook_that_writes_it(run_tool, config, weights):
    assert_one_line(run_tool('test', config, weights, '--out', 'masks.json'),
                    '--out', 'mmdet_mal.PseudoLabelHook')


@pytest.mark.parametrize('content, words', [
    pytest.param(None, 'annotation file not found', id='absent'),
    pytest.param('{', 'not valid JSON', id='torn'),
    pytest.param('{"images": [], "categories": []}', "no 'annotations'",
                 id='no annotations'),
])
def test_unusable_annotation_file(content, words, run_tool, tmp_path,
                                  monkeypatch):
    monkeypatch.setenv('MAL_TINY_ROOT', str(tmp_path))
    if content is not None:
        (tmp_path / 'boxes.json').write_text(content)
    assert_one_line(run_tool('train', TINY), tmp_path / 'boxes.json', words)


def test_faulty_boxes_are_listed_all_at_once(run_tool, tmp_path, monkeypatch):
    monkeypatch.setenv('MAL_TINY_ROOT', str(tmp_path))
    boxes = {7: [float('nan'), 0, 20, 20], 8: [30, 30, -20, 20],
             9: [500, 0, 20, 20]}
    (tmp_path / 'boxes.json').write_text(json.dumps(dict(
        images=[dict(id=3, file_name='gone.png', height=64, width=64)],
        categories=[dict(id=1, name='thing')],
        annotations=[
            dict(id=i, image_id=3, category_id=1, bbox=box, iscrowd=0)
            for i, box in boxes.items()])))
    code, error = run_tool('train', TINY)
    assert code == 2
    assert 'Traceback' not in error
    for word in ('boxes.json', 'gone.png', *map(str, boxes)):
        assert word in error


@pytest.mark.parametrize('option, words', [
    pytest.param('model.mil_loss.bags=both', "'joint' or 'split'", id='loss'),
    pytest.param('model.network.decoder.pool=sum', "'max' or 'avg'", id='decoder'),
    pytest.param('model.class_loss.type=mmdet_mal.ClassLoss',
                 'model.network.decoder.num_classes', id='half a class loss'),
    pytest.param('model.postprocess.threshold=2', 'in [0, 1)', id='labelling'),
])
def test_an_impossible_setting(option, words, run_tool, tmp_path, monkeypatch):
    monkeypatch.setenv('MAL_TINY_ROOT', str(tmp_path))
    assert_one_line(run_tool('train', TINY, '--cfg-options', option), words)


def published_vit(patch):
    """The keys of a ViT as its authors publish it, as wide as the tiny one's."""
    state = {'cls_token': torch.zeros(1, 1, 32), 'pos_embed': torch.zeros(1, 17, 32),
             'patch_embed.proj.weight': torch.zeros(32, 3, patch, patch),
             'patch_embed.proj.bias': torch.zeros(32)}
    for block in range(2):
        for name, shape in (
                ('norm1', [32]), ('attn.qkv', [96, 32]), ('attn.proj', [32, 32]),
                ('norm2', [32]), ('mlp.fc1', [64, 32]), ('mlp.fc2', [32, 64])):
            state[f'blocks.{block}.{name}.weight'] = torch.zeros(shape)
            state[f'blocks.{block}.{name}.bias'] = torch.zeros(shape[:1])
    return {**state, 'norm.weight': torch.zeros(32), 'norm.bias': torch.zeros(32)}


CONVNEXT = {'downsample_layers.0.0.weight': torch.zeros(8, 3, 4, 4),
            'stages.0.0.dwconv.weight': torch.zeros(8, 1, 7, 7)}


@pytest.mark.parametrize('state, words', [
    pytest.param(published_vit(14), 'patch size 14 for 16', id='patch size'),
    pytest.param(CONVNEXT, 'holds a ConvNeXt, but the encoder of the config is a ViT',
                 id='architecture'),
])
def test_pretrained_weights_of_another_encoder(state, words, run_tool, tmp_path,
                                               monkeypatch):
    monkeypatch.setenv('MAL_TINY_ROOT', str(tmp_path))
    make_training_data(tmp_path, 4)
    path = tmp_path / 'mae_pretrain_vit_base.pth'
    torch.save({'model': state}, path)
    assert_one_line(
        run_tool('train', TINY, '--cfg-options', f'model.network.pretrained={path}'),
        path, words)


def test_patches_that_do_not_cover_the_crops(run_tool, tmp_path, monkeypatch):
    """Weights with patches of 14 px, their patch size set, and crops of 64 px."""
    monkeypatch.setenv('MAL_TINY_ROOT', str(tmp_path))
    make_training_data(tmp_path, 4)
    path = tmp_path / 'dinov2_vits14_pretrain.pth'
    torch.save(published_vit(14), path)
    assert_one_line(
        run_tool('train', TINY, '--cfg-options', f'model.network.pretrained={path}',
                 'model.network.encoder.patch_size=14'),
        'crops of 64 x 64 px', 'a multiple of 14')


@pytest.mark.parametrize('config, variable, key', [
    ('solov2_r50_fpn_ms-3x_coco.py', 'MAL_ANN', 'dataset'),
    ('mask-rcnn_r50_fpn_sample1e-3_ms-1x_lvis-v1.py', 'MAL_ANN', 'dataset.dataset'),
    ('human/mask-rcnn_r50_fpn_1x_coco.py', 'MAL_HUMAN_ANN', 'dataset'),
], ids=['COCO', 'LVIS', 'human'])
def test_masks_of_phase_2_that_are_not_there(config, variable, key, run_tool,
                                             monkeypatch):
    monkeypatch.setenv(variable, 'nowhere.json')
    assert_one_line(
        run_tool('train', REPO / 'configs/phase2' / config), 'nowhere.json',
        f'train_dataloader.{key}.ann_file', variable)


def test_a_bug_keeps_its_traceback(monkeypatch, config, tmp_path):
    """The model of the config does not exist: that is no user's slip here."""
    monkeypatch.setattr(sys, 'argv', [
        'train.py', str(config), '--work-dir', str(tmp_path / 'work')])
    monkeypatch.setenv('LOCAL_RANK', '0')
    with pytest.raises(Exception) as caught:
        runpy.run_path(str(REPO / 'tools' / 'train.py'), run_name='__main__')
    assert not isinstance(caught.value, SystemExit)

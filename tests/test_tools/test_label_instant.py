"""tools/label.py without a checkpoint: the instant labeller, end to end."""

import json
import logging
import runpy
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from label_data import CONFIG, REPO, TOOLS, make_label_data, run_tool

_CONFIG = '''
_base_ = '{repo}/configs/mal/instant_deit-ti.py'
model = dict(
    pretrained='{weights}',
    encoder=dict(
        arch=dict(_delete_=True, embed_dims=16, num_layers=1, num_heads=2,
                  feedforward_channels=32),
        img_size=64, out_indices=(0, )))
test_pipeline = _base_.test_pipeline
test_pipeline[1]['size'] = (64, 64)
test_dataloader = dict(
    num_workers=0, dataset=dict(chunk_boxes=3, pipeline=test_pipeline))
'''


def make_weights(path, config, seed):
    from mmengine.config import Config

    from mmdet_mal.registry import MODELS
    torch.manual_seed(seed)
    encoder = MODELS.build(Config.fromfile(str(config)).model.encoder)
    encoder.init_weights()
    torch.save({f'backbone.{key}': tensor
                for key, tensor in encoder.state_dict().items()}, path)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('instant')
    make_label_data(root, 4)
    config = root / 'instant.py'
    config.write_text(_CONFIG.format(repo=REPO, weights=root / 'encoder.pth'))
    make_weights(root / 'encoder.pth', config, seed=0)
    return root


@pytest.fixture
def label(root, monkeypatch, capsys):
    """Runs tools/label.py in this process; gives what it wrote to stderr."""
    monkeypatch.chdir(root)
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    # The tool sets it; monkeypatch takes it back.
    monkeypatch.setattr(logging, 'raiseExceptions', True)

    def run(config, out, *options, code=0):
        arguments = ['label.py', config, '--ann', 'boxes.json', '--images',
                     'images', '--out', out, *options]
        monkeypatch.setattr(sys, 'argv', list(map(str, arguments)))
        found = 0
        try:
            runpy.run_path(str(TOOLS / 'label.py'), run_name='__main__')
        except SystemExit as end:
            found = end.code
        output = capsys.readouterr()
        assert found == code, output
        return output.err

    return run


def test_a_config_alone_labels_every_box_in_any_number_of_processes(label, root):
    label('instant.py', 'one.json')
    annotations = json.loads((root / 'one.json').read_text())['annotations']
    assert len(annotations) == 12
    assert all(a['area'] > 0 and 'mask_score' in a['mal'] for a in annotations)
    run_tool('dist_label.sh', 'instant.py', 2, '--ann', 'boxes.json', '--images',
             'images', '--out', 'two.json', cwd=root)
    assert (root / 'two.json').read_bytes() == (root / 'one.json').read_bytes()


def test_other_weights_are_another_run(label, root):
    label('instant.py', 'three.json')
    make_weights(root / 'other.pth', root / 'instant.py', seed=1)
    error = label('instant.py', 'three.json', '--cfg-options',
                  f'model.pretrained={root}/other.pth', code=2)
    assert 'holds a label run of something else (checkpoint: ' in error


@pytest.mark.parametrize('config, options, words', [
    pytest.param(CONFIG, (), 'name the checkpoint behind the config',
                 id='a labeller that is trained'),
    pytest.param('instant.py', ('--cfg-options', 'model.pretrained=gone.pth'),
                 'gone.pth: no such checkpoint file', id='missing weights'),
    pytest.param('instant.py', ('--cfg-options', 'model.pretrained=None'),
                 'names no file', id='no weights'),
])
def test_without_weights_one_line_says_what_is_missing(config, options, words,
                                                       label, root):
    error = label(config, 'none.json', *options, code=2)
    line = error.strip().splitlines()[-1]
    assert line.startswith('label.py: error: ') and words in line
    assert not (root / 'none.json').exists()

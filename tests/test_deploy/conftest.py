"""A tiny labeller whose random weights make real edges, and its graphs."""

import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test_tools'))
from label_data import CONFIG, make_label_data

from mmdet_mal.cli.main import main
from mmdet_mal.inferencer.build import build_labeler
from mmdet_mal.registry import MODELS


def tiny_config(**model):
    config = Config.fromfile(CONFIG)
    config.model.update(model)
    return config


def save_weights(config, path):
    """Random weights, the teacher's other than the student's."""
    torch.manual_seed(0)
    labeler = MODELS.build(config.model)
    labeler.init_weights()
    with torch.no_grad():
        for network in (labeler.student, labeler.teacher):
            for weight in network.parameters():
                weight.add_(torch.randn_like(weight) * .2)
    torch.save(dict(state_dict=labeler.state_dict()), path)


@pytest.fixture
def make_labeler(tmp_path):
    """Builds a tiny labeller with settings of the model."""
    def make(decoder=None, **model):
        config = tiny_config(**model)
        config.model.network.decoder.update(decoder or {})
        save_weights(config, tmp_path / 'tiny.pth')
        return build_labeler(config, tmp_path / 'tiny.pth')
    return make


@pytest.fixture(scope='session')
def data_root(tmp_path_factory):
    """Drawn photographs, and a tiny labeller: config.py and tiny.pth."""
    root = tmp_path_factory.mktemp('export')
    make_label_data(root, 3)
    (root / 'config.py').write_text(
        f"_base_ = '{CONFIG}'\nmodel = dict(refine='mean_field', "
        "crf_loss=dict(zeta=.3, clamp=.1), postprocess=dict(ellipse_prior=2.))\n")
    save_weights(Config.fromfile(root / 'config.py'), root / 'tiny.pth')
    return root


@pytest.fixture(scope='session')
def onnx_file(data_root):
    """The tiny labeller as an ONNX file, made as a person makes it."""
    pytest.importorskip('onnxruntime')
    out = data_root / 'labeller.onnx'
    main(['export-model', str(data_root / 'config.py'),
          str(data_root / 'tiny.pth'), '-o', str(out)])
    return out

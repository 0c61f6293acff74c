"""Files for other runtimes: parity, metadata, what is refused."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from label_data import CONFIG
from mmengine.config import Config

from mmdet_mal.cli.main import main
from mmdet_mal.deploy import export as export_module
from mmdet_mal.deploy.crop_recipe import CropRecipe
from mmdet_mal.deploy.errors import ExportError
from mmdet_mal.deploy.export import METADATA_KEY, OPSET, export_graph
from mmdet_mal.deploy.labeler_graph import LabelerGraph
from mmdet_mal.deploy.load import load_labeler
from mmdet_mal.deploy.metadata import describe_labeler
from mmdet_mal.deploy.parity import TOLERANCE, sample_inputs
from mmdet_mal.inferencer.build import build_labeler
from mmdet_mal.registry import MODELS

onnxruntime = pytest.importorskip('onnxruntime')
REPO = Path(__file__).resolve().parents[2]
# Different sizes of boxes, at the bounds of the routing and far from them.
AREAS = [1023., 1024., 9215.9, 9216., 50000.]


@pytest.fixture(scope='module')
def graph(data_root):
    config = Config.fromfile(data_root / 'config.py')
    labeler = load_labeler(config, data_root / 'tiny.pth')
    return LabelerGraph(labeler, (64, 64)).eval()


def _inputs(graph, count):
    inputs = list(sample_inputs(graph, count))
    inputs[1] = torch.tensor([AREAS[i % len(AREAS)] for i in range(count)])
    return inputs


def _run(session, inputs):
    names = [value.name for value in session.get_inputs()]
    return session.run(None, dict(zip(
        names, (value.numpy() for value in inputs), strict=True)))[0]


@pytest.mark.parametrize('count', [1, 2, 5, 16])
def test_onnxruntime_agrees_at_every_batch_and_box_size(onnx_file, graph, count):
    session = onnxruntime.InferenceSession(
        onnx_file, providers=['CPUExecutionProvider'])
    inputs = _inputs(graph, count)
    with torch.no_grad():
        wanted = graph(*inputs).numpy()
    found = _run(session, inputs)
    assert found.shape == wanted.shape == (count, 16, 16)
    assert np.abs(found - wanted).max() <= TOLERANCE
    assert wanted.std() > .05


def test_the_onnx_file_says_what_it_is(onnx_file):
    import onnx
    model = onnx.load(onnx_file)
    onnx.checker.check_model(model)
    assert [v.version for v in model.opset_import if v.domain == ''] == [OPSET]
    shapes = {
        value.name: [d.dim_param or d.dim_value
                     for d in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)}
    assert shapes == dict(
        crops=['batch', 3, 64, 64], box_areas=['batch'], boxes=['batch', 4],
        valid_boxes=['batch', 4], probability=['batch', 16, 16])
    facts = json.loads({p.key: p.value for p in model.metadata_props}[METADATA_KEY])
    assert facts['crop_size'] == [64, 64] and facts['expansion_rate'] == .3
    assert facts['threshold'] == .5 and facts['padding'] == 'reflect'
    assert facts['mean'] == [123.675, 116.28, 103.53]
    assert facts['channel_order'] == 'rgb' and 'outside' in facts['normalised']
    assert facts['ellipse_prior'] == 2 and 'licence' in facts
    assert len(facts['checkpoint_sha256']) == 64
    assert str(onnx_file.parent) not in json.dumps(facts)


def test_a_torch_program_agrees_and_carries_the_same_facts(data_root, graph, capsys):
    out = data_root / 'labeller.pt2'
    main(['export-model', str(data_root / 'config.py'),
          str(data_root / 'tiny.pth'), '-o', str(out)])
    assert 'Apache-2.0' in capsys.readouterr().out
    extra = {'mmdet_mal.json': ''}
    program = torch.export.load(out, extra_files=extra).module()
    assert json.loads(extra['mmdet_mal.json'])['crop_size'] == [64, 64]
    for count in (1, 3):
        inputs = _inputs(graph, count)
        with torch.no_grad():
            torch.testing.assert_close(
                program(*inputs), graph(*inputs), atol=TOLERANCE, rtol=0)


@pytest.mark.slow
def test_the_small_coco_config_is_exported(tmp_path):
    config = Config.fromfile(REPO / 'configs/mal/mal_deit-ti_coco-mini.py')
    config.model.network.pretrained = None
    torch.manual_seed(0)
    labeler = MODELS.build(config.model)
    labeler.init_weights()
    torch.save(dict(state_dict=labeler.state_dict()), tmp_path / 'random.pth')
    labeler = build_labeler(config, tmp_path / 'random.pth')
    graph = LabelerGraph(labeler, (224, 224)).eval()
    facts = describe_labeler(config, labeler)
    difference = export_graph(graph, facts, str(tmp_path / 'x.onnx'), 'onnx')
    assert difference <= TOLERANCE
    assert os.listdir(tmp_path).count('x.onnx') == 1


def test_a_file_that_disagrees_does_not_get_its_name(graph, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, 'compare', lambda *_: .5)
    with pytest.raises(ExportError, match='differs from the network by up to 0.5'):
        export_graph(graph, {}, str(tmp_path / 'x.pt2'), 'torch')
    assert os.listdir(tmp_path) == []


def test_a_comparison_with_nan_does_not_pass(graph):
    from mmdet_mal.deploy.parity import compare

    def broken(*inputs):
        return torch.full((len(inputs[0]), 16, 16), torch.nan)

    assert compare(graph, broken) == torch.inf


def _fails(capsys, *words):
    with pytest.raises(SystemExit) as end:
        main(['export-model', *map(str, words)])
    assert end.value.code == 2
    return capsys.readouterr().err


def test_what_cannot_be_exported_is_said_in_one_line(data_root, capsys, tmp_path):
    config, weights = data_root / 'config.py', data_root / 'tiny.pth'
    out = tmp_path / 'x.onnx'
    cases = {
        'ending tells no format': (config, weights, '-o', tmp_path / 'x.bin'),
        'an InstantLabeler cannot be exported': ('instant_deit-ti', '-o', out),
        'only a trained labeller': (config, '-o', out),
        'no such config': ('mal_nothing', weights, '-o', out),
        'no such checkpoint': (config, tmp_path / 'gone.pth', '-o', out),
        'cannot write': (config, weights, '-o', '/proc/x/y.onnx'),
        'it is a folder': (config, weights, '-o', tmp_path, '--format', 'onnx'),
    }
    for message, words in cases.items():
        error = _fails(capsys, *words)
        assert message in error and error.count('\n') == 1, (message, error)
    assert os.listdir(tmp_path) == []


def test_a_missing_package_is_named(data_root, capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxscript', None)
    error = _fails(capsys, data_root / 'config.py', data_root / 'tiny.pth', '-o',
                   tmp_path / 'x.onnx')
    assert "onnxscript is not installed" in error and 'mmdet-mal[onnx]' in error


def _tiny_graph(decoder):
    config = Config.fromfile(CONFIG)
    config.model.network.decoder = dict(decoder, in_channels=[32])
    return LabelerGraph(MODELS.build(config.model).eval(), (64, 64)).eval()


def test_an_operation_that_onnx_lacks_is_said_and_torch_takes_it(tmp_path):
    graph = _tiny_graph(dict(type='mmdet_mal.FCMaskHead', hidden_channels=32,
                             crop_size=(64, 64)))
    with pytest.raises(ExportError, match='FCMaskHead.*--format torch'):
        export_graph(graph, {}, str(tmp_path / 'x.onnx'), 'onnx')
    assert os.listdir(tmp_path) == []
    export_graph(graph, {}, str(tmp_path / 'x.pt2'), 'torch')
    assert os.listdir(tmp_path) == ['x.pt2']


def test_a_network_tied_to_one_batch_size_is_refused(tmp_path):
    graph = _tiny_graph(dict(type='mmdet_mal.QueryMaskHead', channels=16))
    with pytest.raises(ExportError, match='QueryMaskHead.*every batch size'):
        export_graph(graph, {}, str(tmp_path / 'x.pt2'), 'torch')


def test_a_network_too_large_for_onnx_is_refused(graph, tmp_path, monkeypatch):
    monkeypatch.setattr(export_module, '_PROTOBUF_LIMIT', 1000)
    with pytest.raises(ExportError, match='holds 2'):
        export_graph(graph, {}, str(tmp_path / 'x.onnx'), 'onnx')


def test_a_pipeline_that_the_facts_do_not_cover_is_refused(data_root):
    config = Config.fromfile(data_root / 'config.py')
    assert CropRecipe.of_config(config).crop_size == (64, 64)
    config.test_dataloader.dataset.pipeline.insert(
        2, dict(type='mmdet_mal.RandomCropFlip'))
    with pytest.raises(ExportError, match='RandomCropFlip'):
        CropRecipe.of_config(config)

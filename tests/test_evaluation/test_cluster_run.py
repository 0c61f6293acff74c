"""An encoder scored over a data set, by blocks."""

import copy
import importlib.util
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmdet_mal.evaluation.cluster_run import cluster_rows, score_encoder
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError

REPO = Path(__file__).parents[2]
CONFIG = REPO / 'tests' / 'test_tools' / 'mal_tiny.py'


@pytest.fixture(scope='module')
def config():
    config = Config.fromfile(CONFIG)
    config.model.network.encoder.arch.num_layers = 3
    return config


@pytest.fixture(scope='module')
def data(config, tmp_path_factory):
    """Two images of grey noise with a bright disc each; random weights."""
    root = tmp_path_factory.mktemp('cluster')
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i in (1, 2):
        img = rng.integers(0, 60, (90, 120, 3), np.uint8)
        polygon = cv2.ellipse2Poly((50, 45), (30, 25), 0, 0, 360, 10)
        cv2.fillPoly(img, [polygon], (240, 200, 220))
        cv2.imwrite(str(root / f'{i}.png'), img)
        images.append(dict(id=i, file_name=f'{i}.png', height=90, width=120))
        for j in range(3):
            annotations.append(dict(
                id=10 * i + j, image_id=i, category_id=1, iscrowd=0, area=2000,
                bbox=[20, 20, 60, 50], segmentation=[polygon.ravel().tolist()]))
    (root / 'human.json').write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=1, name='disc')])))
    torch.manual_seed(0)
    encoder = MODELS.build(copy.deepcopy(config.model.network.encoder))
    encoder.init_weights()
    torch.save(encoder.state_dict(), root / 'weights.pth')
    return root


def score(config, data, **options):
    return score_encoder(config, str(data / 'human.json'), str(data),
                         **{'weights': str(data / 'weights.pth'), **options})


def test_every_block_gets_its_scores(config, data):
    before = copy.deepcopy(config.to_dict())
    result = score(config, data)
    assert config.to_dict() == before
    assert [block['name'] for block in result['blocks']] == [
        '0', '1', '2 (final norm)']
    assert (result['n'], result['n_left_out'], result['n_unreadable']) == (6, 0, 0)
    for block in result['blocks']:
        # A disc that differs in colour is told apart by any encoder.
        assert 0 < block['score'] < block['one_centre'] < 4
    rows = cluster_rows(result)
    assert len(rows) == 4 and rows[1][0] == '0'
    assert float(rows[1][3]) == pytest.approx(
        result['blocks'][0]['score'] / result['blocks'][0]['one_centre'], abs=1e-3)


def test_chosen_blocks_boxes_and_crops(config, data):
    whole = score(config, data)
    one = score(config, data, blocks=[1])
    assert one['blocks'] == [whole['blocks'][1]]
    # Chunks of three boxes: one of them is the nearest to two boxes.
    assert score(config, data, max_boxes=2)['n'] == 3
    assert score(config, data, crop_size=96)['crop_size'] == [96, 96]


def test_unreadable_image_is_counted(config, data):
    file = data / '2.png'
    content = file.read_bytes()
    try:
        file.write_bytes(b'broken')
        result = score(config, data)
    finally:
        file.write_bytes(content)
    assert (result['n'], result['n_unreadable']) == (3, 3)


@pytest.mark.parametrize('options, words', [
    (dict(blocks=[3]), 'blocks 0 to 2'), (dict(max_boxes=0), '--max-boxes 0'),
    (dict(crop_size=0), '--crop-size 0'), (dict(weights='absent.pth'), 'absent.pth'),
    (dict(weights=None), 'names no pretrained weights'),
])
def test_what_a_person_can_mend(config, data, options, words):
    with pytest.raises(UserError, match=words):
        score(config, data, **options)


def test_other_configs_are_refused(config, data):
    with pytest.raises(UserError, match='has no encoder'):
        score(Config(dict(model=dict(type='x'))), data)
    swin = copy.deepcopy(config)
    swin.model.network.encoder = dict(type='mmpretrain.SwinTransformer', arch='t')
    with pytest.raises(UserError, match='has stages'):
        score(swin, data, blocks=[1])


def test_tool(config, data, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location(
        'cluster_score', REPO / 'tools' / 'analysis' / 'cluster_score.py')
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(sys, 'argv', [
        'cluster_score', str(CONFIG), '--ann', str(data / 'human.json'),
        '--images', str(data), '--weights', str(data / 'weights.pth'),
        '--blocks', '0', '1', '--out', str(data / 'scores.json')])
    tool.main()
    shown = capsys.readouterr().out
    assert '6 boxes scored' in shown and 'ratio' in shown
    written = json.loads((data / 'scores.json').read_text())
    assert [block['name'] for block in written['blocks']] == [
        '0', '1 (final norm)']


def test_deit_groups_objects_of_photographs(shared_dir, deit_weights):
    """Middle blocks group better than the first, as docs/experiments.md found."""
    cats = shared_dir / 'feral_cats'
    config = Config.fromfile(REPO / 'configs' / 'mal' / 'mal_deit-ti_coco.py')
    result = score_encoder(
        config, str(cats / 'annotations' / 'instances_dev.json'),
        str(cats / 'images'), weights=str(deit_weights), max_boxes=12,
        crop_size=224, blocks=[1, 7])
    ratio = {block['name']: block['score'] / block['one_centre']
             for block in result['blocks']}
    assert ratio['7'] < ratio['1'] < 1

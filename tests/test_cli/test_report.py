"""mal report and mal attention: which files they take, what they say."""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmdet_mal.cli import attention, report
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.report.sources import find_sources

TINY = Path(__file__).parents[1] / 'test_tools' / 'mal_tiny.py'


def call(verb, *words):
    parser = argparse.ArgumentParser()
    verb.add_options(parser)
    verb.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def place(tmp_path):
    """A training's folder with masks in it, a run folder, an image, boxes."""
    log = tmp_path / 'work' / '20261121_040000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text('{"loss": 1.0, "lr": 0.1, "iter": 10, "epoch": 1}\n')
    run = tmp_path / 'masks.run'
    run.mkdir()
    (tmp_path / 'empty').mkdir()
    (run / 'manifest.json').write_text('{}')
    cv2.imwrite(str(tmp_path / 'a.png'), np.random.default_rng(0).integers(
        0, 255, (80, 100, 3), np.uint8))
    ann = dict(id=7, image_id=1, category_id=1, bbox=[10, 10, 50, 40], area=2000,
               iscrowd=0, score=.5,
               segmentation=[[10, 10, 60, 10, 60, 50, 10, 50]])
    (tmp_path / 'masks.json').write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.png', height=80, width=100)],
        annotations=[ann], categories=[dict(id=1, name='thing')])))
    return tmp_path


def test_sources_are_told_apart(place):
    masks, run, work = (str(place / n) for n in ('masks.json', 'masks.run', 'work'))
    assert find_sources(masks) == dict(masks=masks)
    assert find_sources(run) == dict(run_dir=run, masks=masks)
    assert find_sources(work) == dict(work_dir=work)
    assert find_sources(work, masks=masks) == dict(work_dir=work, masks=masks)
    assert find_sources(masks, work_dir=work) == dict(work_dir=work, masks=masks)
    (place / 'work' / 'masks.json').write_text('{}')
    assert find_sources(work)['masks'] == f'{work}/masks.json'


@pytest.mark.parametrize('run, options, words', [
    ('absent', {}, 'no such file or folder'),
    ('a.png', {}, 'expected a masks JSON'),
    ('empty', {}, 'neither a run folder .* nor the work folder'),
    ('masks.json', dict(masks='masks.json'), 'two of the same kind'),
    ('work', dict(work_dir='work'), 'two of the same kind'),
    ('work', dict(masks='absent.json'), 'absent.json: no such masks JSON'),
])
def test_paths_that_are_nothing(place, monkeypatch, run, options, words):
    monkeypatch.chdir(place)
    with pytest.raises(UserError, match=words):
        find_sources(run, **options)


def test_report(place, capsys):
    out = place / 'new' / 'report.html'
    call(report, place / 'work', '--masks', place / 'masks.json', '--images', place,
         '-o', out, '--title', 'Ours')
    assert str(out) in capsys.readouterr().out
    page = out.read_text()
    assert '<h1>Ours</h1>' in page and page.count('<img') == 3


def test_curves_of_several_trainings(place, capsys):
    out = place / 'curves.png'
    call(report, '--curves', place / 'work', f'again={place}/work', '-o', out)
    assert cv2.imread(str(out)) is not None and str(out) in capsys.readouterr().out


@pytest.mark.parametrize('words, message', [
    ([], 'nothing to report on'),
    (['masks.json', '--curves', 'work'], '--curves draws curves only'),
    (['--curves', 'work', '-o', 'x.jpg'], 'name it so'),
    (['--curves', 'nowhere', '-o', 'x.png'], 'no log of a training'),
])
def test_report_says_what_to_mend(place, monkeypatch, words, message):
    monkeypatch.chdir(place)
    with pytest.raises(UserError, match=message):
        call(report, *words)


@pytest.fixture
def checkpoint(place):
    """A tiny labeller with random weights."""
    model = MODELS.build(Config.fromfile(TINY).model)
    torch.save(dict(state_dict=model.state_dict()), place / 'tiny.pth')
    return place / 'tiny.pth'


def test_attention_of_a_trained_labeller(place, checkpoint, capsys):
    out = place / 'attention.png'
    common = (TINY, checkpoint, '--ann', place / 'masks.json', '--images', place,
              '-o', out)
    call(attention, *common, '--blocks', 0, 1)
    text = capsys.readouterr().out
    assert 'the class token, annotation 7' in text and 'blocks 0, 1' in text
    by_class = cv2.imread(str(out))
    call(attention, *common, '--id', 7, '--query', 'box', '--blocks', 0, 1,
         '--network', 'student')
    assert 'the patches inside the box' in capsys.readouterr().out
    by_box = cv2.imread(str(out))
    assert by_box.shape == by_class.shape and not np.array_equal(by_box, by_class)


@pytest.mark.parametrize('words, message', [
    (['--id', 8], 'annotation 8 is not among its 1 sound boxes'),
    (['--blocks', 2], 'blocks 0 to 1'),
    (['--heads', 2], '--heads: head 2'), (['--heads', 'x'], 'expected numbers'),
    (['-o', 'a.jpg'], 'name it so'), (['--images', 'absent'], 'no such folder'),
    (['--ann', 'absent.json'], 'absent.json'),
])
def test_attention_says_what_to_mend(place, checkpoint, monkeypatch, words,
                                     message):
    monkeypatch.chdir(place)
    with pytest.raises(UserError, match=message):
        call(attention, TINY, checkpoint, '--ann', 'masks.json', '--images', '.',
             *words)


def test_attention_without_checkpoint_needs_pretrained_weights(place):
    with pytest.raises(UserError, match='names no pretrained weights'):
        call(attention, TINY, '--ann', place / 'masks.json', '--images', place)


def test_attention_of_an_encoder_without_any_is_refused(place, tmp_path):
    config = Config.fromfile(TINY)
    config.model.network.encoder = dict(
        type='mmpretrain.ConvNeXt', arch='atto', out_indices=(3, ),
        gap_before_final_norm=False)
    config.model.network.decoder.in_channels = [320]
    model = MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'cn.pth')
    config.dump(str(tmp_path / 'cn.py'))
    with pytest.raises(UserError, match='ConvNeXt not at all'):
        call(attention, tmp_path / 'cn.py', tmp_path / 'cn.pth', '--ann',
             place / 'masks.json', '--images', place)

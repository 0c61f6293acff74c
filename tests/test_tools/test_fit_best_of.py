"""tools/analysis/fit_best_of.py: fits a scale on one file and checks on another."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test_best_of'))
from discs import SIZE, disc, picture, rle_of

TOOL = (Path(__file__).resolve().parents[2] / 'tools' / 'analysis'
        / 'fit_best_of.py')
DISCS = [(30, 45, 14), (90, 45, 18)]
IMAGES = 75


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Of each box one of the two sources has the disc, by turns."""
    root = tmp_path_factory.mktemp('fit')
    (root / 'images').mkdir()
    rng = np.random.default_rng(0)
    files = dict(human=[], one=[], two=[])
    for image in range(1, IMAGES + 1):
        discs = [(x + int(rng.integers(-5, 6)), y, r) for x, y, r in DISCS]
        cv2.imwrite(str(root / 'images' / f'{image}.png'), picture(discs))
        for x, y, r in discs:
            number = len(files['human']) + 1
            common = dict(id=number, image_id=image, category_id=1, iscrowd=0,
                          bbox=[x - r, y - r, 2 * r, 2 * r])
            good, box = disc(x, y, r), np.zeros(SIZE, bool)
            box[y - r:y + r, x - r:x + r] = True
            pair = (good, box) if number % 3 else (box, good)
            for name, mask in zip(files, (good, *pair), strict=True):
                files[name].append(dict(common, segmentation=rle_of(mask),
                                        area=int(mask.sum())))
    head = dict(categories=[dict(id=1, name='disc')], images=[
        dict(id=i, file_name=f'{i}.png', height=SIZE[0], width=SIZE[1])
        for i in range(1, IMAGES + 1)])
    for name, annotations in files.items():
        (root / f'{name}.json').write_text(
            json.dumps(dict(head, annotations=annotations)))
    return root


@pytest.fixture
def run(root, monkeypatch, capsys):
    """Runs the tool in the folder of the data; returns what it printed."""
    monkeypatch.chdir(root)

    def run(*words, human='human.json'):
        monkeypatch.setattr(sys, 'argv', [
            'fit_best_of.py', human, 'one.json', 'two.json', '--images', 'images',
            *map(str, words)])
        runpy.run_path(str(TOOL), run_name='__main__')
        return capsys.readouterr().out

    return run


def test_a_scale_is_fitted_written_and_checked(run, root, tmp_path):
    scale, report = tmp_path / 'scale.json', tmp_path / 'report.json'
    text = run('--out', scale)
    assert '150 boxes' in text and 'by cross-validation' in text
    assert f'scale: {scale}' in text
    content = json.loads(scale.read_text())
    found = content['cross_validation'][0]
    assert found['oracle'] == 1 and found['share'] == 1
    assert found['kept'] == dict(one=100, two=50)
    assert content['fitted_on'][0]['boxes'] == 150
    text = run('--check', scale, '--out', report)
    assert f'by {scale}' in text and '| one 0.9' in text and '+1.00' in text
    checked = json.loads(report.read_text())
    assert checked['report'][0]['choice'] == 1 and 'variant' not in checked


def test_the_bar_ends_where_the_images_do(run, monkeypatch):
    totals = []
    from mmdet_mal.best_of import table
    monkeypatch.setattr(table, 'show_progress', lambda items, total, *names: (
        totals.append((len(items), total)) or items))
    run('--check', 'coco_mini')
    assert totals == [(IMAGES, IMAGES)]


@pytest.mark.parametrize('path', ['human.json', 'one.json'])
def test_no_input_is_written_over(run, root, capsys, path):
    before = (root / path).read_bytes()
    with pytest.raises(SystemExit):
        run('--out', path)
    assert 'this is the input' in capsys.readouterr().err
    assert (root / path).read_bytes() == before


@pytest.mark.parametrize('words, message', [
    pytest.param(('--check', 'nothing'), 'nothing: no such scale', id='no scale'),
    pytest.param(('--check', 'coco_mini', '--out', 'images'), 'it is a folder',
                 id='folder for a file'),
    pytest.param(('--check', 'coco_mini', '--images', 'gone'),
                 'gone: no such folder', id='no images')])
def test_mistakes_end_with_one_line(run, capsys, words, message):
    with pytest.raises(SystemExit) as stop:
        run(*words)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and error.count('\n') == 1 and message in error


def test_boxes_without_human_masks_name_the_file(run, root, capsys):
    data = json.loads((root / 'human.json').read_text())
    del data['annotations'][0]['segmentation']
    (root / 'part.json').write_text(json.dumps(data))
    with pytest.raises(SystemExit):
        run('--check', 'coco_mini', human='part.json')
    assert 'part.json: annotation 1 has no segm' in capsys.readouterr().err

"""``tools/analysis/loose_boxes.py`` on drawn pictures."""

import json
import sys
from pathlib import Path

import cv2
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / 'test_tools'))
from label_data import CONFIG, make_checkpoint, make_label_data

from mmdet_mal.robustness import baseline_scores
from mmdet_mal.robustness.command import main
from mmdet_mal.utils.errors import UserError


@pytest.fixture
def place(tmp_path, monkeypatch):
    make_label_data(tmp_path / 'data', 2)
    data = json.loads((tmp_path / 'data/boxes.json').read_text())
    for ann in data['annotations']:
        x, y, w, h = ann['bbox']
        ann['segmentation'] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    (tmp_path / 'data/human.json').write_text(json.dumps(data))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch, *words, human='data/human.json'):
    monkeypatch.setattr(sys, 'argv', [
        'loose_boxes.py', human, '--images', 'data/images', '--out', 'out',
        *map(str, words)])
    main()


def results():
    return json.loads(Path('out/results.json').read_text())


def test_the_filled_box_falls_with_the_boxes(place, monkeypatch, capsys):
    run(monkeypatch, '--baselines', 'box', 'ellipse', 'grabcut', '--levels', 0, .2,
        '--how', 'grow')
    found = results()
    assert found['boxes'] == 6 and found['levels'] == [0, .2]
    box = found['labellers']['box']
    assert box['0']['miou'] == pytest.approx(1)
    # Whole pixels that the larger box touches, cut off at the border.
    assert box['0.2']['miou'] == pytest.approx(found['mean_box_iou']['0.2'], abs=.06)
    assert found['mean_box_iou'] == {'0': 1, '0.2': pytest.approx(1 / 1.44, abs=.02)}
    assert set(found['labellers']) == {'box', 'ellipse', 'grabcut'}
    assert cv2.imread('out/results.png') is not None
    text = Path('out/results.md').read_text()
    assert '| grabcut |' in text and 'boxes themselves' in text
    assert 'Share of the IoU with true boxes' in text
    assert 'out/results.md' in capsys.readouterr().out
    written = json.loads(Path('out/boxes/20.json').read_text())
    assert not any('segmentation' in ann for ann in written['annotations'])


def test_labellers_and_levels_may_be_added(place, monkeypatch):
    run(monkeypatch, '--baselines', 'box', '--levels', 0)
    calls = []
    label = baseline_scores.BASELINES['box']
    monkeypatch.setitem(baseline_scores.BASELINES, 'box',
                        lambda *args: calls.append(1) or label(*args))
    run(monkeypatch, '--baselines', 'box', '--levels', 0, .1)
    assert len(calls) == 6
    assert set(results()['labellers']['box']) == {'0', '0.1'}


def test_a_grid_is_compared_with_its_first_row(place, monkeypatch):
    make_checkpoint(place / 'weights.pth')
    (place / 'margins.yaml').write_text(
        f'config: {CONFIG}\ncells:\n  - {{name: plain}}\n'
        '  - {name: margin, set: {model.postprocess: {box_margin: 0.1}}}\n')
    run(monkeypatch, '--labeller', 'margins.yaml', 'weights.pth', '--levels', 0, .1)
    found = results()['labellers']
    # Of one grid alone the rows need no other name.
    assert found['plain']['0.1']['gain'] is None
    assert found['margin']['0.1']['gain'] is not None
    assert '## Less the first row' in Path('out/results.md').read_text()
    # Two labellers of one config are told apart by their names.
    run(monkeypatch, '--labeller', f'one={CONFIG}', 'weights.pth', '--labeller',
        f'two={CONFIG}', 'weights.pth', '--levels', 0)
    first, second = results()['labellers'].values()
    assert first['0']['miou'] == second['0']['miou']
    assert list(results()['labellers']) == ['one', 'two']


@pytest.mark.parametrize('words, message', [
    ([], 'nothing to label with'),
    (['--baselines', 'box', '--levels', 1.], 'expected shares in'),
    (['--baselines', 'box', '--seed', -1], 'expected 0 or more'),
    (['--labeller', 'a', 'b', 'c'], 'at most one checkpoint'),
    (['--labeller', 'none.yaml'], 'no such grid'),
    (['--labeller', '=none.yaml'], 'no such grid'),
    (['--baselines', 'box', '--number', 0], 'expected 1 or more')])
def test_mistakes_are_told_in_a_line(place, monkeypatch, words, message):
    with pytest.raises(UserError, match=message):
        run(monkeypatch, *words)
    assert not Path('out').exists()


def test_a_file_without_masks_is_refused(place, monkeypatch):
    with pytest.raises(UserError, match='has no segmentation'):
        run(monkeypatch, '--baselines', 'box', human='data/boxes.json')


def test_a_bad_file_leaves_no_folder_that_refuses_the_good_one(place, monkeypatch):
    (place / 'data/bad.json').write_text('{}')
    with pytest.raises(UserError, match="no 'images'"):
        run(monkeypatch, '--baselines', 'box', '--levels', 0, human='data/bad.json')
    run(monkeypatch, '--baselines', 'box', '--levels', 0)
    assert set(results()['labellers']) == {'box'}


def test_another_direction_needs_another_folder(place, monkeypatch):
    run(monkeypatch, '--baselines', 'box', '--levels', 0)
    with pytest.raises(UserError, match='holds another experiment: how'):
        run(monkeypatch, '--baselines', 'box', '--levels', 0, '--how', 'shift')

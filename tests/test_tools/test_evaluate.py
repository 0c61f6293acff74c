import importlib.util
import json
import shutil
import sys
from pathlib import Path

import cv2
import pytest

from mmdet_mal.demo import draw_dataset
from mmdet_mal.evaluation.baselines import label_with_baseline
from mmdet_mal.utils.tool import run_tool

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'evaluate.py'


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """A drawn set and the masks of the ellipse baseline for it."""
    folder = tmp_path_factory.mktemp('drawn')
    human = draw_dataset(folder, 0, 1, 2, show_progress=False)['instances_val']
    masks = str(folder / 'masks.json')
    label_with_baseline('ellipse', human, masks)
    return masks, human, str(folder / 'images')


@pytest.fixture
def evaluate(monkeypatch):
    """Runs the tool in this process."""
    spec = importlib.util.spec_from_file_location('evaluate_tool', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)

    def run(*arguments):
        monkeypatch.setattr(sys, 'argv', ['evaluate.py', *map(str, arguments)])
        run_tool(tool.main)

    return run


def test_table_has_a_row_for_each_labeller(evaluate, drawn, tmp_path, capsys):
    masks, human, images = drawn
    out = tmp_path / 'scores.json'
    evaluate(masks, human, '--baselines', 'box', 'ellipse', 'grabcut',
             '--images', images, '--out', out)
    scores = json.loads(out.read_text())['scores']
    assert list(scores) == ['box', 'ellipse', 'grabcut', 'MAL']
    # The masks that were given are those of the ellipse.
    assert scores['MAL']['sizes'] == scores['ellipse']['sizes']
    assert scores['MAL']['worst'][0]['score'] == 1
    printed = capsys.readouterr().out
    assert 'boundary_iou' in scores['MAL']['sizes']['all']
    for name in ('scores.png', 'scores_worst.png'):
        assert cv2.imread(str(tmp_path / name)) is not None and name in printed
    assert '| grabcut |' in out.with_suffix('.md').read_text()
    assert all(name in printed for name in scores) and str(out) in printed


def test_images_may_lie_in_an_archive(evaluate, drawn, tmp_path):
    masks, human, images = drawn
    archive = shutil.make_archive(str(tmp_path / 'photos'), 'zip', images)
    out = tmp_path / 'scores.json'
    evaluate(masks, human, '--baselines', 'grabcut', '--images', archive,
             '--out', out)
    scores = json.loads(out.read_text())['scores']
    assert 0 < scores['grabcut']['sizes']['all']['miou'] < 1
    assert cv2.imread(str(tmp_path / 'scores_worst.png')) is not None


def test_other_labellers_and_retention_are_added(
        evaluate, drawn, tmp_path, capsys):
    masks, human, _ = drawn
    for name, ap in (('mal', .3), ('human', .4)):
        log = tmp_path / name / 'vis_data' / 'scalars.json'
        log.parent.mkdir(parents=True)
        log.write_text(json.dumps({'coco/segm_mAP': ap}))
    out = tmp_path / 'scores.json'
    evaluate(masks, human, '--more', f'human={human}', '--retention',
             tmp_path / 'mal', tmp_path / 'human', '--out', out)
    scores = json.loads(out.read_text())['scores']
    assert scores['human']['sizes']['all']['miou'] == 1
    assert scores['human']['sizes']['all']['boundary_iou'] == 1
    assert '| retention % | 75.0 |' in out.with_suffix('.md').read_text()
    assert '75.0' in capsys.readouterr().out


def test_missing_masks_are_said(evaluate, drawn, tmp_path, capsys):
    masks, human, _ = drawn
    data = json.loads(Path(masks).read_text())
    del data['annotations'][0]
    part = tmp_path / 'part.json'
    part.write_text(json.dumps(data))
    evaluate(part, human)
    assert 'have no mask' in capsys.readouterr().out


def test_masks_of_baselines_are_kept_and_used_again(evaluate, drawn, tmp_path):
    masks, human, _ = drawn
    command = (masks, human, '--baselines', 'box', '--baseline-dir', tmp_path)
    evaluate(*command)
    first = (tmp_path / 'box.json').stat().st_mtime_ns
    evaluate(*command)
    assert (tmp_path / 'box.json').stat().st_mtime_ns == first


@pytest.mark.parametrize('arguments,message', [
    pytest.param(('no.json', '{human}'), 'no.json: annotation file not found',
                 id='no masks file'),
    pytest.param(('{masks}', '{boxes}'), 'has no segmentation',
                 id='boxes in place of human masks'),
    pytest.param(('{masks}', '{human}', '--more', 'x.json'),
                 'expected NAME=MASKS.json', id='row without a name'),
    pytest.param(('{masks}', '{human}', '--more', 'MAL={masks}'),
                 'no other row has', id='name there twice'),
    pytest.param(('{masks}', '{human}', '--retention', 'a', 'b'),
                 'a: no such log', id='no log'),
    pytest.param(('{masks}', '{human}', '--baselines', 'grabcut'),
                 '--images DIR', id='grabcut without images')])
def test_mistakes_end_with_one_line(evaluate, drawn, capsys, arguments, message):
    masks, human, _ = drawn
    names = dict(masks=masks, human=human,
                 boxes=str(Path(human).with_name('boxes_val.json')))
    with pytest.raises(SystemExit) as stop:
        evaluate(*(text.format(**names) for text in arguments))
    assert stop.value.code == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('evaluate.py: error: ') and message in error

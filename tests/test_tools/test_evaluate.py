import importlib.util
import json
import shutil
import sys
from pathlib import Path

import cv2
import pytest

from mmdet_mal.demo import draw_dataset
from mmdet_mal.evaluation.baselines import instant, label_with_baseline
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
    report = out.with_suffix('.md').read_text()
    assert '| grabcut |' in report and masks in report and human in report
    assert '(scores.png)' in report and '(scores_worst.png)' in report
    content = json.loads(out.read_text())
    assert content['differences']['ellipse']['all']['difference'] == 0
    assert content['differences']['box']['all']['low'] > 0
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
    content = json.loads(out.read_text())
    assert content['retention'][-1] == ['retention %', '75.0']
    scores = content['scores']
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


@pytest.mark.parametrize('which', ['masks', 'human', 'other'])
def test_no_input_is_written_over(evaluate, drawn, tmp_path, capsys, which):
    files = {}
    for name, path in zip(('masks', 'human', 'other'), (*drawn[:2], drawn[0]),
                          strict=True):
        files[name] = tmp_path / f'{name}.json'
        shutil.copy(path, files[name])
    before = files[which].read_bytes()
    with pytest.raises(SystemExit):
        evaluate(files['masks'], files['human'], '--more',
                 f"other={files['other']}", '--out', files[which])
    assert 'this is the input' in capsys.readouterr().err
    assert files[which].read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize('which', ['masks', 'human'])
def test_no_input_is_written_over_by_a_baseline(
        evaluate, drawn, tmp_path, capsys, which):
    paths = dict(zip(('masks', 'human'), drawn[:2], strict=True))
    paths[which] = shutil.copy(paths[which], tmp_path / 'box.json')
    before = (tmp_path / 'box.json').read_bytes()
    with pytest.raises(SystemExit):
        evaluate(paths['masks'], paths['human'], '--baselines', 'box',
                 '--baseline-dir', tmp_path)
    assert 'this is the input' in capsys.readouterr().err
    assert (tmp_path / 'box.json').read_bytes() == before


def test_a_picture_of_the_worst_that_fails_takes_no_scores_along(
        evaluate, drawn, tmp_path, capsys):
    masks, human, _ = drawn
    (tmp_path / 'empty').mkdir()
    out = tmp_path / 'scores.json'
    with pytest.raises(SystemExit):
        evaluate(masks, human, '--images', tmp_path / 'empty', '--out', out)
    assert 'image not found' in capsys.readouterr().err
    assert json.loads(out.read_text())['scores']['MAL']['sizes']['all']['n'] > 0
    assert '_worst' not in out.with_suffix('.md').read_text()


def test_instant_is_a_label_run_of_its_own(evaluate, drawn, tmp_path, monkeypatch):
    masks, human, images = drawn
    calls = []

    def run(words, **options):
        calls.append(words)
        shutil.copy(masks, words[words.index('--out') + 1])
        return instant.subprocess.CompletedProcess(words, code)

    code = 0
    monkeypatch.setattr(instant.subprocess, 'run', run)
    monkeypatch.setattr(instant, 'choose_weights', lambda config: None)
    out = tmp_path / 'scores.json'
    evaluate(masks, human, '--baselines', 'all', '--images', images, '--out', out)
    assert list(json.loads(out.read_text())['scores']) == [
        'box', 'ellipse', 'grabcut', 'random_walker', 'instant', 'MAL']
    assert calls[0][3:8] == ['label', 'instant_deit-ti', '--ann', human, '--images']
    code = 2
    with pytest.raises(SystemExit):
        evaluate(masks, human, '--baselines', 'instant', '--images', images)


@pytest.mark.parametrize('lacking, words', [
    ('package', "needs scikit-image: pip install 'mmdet-mal[baselines]'"),
    ('weights', 'MAL_WEIGHTS names: absent.pth: no such'),
    ('folder', 'random_walker.json lies where the masks of a baseline go'),
    ('masks', 'more.json: annotation file not found')])
def test_what_is_missing_is_said_before_the_first_baseline_starts(
        evaluate, drawn, tmp_path, monkeypatch, capsys, lacking, words):
    masks, human, images = drawn
    kept = tmp_path / 'kept'
    kept.mkdir()
    more = []
    monkeypatch.setenv('MAL_WEIGHTS', 'absent.pth')
    if lacking == 'package':
        monkeypatch.setitem(sys.modules, 'skimage.segmentation', None)
    else:
        pytest.importorskip('skimage', reason='scikit-image is not installed')
    if lacking == 'folder':
        shutil.copy(human, kept / 'random_walker.json')
    if lacking == 'masks':
        monkeypatch.setattr(instant, 'choose_weights', lambda config: None)
        more = ['--more', f"other={tmp_path / 'more.json'}"]
    with pytest.raises(SystemExit) as stop:
        evaluate(masks, human, '--baselines', 'all', '--images', images,
                 '--baseline-dir', kept, *more)
    assert stop.value.code == 2 and words in capsys.readouterr().err
    assert not (kept / 'box.json').exists() and not (kept / 'grabcut.json').exists()


@pytest.mark.parametrize('arguments,message', [
    pytest.param(('{masks}', '{human}', '--out', 'x.md'), 'names the JSON',
                 id='report as scores'),
    pytest.param(('{masks}', '{human}', '--name', 'box', '--baselines', 'box'),
                 'a baseline has this name', id='name of a baseline'),
    pytest.param(('{masks}', '{nothing}'), 'no annotation to score',
                 id='nothing to score'),
    pytest.param(('{masks}', '{human}', '--baselines', 'grabcut', '--images',
                  '{empty}'), "baseline 'grabcut': no image can be used",
                 id='images elsewhere'),
    pytest.param(('{masks}', '{human}', '--images', 'nowhere'),
                 'nowhere: no such folder', id='no images'),
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
def test_mistakes_end_with_one_line(evaluate, drawn, capsys, arguments, message,
                                    tmp_path):
    masks, human, _ = drawn
    nothing = tmp_path / 'nothing.json'
    nothing.write_text(json.dumps(dict(images=[], annotations=[], categories=[])))
    (tmp_path / 'empty').mkdir()
    names = dict(masks=masks, human=human, nothing=nothing,
                 empty=tmp_path / 'empty',
                 boxes=str(Path(human).with_name('boxes_val.json')))
    with pytest.raises(SystemExit) as stop:
        evaluate(*(text.format(**names) for text in arguments))
    assert stop.value.code == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith('evaluate.py: error: ') and message in error

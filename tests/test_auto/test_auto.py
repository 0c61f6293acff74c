"""``mal auto`` as a person starts it, on drawn pictures and tiny networks."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from auto_data import (as_yolo, draw_boxes, make_weights, run_auto, start_auto,
                       tiny_presets)

from mmdet_mal.auto import presets
from mmdet_mal.auto.folder import hold_folder
from mmdet_mal.cli.main import run_verb
from mmdet_mal.labelling.validate import validate_labels


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Drawn boxes as COCO and YOLO, images, weights."""
    root = tmp_path_factory.mktemp('auto')
    boxes, images = draw_boxes(root / 'drawn')
    make_weights(root / 'w.pth')
    as_yolo(boxes, root / 'yolo')
    boxes.rename(root / 'boxes.json')
    images.rename(root / 'photos')
    return root


@pytest.fixture
def auto(monkeypatch, capfd, tmp_path):
    """Runs it in this process; returns (exit code, stdout, stderr).

    What it starts writes to the same file descriptors.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    monkeypatch.delenv('MAL_WEIGHTS', raising=False)
    for name, preset in tiny_presets().items():
        monkeypatch.setitem(presets.PRESETS, name, preset)

    def run(*words):
        with pytest.raises(SystemExit) as caught:
            run_verb('auto', list(map(str, words)), 'mal auto')
        return caught.value.code, *capfd.readouterr()

    return run


@pytest.fixture
def job(data):
    return (data / 'boxes.json', data / 'photos', '-o', 'out', '--weights',
            data / 'w.pth')


def masks_of(folder: Path) -> list[dict]:
    return json.loads((folder / 'masks.json').read_text())['annotations']


def assert_one_line(result, *words):
    code, _, error = result
    assert code == 2, error
    lines = [line for line in error.splitlines() if line]
    assert len(lines) == 1 and lines[0].startswith('mal auto: error: '), error
    for word in words:
        assert str(word) in error


# ------------------------------------------------------------ from end to end
def train_words(data):
    return (data / 'yolo', data / 'photos', '--preset', 'small', '--weights',
            data / 'w.pth')


@pytest.fixture(scope='module')
def whole(data, tmp_path_factory):
    """A run with training that nothing disturbed; (folder, what it said)."""
    folder = tmp_path_factory.mktemp('whole')
    said = run_auto(*train_words(data), '-o', 'out', cwd=folder)
    return folder / 'out', said


@pytest.mark.slow
def test_trains_and_leaves_everything(whole):
    out, said = whole
    assert 'training: 12 epochs of 2 steps' in said
    assert 'measured here' in said and 'mal export out/masks.json' in said
    assert '--to yolo-seg' in said
    for name in ('masks.json', 'review.html', 'report.html', 'config.py'):
        assert (out / name).stat().st_size
    assert validate_labels(str(out / 'converted.json'),
                           str(out / 'masks.json')) == []
    assert not (out / 'probe').exists()


# Where it is stopped, how, and what must be there before that.
_CUTS = {
    'convert': ('== convert', signal.SIGKILL, ''),
    'probe': ('measuring', signal.SIGTERM, ''),
    'train': ('== train', signal.SIGKILL, 'train/*.pth'),
    'train again': ('== train', signal.SIGINT, ''),
    'label': ('== label', signal.SIGTERM, 'masks.run/shards/*.jsonl'),
    'label again': ('== label', signal.SIGKILL, ''),
    'review': ('== review', signal.SIGKILL, ''),
    'report': ('== report', signal.SIGTERM, ''),
}


@pytest.mark.slow
@pytest.mark.parametrize('cuts', [
    pytest.param(['train'], id='everyday'),
    pytest.param(list(_CUTS), id='every step', marks=pytest.mark.full),
])
def test_a_run_that_is_cut_off_goes_on(cuts, whole, data, tmp_path):
    """Killed, interrupted, terminated; and the masks are the undisturbed ones."""
    words, out = (*train_words(data), '-o', 'out'), tmp_path / 'out'
    for cut in cuts:
        marker, number, needed = _CUTS[cut]
        process = start_auto(*words, cwd=tmp_path)
        said = ''
        for line in process.stdout:
            said += line
            if line.startswith(marker):
                break
        else:
            pytest.fail(f'{marker} did not come: {said[-3000:]}')
        until = time.monotonic() + 60
        while needed and process.poll() is None and not any(
                path.stat().st_size for path in out.glob(needed)):
            assert time.monotonic() < until
            time.sleep(.02)
        os.kill(process.pid, number)
        said += process.communicate(timeout=120)[0]
        assert 'Traceback' not in said
        if cut == 'report' and process.returncode == 0:
            continue  # it was faster than the signal
        if number == signal.SIGKILL:
            assert process.returncode == -number
        else:
            assert process.returncode == 128 + number, said[-3000:]
            assert 'Start the same command again' in said
        assert not (out / 'report.html').exists()

    last = run_auto(*words, cwd=tmp_path)
    assert '== plan: done before' in last
    # It went on at a checkpoint, not from the start.
    assert 'resumed epoch' in (out / 'train.log').read_text()
    assert masks_of(out) == masks_of(whole[0])


@pytest.mark.slow
def test_a_lost_file_is_made_again_and_nothing_else(whole, data):
    out, _ = whole
    (out / 'report.html').unlink()
    again = run_auto(*train_words(data), '-o', 'out', cwd=out.parent)
    assert again.count('done before') == 6 and (out / 'report.html').exists()


def test_instant_needs_one_image_and_repairs_a_copy(auto, data, job, tmp_path):
    """One image, foreign classes, a box that sticks out, a crowd, faults."""
    source = json.loads((data / 'boxes.json').read_text())
    image = source['images'][0]
    boxes = [[5, 5, 40, 30], [-10, 20, 40, 40], [30, 30, -5, 9], [50, 60, 3, 4]]
    path = tmp_path / 'one.json'
    path.write_text(json.dumps(dict(
        images=[image], categories=[dict(id=7, name='näil </script>')],
        annotations=[
            dict(id=i, image_id=image['id'], category_id=7, bbox=box, iscrowd=0)
            for i, box in enumerate(boxes, 1)])))
    before = path.read_bytes()
    code, out, err = auto(path, *job[1:], '--instant')
    assert code == 0, err
    assert path.read_bytes() == before
    assert 'repaired copy' in out and 'bbox_clipped' in out
    assert '4 boxes in 1 image,' in out
    assert 'labelling: a minute or less' in out
    repaired = tmp_path / 'out' / 'boxes.json'
    assert validate_labels(str(repaired), 'out/masks.json') == []
    assert masks_of(tmp_path / 'out')[0]['category_id'] == 7

    code, out, err = auto(path, *job[1:], '--instant')
    assert code == 0 and out.count('done before') == 5  # no conversion, no training


def test_plan_only_says_and_writes_what_would_be_done(auto, job, tmp_path):
    code, out, _ = auto(*job, '--plan')
    assert code == 0
    assert 'preset instant: there is no GPU' in out and '--preset small' in out
    assert not (tmp_path / 'out/masks.json').exists()
    head = (tmp_path / 'out/config.py').read_text()
    assert head.startswith("# Made by 'mal auto' on ")
    assert 'mal label' in head.partition('\n\n')[0]


def test_boxes_too_small_to_train_are_labelled_without(auto, data, job, tmp_path):
    source = json.loads((data / 'boxes.json').read_text())
    for ann in source['annotations']:
        ann['bbox'][2:] = [9, 8]
    path = tmp_path / 'small.json'
    path.write_text(json.dumps(source))
    code, out, _ = auto(path, *job[1:], '--preset', 'small', '--plan')
    assert code == 0
    assert 'preset instant: no box is large enough to train small on' in out


# -------------------------------------------------------------- what is refused
def test_another_run_in_the_folder_is_refused_and_moved_aside(auto, data, job,
                                                              tmp_path):
    assert auto(*job, '--instant', '--plan')[0] == 0
    assert_one_line(auto(*job, '--preset', 'small', '--minutes', '3'),
                    'preset: instant then, small now',
                    'minutes: nothing then, 3.0 now', '--restart')
    other = tmp_path / 'other.json'
    shutil.copy(data / 'boxes.json', other)
    with other.open('a') as file:
        file.write('\n')
    assert_one_line(auto(other, *job[1:], '--instant'), 'boxes_sha256')
    code, out, _ = auto(other, *job[1:], '--instant', '--plan', '--restart')
    assert code == 0 and 'is now in out/earlier-1' in out
    assert (tmp_path / 'out/earlier-1/config.py').exists()
    assert auto(other, *job[1:], '--instant', '--plan', '--restart')[0] == 0
    assert (tmp_path / 'out/earlier-2/auto.json').exists()
    assert (tmp_path / 'out/earlier-1/auto.json').exists()


def test_a_corrected_command_begins_anew_while_nothing_is_computed(
        auto, data, job, tmp_path):
    (tmp_path / 'empty').mkdir()
    assert auto(job[0], tmp_path / 'empty', *job[2:])[0] == 2
    code, out, _ = auto(*job, '--plan')
    assert code == 0 and 'done before' not in out


def test_two_at_once_in_one_folder(auto, job, tmp_path):
    with hold_folder(str(tmp_path / 'out')):
        assert_one_line(auto(*job), 'out', f'process {os.getpid()}',
                        'is working in this folder')


def test_an_edited_config_is_refused(auto, job, tmp_path):
    assert auto(*job, '--instant', '--plan')[0] == 0
    with (tmp_path / 'out/config.py').open('a') as file:
        file.write('# mine\n')
    assert_one_line(auto(*job, '--instant'), 'config.py', 'was edited',
                    'mal label')


@pytest.mark.parametrize('words, said', [
    pytest.param(('none.json', '{photos}'), 'none.json: no such file', id='boxes'),
    pytest.param(('{boxes}', 'none'), 'none', id='images'),
    pytest.param(('{photos}/train_00001.jpg', '{photos}'), 'not recognised',
                 id='an image as boxes'),
    pytest.param(('{boxes}', '{photos}', '--from', 'qqq'), '--from qqq',
                 id='format'),
    pytest.param(('{boxes}', '{photos}', '--from', 'voc'), 'boxes.json',
                 id='another format'),
    pytest.param(('{boxes}', '{photos}', '--read', 'qqq=1'), '--read qqq=1',
                 id='reader option'),
    pytest.param(('{table}', '{photos}'), '--read NAME=VALUE',
                 id='a format that needs an option'),
    pytest.param(('{table}', '{photos}', '--bbox-format', 'xyxy'),
                 '--bbox-format xyxy: is for COCO files', id='option of COCO'),
    pytest.param(('{boxes}', '{empty}'), 'the folder is empty', id='no images'),
    pytest.param(('{boxes}', '{photos}', '--preset', 'dinov2-s'),
                 'needs a GPU of 8 GiB', id='no GPU'),
])
def test_a_mistake_ends_with_one_line(words, said, auto, data, tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'boxes.csv').write_text(
        'filename,x1,y1,x2,y2,label\ntrain_00001.jpg,1,2,30,40,cat\n')
    places = dict(boxes=data / 'boxes.json', photos=data / 'photos',
                  empty=tmp_path / 'empty', table=tmp_path / 'boxes.csv')
    words = [word.format(**places) for word in words]
    code, _, error = auto(*words, '-o', 'out', '--weights', data / 'w.pth')
    assert code == 2, error
    last = error.strip().splitlines()[-1]
    assert last.startswith('mal auto: error: ') and said in last, error
    assert 'Traceback' not in error


def test_no_weights(auto, data, job):
    assert_one_line(auto(*job[:-2]), 'tiny.pth of nobody, random', '--weights',
                    'MAL_WEIGHTS', 'docs/encoders.md')
    assert_one_line(auto(*job[:-1], 'none.pth'), '--weights none.pth',
                    'no such file')


def test_an_output_folder_with_other_things_in_it(auto, job, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/boxes.json').write_text('mine')
    assert_one_line(auto(*job), 'holds boxes.json', 'choose a new folder')
    assert os.listdir(tmp_path / 'out') == ['boxes.json']


def test_an_output_that_is_a_file(auto, job, tmp_path):
    (tmp_path / 'out').write_text('')
    assert_one_line(auto(*job), 'out')


def test_minutes_that_are_no_number(auto, job):
    code, _, error = auto(*job, '--minutes', '-3')
    assert code == 2 and "'-3' is no number above 0" in error


# ---------------------------------------------------------------- photographs
@pytest.mark.slow
def test_photographs_without_training(shared_dir, deit_weights, tmp_path,
                                      monkeypatch, capfd):
    """The shipped preset on three photographs of cats."""
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    cats = shared_dir / 'feral_cats'
    source = json.loads((cats / 'annotations/boxes_train.json').read_text())
    source['images'] = source['images'][:3]
    kept = {image['id'] for image in source['images']}
    source['annotations'] = [ann for ann in source['annotations']
                             if ann['image_id'] in kept]
    (tmp_path / 'boxes.json').write_text(json.dumps(source))
    with pytest.raises(SystemExit) as caught:
        run_verb('auto', [
            str(tmp_path / 'boxes.json'), str(cats / 'images'), '-o',
            str(tmp_path / 'out'), '--instant', '--weights', str(deit_weights)],
            'mal auto')
    assert caught.value.code == 0, capfd.readouterr()
    masks = masks_of(tmp_path / 'out')
    assert len(masks) == len(source['annotations'])
    # Masks, not filled boxes.
    for ann in masks:
        assert .2 < ann['area'] / (ann['bbox'][2] * ann['bbox'][3]) < .98

"""``tools/doctor.py`` from the command line."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'doctor.py'


@pytest.fixture
def doctor(capsys, monkeypatch, tmp_path):
    """Runs the tool in this process; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['doctor.py', *map(str, args)])
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(TOOL), run_name='__main__')
        return caught.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def boxes(tmp_path):
    """Writes boxes.json and photos/1.png."""
    (tmp_path / 'photos').mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'photos' / '1.png')

    def write(*bboxes, **more):
        path = tmp_path / 'boxes.json'
        path.write_text(json.dumps({
            'images': [dict(id=1, file_name='1.png', height=40, width=50)],
            'annotations': [
                dict(id=i, image_id=1, category_id=1, bbox=bbox, iscrowd=0,
                     area=1) for i, bbox in enumerate(bboxes, 1)],
            'categories': [dict(id=1, name='cat')], **more}))
        return path

    return write


def test_sound_data_is_exit_code_0(doctor, boxes):
    boxes([1, 2, 30, 20])
    code, out, err = doctor('boxes.json', '--images', 'photos')
    assert (code, err) == (0, '')
    assert 'nothing is wrong' in out and 'headers of the image files' in out


def test_warnings_alone_are_exit_code_0(doctor, boxes):
    boxes([0, 0, 50, 40])
    code, out, _ = doctor('boxes.json', '--images', 'photos')
    assert code == 0 and 'warning bbox_whole_image (1)' in out


@pytest.mark.parametrize('bbox', [[1, 2, 3, 0], [-9, 2, 30, 20]])
def test_errors_and_repairs_are_exit_code_1(doctor, boxes, bbox):
    boxes([1, 2, 30, 20], bbox)
    assert doctor('boxes.json', '--images', 'photos')[0] == 1


def test_report_and_repaired_copy(doctor, boxes):
    path = boxes([1, 2, 30, 20], [1, 2, 0, 20], [-9, 2, 30, 20])
    before = path.read_bytes()
    code, out, _ = doctor('boxes.json', '--images', 'photos', '--json', 'r.json',
                          '--fix', 'new/fixed.json')
    assert code == 1 and 'annotations: 3 -> 2' in out
    report = json.loads(Path('r.json').read_text())
    assert {f['kind']: f['annotation_id'] for f in report['findings']
            if f['severity'] != 'note'} == {'bbox_zero': 2, 'bbox_clipped': 3}
    assert doctor('new/fixed.json', '--images', 'photos')[0] == 0
    assert path.read_bytes() == before
    assert sorted(p.name for p in Path('.').iterdir()) == [
        'boxes.json', 'new', 'photos', 'r.json']


def test_a_file_that_cannot_be_used_is_exit_code_2_with_a_report(doctor, boxes):
    boxes(images={})
    code, out, err = doctor('boxes.json', '--json', 'r.json')
    assert code == 2 and 'fatal list_type (1)' in out and err == ''
    assert json.loads(Path('r.json').read_text())['fatal'] == 1


@pytest.mark.parametrize('args, words', [
    pytest.param(['none.json'], 'none.json: annotation file not found',
                 id='absent'),
    pytest.param(['boxes.json', '--images', 'nowhere'], 'no such folder',
                 id='no_images'),
    pytest.param(['boxes.json', '--images', 'x.zip'], 'no such archive',
                 id='no_archive'),
    pytest.param(['boxes.json', '--fix', './boxes.json'], 'never changed',
                 id='over_the_input'),
    pytest.param(['boxes.json', '--json', 'boxes.json'], 'never changed',
                 id='report_over_the_input'),
    pytest.param(['boxes.json', '--json', 'a', '--fix', 'a'], 'give two names',
                 id='one_name_for_two'),
    pytest.param(['boxes.json', '--fix', 'photos'], 'it is a folder',
                 id='out_is_a_folder'),
    pytest.param(['boxes.json', '--backend-args', 'backend=local'],
                 'give it', id='backend_without_images'),
])
def test_usage_errors_are_one_line_and_exit_code_2(doctor, boxes, args, words):
    path = boxes([1, 2, 30, 20])
    before = path.read_bytes()
    code, out, err = doctor(*args)
    assert code == 2 and err.count('\n') == 1 and words in err
    assert 'fixed' not in out and path.read_bytes() == before


def test_boxes_of_another_format(doctor, boxes):
    boxes(*[[10 + i, 15, 35 + i, 35] for i in range(12)])
    code, out, err = doctor('boxes.json', '--fix', 'fixed.json')
    assert 'warning bbox_xyxy (1)' in out and '--bbox-format' in err
    assert code == 2 and not Path('fixed.json').exists()
    code, out, _ = doctor('boxes.json', '--fix', 'fixed.json',
                          '--bbox-format', 'xyxy')
    assert code == 0 and 'bbox_xyxy: 12 repaired' in out
    fixed = json.loads(Path('fixed.json').read_text())
    assert fixed['annotations'][0]['bbox'] == [10, 15, 25, 20]

import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmdet_mal.evaluation.baselines import BASELINES, label_with_baseline
from mmdet_mal.evaluation.baselines.label import check_baseline
from mmdet_mal.labelling.validate import validate_labels
from mmdet_mal.utils.choices import BASELINE_NAMES, SEEING_BASELINES
from mmdet_mal.utils.errors import UserError

from .foreign_files import NO_MASKS_JSON


@pytest.fixture
def boxes(tmp_path):
    """Two pictures, one unreadable; boxes good, crowd, faulty, unreadable."""
    rng = np.random.default_rng(0)
    cv2.imwrite(str(tmp_path / 'a.png'),
                rng.integers(0, 255, (40, 50, 3), dtype=np.uint8))
    (tmp_path / 'b.png').write_bytes(b'no picture')
    annotations = [
        dict(id=1, image_id=1, category_id=1, bbox=[5, 5, 20, 20], own='kept'),
        dict(id=2, image_id=1, category_id=1, iscrowd=1, bbox=[0, 0, 9, 9]),
        dict(id=3, image_id=1, category_id=1, bbox=[5, 5, -4, 20]),
        dict(id=4, image_id=2, category_id=1, bbox=[1, 1, 8, 8])]
    for ann in annotations:
        ann.setdefault('iscrowd', 0)
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.png', height=40, width=50),
                dict(id=2, file_name='b.png', height=40, width=50)],
        annotations=annotations, categories=[dict(id=1, name='thing')])))
    return path


def test_each_name_has_its_own_baseline():
    assert {name: label.__name__ for name, label in BASELINES.items()} == {
        name: f'{name}_mask' for name in BASELINE_NAMES}
    assert set(SEEING_BASELINES) < set(BASELINES)


@pytest.mark.parametrize('name', list(BASELINES))
def test_output_is_a_valid_masks_json(boxes, tmp_path, name):
    out = tmp_path / 'out.json'
    summary = label_with_baseline(name, boxes, out, tmp_path)
    assert validate_labels(str(boxes), str(out)) == []
    first, crowd, faulty, unreadable = json.loads(out.read_text())['annotations']
    assert first['own'] == 'kept' and first['score'] == 1 and first['area'] > 0
    assert 'score' not in crowd
    assert faulty['mal']['fallback']
    assert unreadable['mal'] == (
        dict(fallback='image_unreadable') if name in SEEING_BASELINES else {})
    assert summary.masks == (1 if name in SEEING_BASELINES else 2)


def test_pictures_may_lie_in_an_archive(boxes, tmp_path):
    with zipfile.ZipFile(tmp_path / 'photos.zip', 'w') as archive:
        for name in ('a.png', 'b.png'):
            archive.write(tmp_path / name, f'train/{name}')
    outputs = []
    for images in (tmp_path, tmp_path / 'photos.zip' / 'train'):
        out = tmp_path / 'out.json'
        label_with_baseline('grabcut', boxes, out, images)
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1]
    with pytest.raises(UserError, match='no.zip: no such archive'):
        label_with_baseline('grabcut', boxes, out, tmp_path / 'no.zip')


def test_filled_boxes_throughout_do_not_pass_for_a_baseline(boxes, tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    out = tmp_path / 'out.json'
    with pytest.raises(UserError, match='grabcut.*no image can be used.*a.png'):
        label_with_baseline('grabcut', boxes, out, tmp_path / 'elsewhere')
    assert not out.exists()


def test_masks_made_with_unreadable_images_are_made_anew(boxes, tmp_path):
    out = tmp_path / 'out.json'
    arguments = 'grabcut', boxes, out, tmp_path
    assert label_with_baseline(*arguments).fallbacks['image_unreadable'] == 1
    (tmp_path / 'b.png').write_bytes((tmp_path / 'a.png').read_bytes())
    summary = label_with_baseline(*arguments, reuse=True)
    assert summary.masks == 2
    assert label_with_baseline(*arguments, reuse=True) is None


def test_box_and_ellipse_need_no_pictures(boxes, tmp_path):
    label_with_baseline('ellipse', boxes, tmp_path / 'out.json')
    areas = [ann.get('area') for ann in
             json.loads((tmp_path / 'out.json').read_text())['annotations']]
    assert areas[0] == pytest.approx(np.pi * 100, rel=.03)


def test_a_file_is_reused_for_the_same_input_only(boxes, tmp_path):
    out = tmp_path / 'out.json'
    assert label_with_baseline('box', boxes, out, reuse=True) is not None
    assert label_with_baseline('box', boxes, out, reuse=True) is None
    assert label_with_baseline('ellipse', boxes, out, reuse=True) is not None
    boxes.write_text(boxes.read_text() + '\n')
    assert label_with_baseline('ellipse', boxes, out, reuse=True) is not None


@pytest.mark.parametrize('mal', [None, {'config_sha256': 'a'}, 'text'])
def test_a_file_of_something_else_is_left_alone(boxes, tmp_path, mal):
    out = tmp_path / 'box.json'
    out.write_text(json.dumps(dict(
        json.loads(Path(boxes).read_text()), info=dict(mal=mal))))
    before = out.read_bytes()
    with pytest.raises(UserError, match='this command did not write it'):
        label_with_baseline('box', boxes, out, reuse=True)
    assert out.read_bytes() == before


@pytest.mark.parametrize('text', NO_MASKS_JSON)
def test_a_file_that_is_no_masks_json_is_left_alone(boxes, tmp_path, text):
    out = tmp_path / 'box.json'
    out.write_bytes(text)
    with pytest.raises(UserError, match='box.json lies where .* did not write it'):
        check_baseline('box', boxes, out)
    with pytest.raises(UserError, match='no masks JSON that can be read'):
        label_with_baseline('box', boxes, out, reuse=True)
    assert out.read_bytes() == text


def test_a_folder_in_place_of_a_masks_json_is_left_alone(boxes, tmp_path):
    with pytest.raises(UserError, match='did not write it'):
        check_baseline('box', boxes, tmp_path)


def test_an_empty_file_is_not_reused(boxes, tmp_path):
    out = tmp_path / 'out.json'
    out.touch()
    assert label_with_baseline('box', boxes, out, reuse=True) is not None
    assert json.loads(out.read_text())['info']['mal']['baseline'] == 'box'


def test_human_masks_in_the_input_are_not_looked_at(boxes, tmp_path):
    data = json.loads(boxes.read_text())
    label_with_baseline('box', boxes, tmp_path / 'without.json')
    for ann in data['annotations']:
        ann['segmentation'] = [[0, 0, 1, 0, 1, 1]]
    boxes.write_text(json.dumps(data))
    label_with_baseline('box', boxes, tmp_path / 'with.json')
    without, with_ = (json.loads((tmp_path / name).read_text())['annotations'][0]
                      for name in ('without.json', 'with.json'))
    assert without == with_


def test_mistakes_are_one_line(boxes, tmp_path):
    with pytest.raises(UserError, match="no baseline 'circle'; there are box"):
        label_with_baseline('circle', boxes, tmp_path / 'out.json')
    with pytest.raises(UserError, match='--images DIR'):
        label_with_baseline('grabcut', boxes, tmp_path / 'out.json')
    with pytest.raises(UserError, match='not found'):
        label_with_baseline('box', tmp_path / 'no.json', tmp_path / 'out.json')

"""The validator notices whatever is not the input plus masks."""

import json

import numpy as np
import pytest

from mmdet_mal.labelling import validate
from mmdet_mal.labelling.validate import validate_labels
from mmdet_mal.structures.rle import bbox_rle, encode_window


@pytest.fixture
def out(toy, tmp_path):
    return json.loads(toy.label(tmp_path))


def problems(toy, tmp_path, out):
    path = tmp_path / 'changed.json'
    path.write_text(json.dumps(out))
    return validate_labels(str(toy.path), str(path))


def labelled(out):
    return next(a for a in out['annotations'] if not a['iscrowd'])


def test_sound_output_has_no_problem(toy, tmp_path, out):
    assert problems(toy, tmp_path, out) == []


def test_empty_mask_is_found(toy, tmp_path, out):
    annotation = labelled(out)
    size = annotation['segmentation']['size']
    annotation['segmentation'] = encode_window(
        np.zeros((1, 1), bool), (0, 0, 1, 1), size)
    annotation['area'] = 0
    assert 'the mask is empty' in problems(toy, tmp_path, out)[0]


def _swap_size(annotation):
    annotation['segmentation']['size'].reverse()


def _polygon(annotation):
    annotation['segmentation'] = [[1, 1, 5, 1, 5, 5]]


@pytest.mark.parametrize('change, message', [
    pytest.param(lambda a: a.pop('segmentation'), 'segmentation is missing',
                 id='no mask'),
    pytest.param(lambda a: a.pop('area'), 'area is missing', id='no area'),
    pytest.param(lambda a: a.pop('score'), 'score is missing', id='no score'),
    pytest.param(lambda a: a.pop('note'), 'note is missing', id='lost key'),
    pytest.param(lambda a: a.update(extra=1), 'extra was added', id='new key'),
    pytest.param(lambda a: a.update(area=a['area'] + 1), 'but the mask has',
                 id='area'),
    pytest.param(lambda a: a.update(bbox=[1, 2, 3, 4]), 'bbox was', id='bbox'),
    pytest.param(lambda a: a.update(category_id=99), 'category_id was',
                 id='category'),
    pytest.param(lambda a: a.update(iscrowd=1), 'iscrowd was 0, is 1', id='crowd'),
    pytest.param(lambda a: a.update(id=1), 'id was', id='id'),
    pytest.param(_swap_size, 'expected', id='swapped size'),
    pytest.param(_polygon, 'not a compressed RLE', id='polygon'),
    pytest.param(lambda a: a['segmentation'].update(counts='o'), 'RLE counts',
                 id='broken counts'),
    pytest.param(lambda a: a['segmentation'].update(counts=[1, 2]),
                 'not a compressed RLE', id='list counts'),
    pytest.param(lambda a: a.update(segmentation=bbox_rle((0, 0, 2, 2), (9, 9))),
                 'has size', id='other image'),
])
def test_changed_annotation(toy, tmp_path, out, change, message):
    annotation = labelled(out)
    position = out['annotations'].index(annotation)
    change(annotation)
    found = problems(toy, tmp_path, out)
    assert len(found) == 1
    assert message in found[0] and f'(entry {position})' in found[0]


@pytest.mark.parametrize('had_a_mask', [True, False])
@pytest.mark.parametrize('change', [dict(score=1.), dict(note='x'),
                                    dict(segmentation=[])])
def test_touched_crowd(toy, tmp_path, out, had_a_mask, change):
    crowd = next(new for old, new in zip(toy.data['annotations'], out['annotations'],
                                         strict=True)
                 if old['iscrowd'] and ('segmentation' in old) == had_a_mask)
    crowd.update(change)
    found = problems(toy, tmp_path, out)
    assert len(found) == 1 and 'crowd region' in found[0]


@pytest.mark.parametrize('change, message', [
    pytest.param(lambda d: d['annotations'].pop(), 'is missing', id='lost last'),
    pytest.param(lambda d: d['annotations'].append(dict(d['annotations'][0])),
                 'was added', id='doubled'),
    pytest.param(lambda d: d['annotations'].reverse(), 'id was', id='order'),
    pytest.param(lambda d: d.pop('foreign'), "'foreign' is missing", id='lost key'),
    pytest.param(lambda d: d.update(new=1), "'new' was added", id='new key'),
    pytest.param(lambda d: d['images'].pop(), "'images' was changed", id='image'),
    pytest.param(lambda d: d['info'].update(year=1), "'info' was changed",
                 id='info'),
])
def test_changed_file(toy, tmp_path, out, change, message):
    change(out)
    assert any(message in problem for problem in problems(toy, tmp_path, out))


@pytest.mark.parametrize('together', [1, 2, 256])
def test_each_unsound_mask_is_named_however_many_are_checked_at_once(
        toy, tmp_path, out, monkeypatch, together):
    monkeypatch.setattr(validate, '_TOGETHER', together)
    boxes = [a for a in out['annotations'] if not a['iscrowd']]
    assert len(boxes) > 4
    boxes[0]['area'] += 1
    boxes[2]['segmentation']['counts'] += 'P'
    boxes[3]['segmentation'] = None
    found = problems(toy, tmp_path, out)
    assert [line.split(': ')[0].split()[1] for line in found] == [
        str(boxes[i]['id']) for i in (0, 2, 3)]
    assert 'but the mask has' in found[0]
    assert 'segmentation cannot be read' in found[1]
    assert 'not a compressed RLE' in found[2]


@pytest.mark.parametrize('area', [[5], [5, 6], '5', None])
def test_an_area_that_is_no_number(toy, tmp_path, out, area):
    annotation = labelled(out)
    annotation['area'] = (
        [annotation['area']] if area == [5] else area)
    (problem, ) = problems(toy, tmp_path, out)
    assert 'area is' in problem and 'but the mask has' in problem


def test_crowds_with_lists_of_counts_slow_nothing_down(out):
    boxes = [a for a in out['annotations'] if not a['iscrowd']]
    crowd = dict(segmentation=dict(size=[2, 2], counts=[0, 4]), area=4)
    assert validate._sound_areas([*boxes, crowd]) == {id(a) for a in boxes}

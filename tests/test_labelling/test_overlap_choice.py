"""``mal export --overlaps``: masks of a file that take from each other."""

import json

import numpy as np
import pytest

from mmdet_mal.labelling.export import export_labels
from mmdet_mal.labelling.overlap_rules import RULES
from mmdet_mal.structures.rle import bbox_rle, rle_area, rle_to_mask
from mmdet_mal.utils.errors import UserError

SIZE = (20, 40)


def annotation(ann_id, left, right, score, image=1, category=1, **more):
    box = [left, 4, right - left, 8]
    rle = bbox_rle((left, 4, right, 12), SIZE)
    return dict(id=ann_id, image_id=image, category_id=category, bbox=box,
                iscrowd=0, segmentation=rle, area=rle_area(rle), score=score,
                mal=dict(stability=.5), **more)


@pytest.fixture
def masks(tmp_path):
    """Pairs (1, 2) of one class, (3, 4) of two; 5 lies in another image."""
    path = tmp_path / 'masks.json'
    path.write_text(json.dumps(dict(
        info=dict(mal=dict(version='x')),
        images=[dict(id=i, file_name=f'{i}.jpg', height=SIZE[0], width=SIZE[1])
                for i in (1, 2)],
        annotations=[
            annotation(1, 0, 20, .9), annotation(3, 22, 32, .8, category=1),
            annotation(5, 0, 20, .1, image=2), annotation(2, 16, 24, .3),
            annotation(4, 30, 40, .2, category=2),
            dict(id=6, image_id=1, category_id=1, bbox=[0, 0, 40, 20], iscrowd=1,
                 area=800, segmentation=bbox_rle((0, 0, 40, 20), SIZE))],
        categories=[dict(id=1, name='cat'), dict(id=2, name='dog')])))
    return path


def export(masks, tmp_path, **options):
    out = tmp_path / 'out.json'
    summary = export_labels(str(masks), str(out), **options)
    data = json.loads(out.read_text())
    return {ann['id']: ann for ann in data['annotations']}, data, str(summary)


def span(ann):
    columns = np.flatnonzero(rle_to_mask(ann['segmentation']).any(axis=0))
    return int(columns[0]), int(columns[-1]) + 1


def test_keeping_overlaps_changes_nothing(masks, tmp_path):
    before = {a['id']: a for a in json.loads(masks.read_text())['annotations']}
    found, data, _ = export(masks, tmp_path)
    assert found == before and 'overlaps' not in data['info']['mal']['export']


def test_pixels_go_to_one_mask_of_a_class(masks, tmp_path):
    before = {a['id']: a for a in json.loads(masks.read_text())['annotations']}
    found, data, text = export(masks, tmp_path, overlaps='same-class')
    # 1 and 3 are better than 2, but nearer in columns 16 and 23 alone: in the
    # others both keep their pixels.
    changed = {i for i in found if found[i] != before[i]}
    assert changed == {2} and span(found[2]) == (17, 23)
    found, data, text = export(masks, tmp_path, overlaps='score')
    changed = {i for i in found if found[i] != before[i]}
    # 2 would lose 6 of its 8 columns and keeps all; 4 loses 2 of 10 to 3.
    assert changed == {4} and span(found[4]) == (32, 40)
    assert found[4]['area'] == 64 and found[4]['score'] == .2
    assert found[4]['mal'] == dict(stability=.5, overlap_lost=.2,
                                   overlap_rule='score')
    assert data['info']['mal']['export']['overlaps'] == 'score'
    assert list(found) == list(before)
    assert '1 masks lose pixels to a neighbour' in text


def test_masks_that_are_not_exported_take_nothing(masks, tmp_path):
    found, _, _ = export(masks, tmp_path, overlaps='score', min_score=.15)
    assert span(found[4]) == (32, 40)
    (masks.parent / 'low.json').write_text(
        masks.read_text().replace('"score": 0.8', '"score": 0.1'))
    found, _, _ = export(masks.parent / 'low.json', tmp_path, overlaps='score',
                         min_score=.15)
    assert 3 not in found and span(found[4]) == (30, 40)


def test_tightened_boxes_are_those_of_the_masks_that_are_left(masks, tmp_path):
    found, _, _ = export(masks, tmp_path, overlaps='score', boxes='tighten')
    assert found[4]['bbox'] == [32, 4, 8, 8]


def test_crowds_and_other_images_take_no_part(masks, tmp_path):
    for rule in RULES:
        found, _, _ = export(masks, tmp_path, overlaps=rule)
        assert span(found[5]) == (0, 20) and span(found[6]) == (0, 40)


def test_few_masks_may_be_held_at_once(masks, tmp_path, monkeypatch):
    expected = export(masks, tmp_path, overlaps='score')[0]
    monkeypatch.setattr('mmdet_mal.formats.mask_set._HELD', 2)
    assert export(masks, tmp_path, overlaps='score')[0] == expected


def test_a_broken_box_is_named(masks, tmp_path):
    data = json.loads(masks.read_text())
    data['annotations'][1]['bbox'] = [1, 2, 'x<b>', 4]
    masks.write_text(json.dumps(data))
    with pytest.raises(UserError, match='annotation 3: has bbox'):
        export(masks, tmp_path, overlaps='score')
    assert not (tmp_path / 'out.json').exists()


def test_an_unknown_rule_is_refused(masks, tmp_path):
    with pytest.raises(UserError, match='--overlaps best: expected one of keep'):
        export(masks, tmp_path, overlaps='best')

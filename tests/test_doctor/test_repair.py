"""The repaired copy."""

import json
import os

import pytest

from mmdet_mal.datasets import find_faults
from mmdet_mal.doctor import Examination, repair_file
from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.utils.errors import UserError


def _fixed(world, **options):
    world.write()
    out, repair = world.fix(world.examine(**options))
    return json.loads(out.read_text()), repair


def test_a_sound_file_is_copied_as_it_is(world):
    fixed, repair = _fixed(world)
    assert fixed == world.data
    assert list(fixed) == list(world.data)
    assert 'annotations: 3, all kept' in str(repair)


def test_unknown_keys_order_and_lvis_fields_stay(world):
    world.data = dict(
        annotations=world.data['annotations'], licenses=[{'id': 1}, 'odd'],
        categories=[dict(id=1, frequency='r', name='cat', synset='cat.n.01'),
                    dict(id=2, frequency='c', name='dog', synset='dog.n.01')],
        images=[{**image, 'neg_category_ids': [2],
                 'not_exhaustive_category_ids': []}
                for image in world.data['images']], info='text ü \u2028')
    world.data['annotations'][1] |= dict(
        bbox=[-10, 30, 40, 40], attributes={'b': [1, {'a': None}], 'a': 1e-7})
    fixed, _ = _fixed(world)
    expected = json.loads(json.dumps(world.data))
    expected['annotations'][1]['bbox'] = [0, 30, 30, 40]
    assert json.dumps(fixed) == json.dumps(expected)


def test_the_data_set_takes_what_was_repaired(world):
    world.data['annotations'] += [
        world.annotation('14', '2', [5, 5, 50, 50], category_id='2'),
        world.annotation(11, 1, [70, 60, -30, -20]),
        {'id': None, 'image_id': 3, 'category_id': 1, 'bbox': ['1', '2', '3', '4']},
        world.annotation(15, 99, [1, 1, 5, 5]),
        {'image_id': 1, 'category_id': 1}]
    assert {f.kind for f in find_faults(world.data)} == {
        'ann_id_missing', 'ann_id_duplicate', 'image_id_unknown',
        'category_id_unknown', 'bbox_malformed', 'bbox_reversed'}
    fixed, repair = _fixed(world)
    assert find_faults(fixed) == []
    assert [a['id'] for a in fixed['annotations']] == [11, 12, 13, 14, 15, 16]
    assert fixed['annotations'][4]['bbox'] == [40, 40, 30, 20]
    assert 'annotations: 8 -> 6' in str(repair)
    assert 'image_id_unknown: 1 dropped' in str(repair)


def test_boxes_are_judged_by_the_repaired_size(world):
    """One image is larger than stated: its boxes must not be clipped."""
    world.image.update(width=80, height=60)
    world.first['bbox'] = [50, 30, 60, 50]
    world.add(14, 1, [50, 30, 90, 80])
    fixed, repair = _fixed(world)
    assert fixed['annotations'] == world.data['annotations']
    assert (fixed['images'][0]['height'], fixed['images'][0]['width']) == (120, 160)
    assert not repair.fixes.get('bbox_clipped')


def test_size_from_the_file_lets_boxes_be_judged(world):
    del world.image['height']
    world.add(14, 1, [10, 130, 50, 50])
    fixed, repair = _fixed(world)
    assert fixed['images'][0]['height'] == 120
    assert [a['id'] for a in fixed['annotations']] == [11, 12, 13]
    assert repair.fixes['bbox_outside']['dropped'] == 1


@pytest.mark.parametrize('bbox_format, bbox', [
    ('xyxy', [10, 20, 50, 60]),
    ('xywhn', [10 / 160, 20 / 120, 40 / 160, 40 / 120]),
    ('cxcywhn', [30 / 160, 40 / 120, 40 / 160, 40 / 120]),
])
def test_other_formats_become_xywh_in_pixels(world, bbox_format, bbox):
    for entry in world.data['annotations']:
        entry['bbox'] = bbox
    fixed, _ = _fixed(world, bbox_format=bbox_format)
    for entry in fixed['annotations']:
        assert entry['bbox'] == pytest.approx([10, 20, 40, 40])


def test_boxes_of_a_doubtful_format_are_not_repaired_without_a_word(world):
    world.data['annotations'] = [world.annotation(
        i, 1, [60 + i, 50 + i, 110 + i, 90 + i]) for i in range(1, 21)]
    world.write()
    with pytest.raises(UserError, match='--bbox-format'):
        world.fix(world.examine())
    assert not (world.root / 'fixed.json').exists()
    out, _ = world.fix(world.examine(bbox_format='xywh'))
    assert out.exists()


@pytest.mark.parametrize('link', ['itself', 'dotted', 'symlink', 'hardlink',
                                  'folder_link', 'temporary_name'])
def test_the_input_is_never_the_output(world, link):
    path = world.write()
    out = path
    if link == 'dotted':
        out = world.root / 'images' / '..' / path.name
    elif link == 'symlink':
        out = world.root / 'link.json'
        out.symlink_to(path)
    elif link == 'hardlink':
        out = world.root / 'link.json'
        os.link(path, out)
    elif link == 'folder_link':
        (world.root / 'other').symlink_to(world.root)
        out = world.root / 'other' / path.name
    elif link == 'temporary_name':
        path = path.rename(world.root / 'x.json.tmp')
        out = world.root / 'x.json'
    before = path.read_bytes()
    with pytest.raises(UserError, match='never changed'):
        repair_file(Examination(str(path)), str(out))
    assert path.read_bytes() == before


def test_a_folder_is_no_output(world):
    world.write()
    with pytest.raises(LabelRunError, match='it is a folder'):
        repair_file(world.examine(), str(world.images_dir))


def test_nothing_is_written_of_a_file_that_cannot_be_read(world):
    world.raw = b'{"images": ['
    world.write()
    with pytest.raises(UserError, match='nothing can be repaired'):
        world.fix(world.examine())
    assert not (world.root / 'fixed.json').exists()


def test_new_ids_are_above_all_others_and_follow_the_file(world):
    world.data['annotations'] = [
        world.annotation(i, 1, [k, 5, 20, 20])
        for k, i in enumerate([7, 7, None, 90, 7, '90', -3])]
    fixed, _ = _fixed(world)
    assert [a['id'] for a in fixed['annotations']] == [
        7, 91, 92, 90, 93, 94, -3]


def test_an_id_is_kept_by_the_first_annotation_that_stays(world):
    world.data['annotations'] = [
        world.annotation(7, 99, [1, 5, 20, 20]),
        world.annotation(7, 1, [2, 5, 20, 20]),
        world.annotation(8, 1, [2, 5, 20, 20]),
        world.annotation(8, 1, [3, 5, 20, 20])]
    fixed, _ = _fixed(world)
    assert [(a['id'], a['bbox'][0]) for a in fixed['annotations']] == [
        (7, 2), (8, 3)]

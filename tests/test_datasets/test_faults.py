"""Every bad input: found, all at once, with file and id."""

import math

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets import (AnnotationError, build_columns, find_faults,
                                raise_errors)

NAN = float('nan')


def _one(data, annotation, **change):
    entry = annotation(7, **change)
    return find_faults(data([annotation(1), entry]))


@pytest.mark.parametrize('bbox, kind, message', [
    pytest.param([NAN, 0, 5, 5], 'bbox_nan', 'not finite', id='nan'),
    pytest.param([0, 0, math.inf, 5], 'bbox_nan', 'not finite', id='inf'),
    pytest.param([10, 0, -5, 5], 'bbox_reversed', 'negative', id='reversed'),
    pytest.param([10, 0, 5, -5], 'bbox_reversed', 'negative', id='upside'),
    pytest.param([10, 10, 0, 5], 'bbox_zero', 'no area', id='zero_width'),
    pytest.param([10, 10, 5, 0.], 'bbox_zero', 'no area', id='zero_height'),
    pytest.param([160, 0, 5, 5], 'bbox_outside', '160 x 120 px', id='right'),
    pytest.param([0, 120, 5, 5], 'bbox_outside', '160 x 120 px', id='below'),
    pytest.param([-9, 0, 9, 5], 'bbox_outside', 'wholly', id='left'),
    pytest.param([1, 2, 3], 'bbox_malformed', 'four numbers', id='three'),
    pytest.param([1, 2, 3, '4'], 'bbox_malformed', 'four', id='a_string'),
    pytest.param([1, 2, 3, None], 'bbox_malformed', 'four', id='null_value'),
    pytest.param([1, 2, 3, True], 'bbox_malformed', 'four', id='a_bool'),
    pytest.param([10**400, 2, 3, 4], 'bbox_malformed', 'four', id='huge'),
    pytest.param([], 'bbox_malformed', 'four numbers', id='empty'),
])
def test_bad_box(data, annotation, bbox, kind, message):
    fault, = _one(data, annotation, bbox=bbox)
    assert (fault.kind, fault.severity) == (kind, 'error')
    assert fault.annotation_id == 7 and fault.image_id == 1
    assert fault.file == '1.png'
    assert message in fault.message
    assert 'correct the box or remove the annotation' in fault.message
    assert str(fault).startswith('annotation 7, image 1 (1.png): bbox ')


@pytest.mark.parametrize('bbox', [None, 7, {'x': 1}, 'abcd'])
def test_box_of_another_type(data, annotation, bbox):
    entry = annotation(7)
    entry['bbox'] = bbox
    fault, = find_faults(data([annotation(1), entry]))
    assert fault.kind == 'bbox_malformed' and fault.annotation_id == 7


def test_absent_box(data, annotation):
    entry = annotation(7)
    del entry['bbox']
    fault, = find_faults(data([annotation(1), entry]))
    assert fault.kind == 'bbox_malformed' and 'missing' in fault.message


def test_box_partly_outside_is_clipped_and_reported_as_repair(
        data, annotation):
    table = data([annotation(1, bbox=(-10, 100, 50, 50))])
    fault, = find_faults(table)
    assert (fault.kind, fault.severity) == ('bbox_clipped', 'repair')
    columns, _, _ = build_columns(table)
    assert columns.bboxes.tolist() == [[0, 100, 40, 120]]
    assert columns.flags.tolist() == [columns.CLIPPED]
    raise_errors([fault], 'x.json')  # a repair is no error


def test_rounding_over_the_border_is_clipped_silently(data, annotation):
    columns, _, faults = build_columns(
        data([annotation(1, bbox=(100, 0, 60.2, 120.000001))]))
    assert not faults and columns.flags.tolist() == [0]
    assert columns.bboxes.tolist() == [[100, 0, 160, 120]]


def test_boxes_that_touch_the_border_keep_their_exact_area(data, annotation):
    columns, _, _ = build_columns(
        data([annotation(1, bbox=(10.37, 20.71, 32, 32)),
              annotation(2, bbox=(96, 24, 96, 96))], size=(120, 192)))
    assert columns.areas.tolist() == [32 * 32, 96 * 96]


@pytest.mark.parametrize('change, kind, message', [
    pytest.param({'id': None}, 'ann_id_missing', 'id is missing', id='no_id'),
    pytest.param({'id': 'a'}, 'ann_id_missing', "id is 'a'", id='text_id'),
    pytest.param({'id': 2**70}, 'ann_id_missing', 'id is 1180591', id='big'),
    pytest.param({'id': True}, 'ann_id_missing', 'id is True', id='bool'),
    pytest.param({'image_id': 99}, 'image_id_unknown', 'image_id 99',
                 id='unknown_image'),
    pytest.param({'image_id': None}, 'image_id_unknown', 'image_id None',
                 id='no_image'),
    pytest.param({'image_id': [1]}, 'image_id_unknown', r'image_id [1]',
                 id='image_a_list'),
    pytest.param({'category_id': 2}, 'category_id_unknown', 'category_id 2',
                 id='unknown_category'),
    pytest.param({'category_id': None}, 'category_id_unknown', 'None',
                 id='no_category'),
])
def test_bad_reference(data, annotation, change, kind, message):
    table = data([annotation(1), {**annotation(7), **change}])
    fault, = find_faults(table)
    assert fault.kind == kind and message in fault.message
    columns, _, _ = build_columns(table)
    assert columns.faulty.tolist() == [False, True]


def test_annotation_without_id_is_named_by_its_position(data, annotation):
    entry = annotation(0)
    del entry['id']
    fault, = find_faults(data([annotation(1), entry]))
    assert "entry 1 of 'annotations'" in str(fault)
    assert fault.annotation_id is None


def test_duplicate_ids_are_all_named(data, annotation):
    faults = find_faults(data([annotation(i) for i in (5, 6, 5, 5)]))
    assert [f.kind for f in faults] == ['ann_id_duplicate'] * 3
    assert {f.annotation_id for f in faults} == {5}
    assert 'occurs 3 times' in faults[0].message


def test_crowd_boxes_are_not_judged_but_their_references_are(
        data, annotation):
    table = data([annotation(1, bbox=(0, 0, 0, 0), iscrowd=1),
                  annotation(2, bbox=(1, 2), iscrowd=1),
                  annotation(3, image_id=99, iscrowd=1)])
    assert [f.kind for f in find_faults(table)] == ['image_id_unknown']


@pytest.mark.parametrize('change, kind, message', [
    pytest.param({'id': None}, 'image_id_missing', 'no usable id', id='no_id'),
    pytest.param({'id': [1]}, 'image_id_missing', 'no usable id', id='list'),
    pytest.param({'id': 1}, 'image_id_duplicate', 'more than once', id='dup'),
    pytest.param({'file_name': None}, 'image_entry', 'file_name is None',
                 id='no_name'),
    pytest.param({'height': 0}, 'image_entry', 'height is 0', id='height_0'),
    pytest.param({'width': '9'}, 'image_entry', "width is '9'", id='width'),
])
def test_bad_image_entry(data, annotation, change, kind, message):
    table = data([annotation(1)])
    table['images'][2].update(change)
    fault, = find_faults(table)
    assert fault.kind == kind and message in fault.message


def test_box_in_an_image_of_unknown_size_is_unusable(data, annotation):
    table = data([annotation(1), annotation(2, image_id=2)])
    del table['images'][1]['height']
    columns, _, faults = build_columns(table)
    assert [f.kind for f in faults] == ['image_entry']
    assert columns.faulty.tolist() == [False, True]


@pytest.mark.parametrize('change, kind', [
    pytest.param({'id': 'x'}, 'category_entry', id='text_id'),
    pytest.param({'name': None}, 'category_entry', id='no_name'),
    pytest.param({'id': 1}, 'category_id_duplicate', id='duplicate'),
])
def test_bad_category(data, annotation, change, kind):
    table = data([annotation(1)])
    table['categories'][0].update(change)
    assert [f.kind for f in find_faults(table)] == [kind]


def test_file_without_anything_has_no_fault(data):
    assert find_faults({'images': [], 'annotations': [], 'categories': []}
                       ) == []


def test_image_files(folder, data, annotation):
    table = data([annotation(1)], images=5)
    folder.write(table)
    folder.image('2.png').unlink()
    content = folder.image('3.png').read_bytes()
    folder.image('3.png').write_bytes(content[:len(content) // 2])
    cv2.imwrite(str(folder.image('4.png')), np.zeros((9, 8, 3), np.uint8))
    folder.image('5.png').write_bytes(b'not an image at all')
    images = str(folder.root / 'images')
    assert find_faults(table) == []
    assert [(f.kind, f.image_id) for f in find_faults(
        table, images, check_images='exists')] == [('image_missing', 2)]
    for check_images in ('headers', 'decode'):
        faults = find_faults(table, images, check_images=check_images)
        assert [(f.kind, f.image_id) for f in faults] == [
            ('image_missing', 2), ('image_unreadable', 3), ('image_size', 4),
            ('image_unreadable', 5)]
    assert all(f.file == str(folder.image(f'{f.image_id}.png'))
               for f in faults)
    assert 'truncated' in str(faults[1])
    assert '8 x 9 (w x h) but the JSON says 160 x 120' in str(faults[2])
    with pytest.raises(ValueError, match='check_images'):
        find_faults(table, images, check_images='yes')


def test_raise_errors_lists_all_at_once(data, annotation):
    faults = find_faults(data([annotation(1, bbox=(NAN, 0, 1, 1)),
                               annotation(2, bbox=(-5, 0, 20, 20)),
                               annotation(3, image_id=8)]))
    with pytest.raises(AnnotationError) as error:
        raise_errors(faults, 'x.json', 'do this')
    lines = str(error.value).split('\n')
    assert lines[0] == 'x.json: 2 faults in the data:'
    assert 'annotation 1' in lines[1] and 'annotation 3' in lines[2]
    assert lines[3:] == ['do this']

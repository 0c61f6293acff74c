"""From files to columns: block by block, streamed, in bounded memory."""

import json
import math
import random
import tracemalloc

import numpy as np
import pytest

from mmdet_mal.datasets import (AnnotationError, AnnotationFile, FaultLog,
                                annotation_file, build_columns, coco_records,
                                find_faults, json_stream, parsing)
from mmdet_mal.datasets.fault import ANNOTATION_ERRORS

COLUMNS = ('ann_ids', 'image_index', 'boxes_xywh', 'labels', 'flags',
           'category_table')


def odd_annotations(annotation, count=60):
    """Sound and faulty entries of all kinds, in random order."""
    rng = random.Random(1)
    changes = [{}, {}, {}, dict(id=None), dict(id=3), dict(id=2**70), dict(id=-1),
               dict(image_id=99), dict(image_id=[1]), dict(image_id=2.0),
               dict(image_id='1'), dict(category_id=2), dict(category_id=None),
               dict(bbox=None), dict(bbox=[1, 2, 3]), dict(bbox=[math.nan] * 4),
               dict(bbox=[9, 9, -1, 5]), dict(bbox=[9, 9, 0, 5]),
               dict(bbox=[900, 9, 5, 5]), dict(bbox=[-5, 9, 50, 5]),
               dict(iscrowd=1), dict(iscrowd=1, bbox=None),
               dict(id=3, image_id=99), dict(id=3, category_id=7, bbox=0)]
    return [{**annotation(100 + i, image_id=1 + i % 3), **rng.choice(changes)}
            for i in range(count)]


@pytest.fixture
def odd(data, annotation):
    content = data(odd_annotations(annotation), images=5)
    content['images'][3].update(id=1)
    content['images'][4].update(file_name=None, height=0)
    content['categories'].append({'id': 1, 'name': 'again'})
    return content


@pytest.mark.parametrize('block', [1, 7, 60, 1000])
@pytest.mark.parametrize('streamed', [False, True])
def test_neither_blocks_nor_streaming_change_the_result(
        monkeypatch, tmp_path, odd, block, streamed):
    columns, images, faults = build_columns(odd, FaultLog(limit=None))
    path = tmp_path / 'x.json'
    path.write_text(json.dumps(odd))
    monkeypatch.setattr(parsing, 'BLOCK', block)
    others = build_columns(AnnotationFile(str(path)) if streamed else odd,
                           FaultLog(limit=None))
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(others[0], name),
                                      getattr(columns, name), err_msg=name)
    assert list(others[1].ids) == list(images.ids)
    assert list(others[1].file_names) == list(images.file_names)
    assert repr(list(others[2])) == repr(list(faults))
    assert others[2].counts == faults.counts and len(faults) > 40


@pytest.mark.parametrize('block', [500, 1 << 18])
@pytest.mark.parametrize('sound', [False, True])
def test_the_fast_decoder_changes_no_bit_and_no_word(monkeypatch, tmp_path, odd, block,
                                                     sound):
    monkeypatch.setattr(json_stream, '_BLOCK', block)
    if sound:  # to msgspec: every block is fast
        text = json.dumps(odd).replace('NaN', '-3').replace('\\', '')
    else:  # names that a guess where entries end stumbles over
        odd['images'][0]['file_name'] = '"}, {"id": 7, \ud800 é'
        text = json.dumps(odd, ensure_ascii=True)
    path = tmp_path / 'x.json'
    path.write_text(text)
    used = []

    def counting(kind):
        decode = coco_records.list_decoder(kind)

        def decode_and_count(text):
            records = decode(text)
            used.append(len(records or ()))
            return records
        return decode_and_count

    results = []
    for decoder in (counting, lambda kind: lambda text: None):
        monkeypatch.setattr(annotation_file, 'list_decoder', decoder)
        results.append(build_columns(AnnotationFile(str(path), 'drop'),
                                     FaultLog(limit=None)))
    (fast, images, faults), (plain, plain_images, plain_faults) = results
    for name in COLUMNS:
        one, other = getattr(fast, name), getattr(plain, name)
        assert one.dtype == other.dtype and one.tobytes() == other.tobytes(), name
    assert list(images.file_names) == list(plain_images.file_names)
    assert repr(list(images.ids)) == repr(list(plain_images.ids))
    assert repr(list(faults)) == repr(list(plain_faults)) and len(faults) > 40
    entries = sum(len(odd[key]) for key in ('images', 'annotations'))
    # Scanned, then images twice, annotations and, for duplicates, again.
    assert not sound or sum(used) >= 2 * entries


def test_flags_name_the_first_error_of_each_box(odd):
    columns, _, faults = build_columns(odd, FaultLog(limit=None))
    first = {}
    for place, fault in sorted(pair for kept in faults._kept.values()
                               for pair in kept if len(pair[0]) == 3):
        if fault.annotation_id is not None or fault.kind == 'ann_id_missing':
            if fault.severity == 'error':
                first.setdefault(place[1], fault.kind)
    kinds = (None, *ANNOTATION_ERRORS)
    found = [kinds[code] for code in columns.flags >> columns.ERROR_SHIFT]
    assert found == [first.get(row) for row in range(len(columns))]
    assert set(first.values()) == set(ANNOTATION_ERRORS)


def test_id_minus_1_is_no_duplicate_of_a_missing_id(data, annotation):
    table = data([annotation(-1), annotation(5), annotation(None)])
    assert [f.kind for f in find_faults(table)] == ['ann_id_missing']
    columns, _, _ = build_columns(table)
    assert columns.faulty.tolist() == [False, False, True]


def test_duplicates_in_distant_blocks_are_found(monkeypatch, data, annotation):
    monkeypatch.setattr(parsing, 'BLOCK', 4)
    faults = find_faults(data([annotation(i % 19) for i in range(20)]))
    assert [(f.kind, f.annotation_id) for f in faults] == [
        ('ann_id_duplicate', 0)] * 2


@pytest.mark.parametrize('block', [3, 5, 6, 100])
@pytest.mark.parametrize('change', [-1, 1])
def test_a_file_that_changes_meanwhile_is_refused(
        monkeypatch, tmp_path, data, annotation, change, block):
    monkeypatch.setattr(parsing, 'BLOCK', block)
    path = tmp_path / 'x.json'

    def write(count):
        content = data([])
        content['annotations'] = content.pop('annotations')  # as the last key
        content['annotations'] += [annotation(i) for i in range(count)]
        path.write_text(json.dumps(content))

    write(5)
    source = AnnotationFile(str(path))
    source.keys()  # what is counted now is not what is read later
    write(5 + change)
    with pytest.raises(AnnotationError, match='x.json: the file changed while'):
        build_columns(source)


def peak_of(path):
    tracemalloc.start()
    columns, _, faults = build_columns(AnnotationFile(str(path), 'drop'))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - columns.nbytes, columns, faults


@pytest.mark.parametrize('change', [
    pytest.param({}, id='sound'), pytest.param({'bbox': [1, 2, -3, 4]}, id='faulty'),
    pytest.param({'id': 4}, id='duplicate')])
def test_memory_beside_the_columns_does_not_grow_with_the_boxes(
        monkeypatch, tmp_path, data, annotation, change):
    monkeypatch.setattr(parsing, 'BLOCK', 200)
    monkeypatch.setattr(json_stream, '_BLOCK', 1 << 12)
    peaks = []
    for count in (1_000, 3_000):
        path = tmp_path / f'{count}.json'
        empty = json.dumps(data([]))
        head, found, tail = empty.partition('"annotations": [')
        with open(path, 'w') as file:
            file.write(head + found)
            for i in range(count):
                file.write(', ' * (i > 0) + json.dumps(
                    {**annotation(i, segmentation=[[1.5] * 20]), **change}))
            file.write(tail)
        peak, columns, faults = peak_of(path)
        assert len(columns) == count and len(faults) in (0, count)
        assert len(list(faults)) in (0, 50)
        peaks.append(peak)
    # 2,000 more boxes are 2.5 MB as dicts and 1 MB as faults; to sort and
    # compare ids takes a few numbers each, for a moment.
    assert peaks[1] - peaks[0] < 2_000 * 40


def test_images_that_change_meanwhile_are_refused(tmp_path, data, annotation):
    path = tmp_path / 'x.json'
    content = data([annotation(1)])
    path.write_text(json.dumps(content))
    source = AnnotationFile(str(path))
    source.keys()
    content['annotations'].append(content['annotations'][0])
    del content['images'][-1]
    path.write_text(json.dumps(content))
    with pytest.raises(AnnotationError, match='x.json: the file changed while'):
        build_columns(source)


def test_a_category_id_beyond_64_bits_is_a_fault(data, annotation):
    content = data([annotation(1, category_id=2**64), annotation(2)])
    content['categories'].append(dict(id=2**64, name='far'))
    columns, _, faults = build_columns(content)
    assert faults.counts == {'category_entry': 1, 'category_id_unknown': 1}
    assert columns.faulty.tolist() == [True, False]


@pytest.mark.parametrize('value, crowd', [
    (1, True), (True, True), (1., True), (0, False), (False, False),
    (None, False), ('0', False), ('1', False), ('true', False), (2, False),
    ([1], False), ({}, False)])
def test_only_1_and_true_make_a_crowd_region(data, annotation, value, crowd):
    columns, _, _ = build_columns(data([annotation(1, iscrowd=value)]))
    assert columns.iscrowd.tolist() == [crowd]


@pytest.mark.parametrize('entry, name', [
    (dict(file_name='a.jpg', coco_url='http://x/train2017/b.jpg'), 'a.jpg'),
    (dict(coco_url='http://images.cocodataset.org/train2017/000000391895.jpg'),
     'train2017/000000391895.jpg'),
    (dict(file_name='', coco_url='https://x/val2017/b.jpg'), 'val2017/b.jpg'),
    (dict(file_name=None, coco_url=None), ''),
    (dict(file_name=3, coco_url=4), ''),
    (dict(coco_url='http://[broken'), ''),
    (dict(coco_url='train2017/b.jpg'), ''),
    (dict(), '')], ids=repr)
def test_an_image_of_lvis_is_named_by_its_address(entry, name):
    assert parsing.read_file_name(entry) == name

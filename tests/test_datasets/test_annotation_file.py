"""The stream of a file says what the file read whole says."""

import json
import tracemalloc

import pytest

from mmdet_mal.datasets import (AnnotationError, json_stream,
                                load_annotation_file)
from mmdet_mal.datasets.annotation_file import AnnotationFile

IMAGES = [{'id': 1, 'file_name': 'a/ü 😀.png', 'height': 5, 'width': 6,
           'neg_category_ids': [2, 3], 'not_exhaustive_category_ids': []}]
BOXES = [{'id': i, 'image_id': 1, 'category_id': 1, 'bbox': [i, 0.25, 1e-7, 2],
          'segmentation': [[1, 2, 3.5]], 'extra': {'segmentation': 1, 'k': [i]}}
         for i in range(3)]
CATEGORIES = [{'id': 1, 'name': 'c', 'frequency': 'r', 'synset': 'c.n.01'}]
FULL = {'images': IMAGES, 'annotations': BOXES, 'categories': CATEGORIES}


def text_of(**parts):
    return json.dumps(parts)


def whole(source):
    """What a stream holds, put together again."""
    return {key: list(source.entries(key)) if source.is_list(key)
            else source.value(key) for key in source.keys()}


@pytest.mark.parametrize('block', [20, 1 << 18])
@pytest.mark.parametrize('segmentation', ['keep', 'drop'])
@pytest.mark.parametrize('text', [
    pytest.param(text_of(**FULL), id='coco'),
    pytest.param(text_of(**dict(reversed(FULL.items()))), id='other_order'),
    pytest.param(text_of(annotations=BOXES, info={}, licenses=[], **{
        'categories': CATEGORIES, 'images': IMAGES}), id='annotations_first'),
    pytest.param(text_of(images=[], annotations=[], categories=[]), id='empty'),
    pytest.param(json.dumps(FULL, indent=2, ensure_ascii=False), id='indented'),
    pytest.param(json.dumps({**FULL, 'ключ "x"\n': [1, [2], {'a': None}],
                             'videos': [{'id': 1}], 'n': 3, 'none': None,
                             'info': {'deep': {'images': [1], 'x': '}]'}}}),
                 id='unknown_keys'),
    pytest.param(json.dumps(FULL)[:-1] + ', "n": [NaN, -Infinity, 1e999], '
                 '"big": 1234567890123456789012345, "f": -0.0}',
                 id='what_strict_parsers_refuse'),
    pytest.param('{"images": 7, "x": 1,' + json.dumps(FULL)[1:-1] +
                 ', "x": [2], "images": []}', id='duplicate_keys'),
    pytest.param('{"x": "\\ud83d\\ude00\\ud800 \\u0041\\/",'
                 + json.dumps(FULL)[1:], id='escapes'),
    pytest.param('\n\r\n ' + json.dumps(FULL).replace(',', '\r\n,\t') + '\n ',
                 id='white_space'),
])
def test_stream_equals_the_file_read_whole(tmp_path, monkeypatch, text, segmentation,
                                           block):
    monkeypatch.setattr(json_stream, '_BLOCK', block)
    path = tmp_path / 'x.json'
    path.write_bytes(text.encode())
    expected = load_annotation_file(str(path), segmentation)
    source = AnnotationFile(str(path), segmentation)
    # repr, as NaN differs from itself and True equals 1.
    assert repr(whole(source)) == repr(expected)
    assert source.keys() == list(expected)
    assert repr(source.rest()) == repr(
        {k: v for k, v in expected.items() if k not in FULL})
    for key, value in expected.items():
        assert source.count(key) == (len(value) if type(value) is list else 0)


@pytest.mark.parametrize('block', [20, 1 << 18])
@pytest.mark.parametrize('content', [
    pytest.param(json.dumps(FULL).encode()[:-30], id='truncated'),
    pytest.param(b'', id='nothing'),
    pytest.param(b'{"images": [', id='cut_off_early'),
    pytest.param(b'\xef\xbb\xbf' + json.dumps(FULL).encode(), id='bom'),
    pytest.param(json.dumps(FULL).encode() + b' {}', id='trailing_garbage'),
    pytest.param(json.dumps(FULL).encode() + b',', id='trailing_comma'),
    pytest.param(b'PK\x03\x04\xff\xfe', id='binary'),
    pytest.param(json.dumps(FULL).encode('utf-16'), id='utf16'),
    pytest.param(json.dumps(FULL).encode()[:-1] + b', "\xe4": 1}', id='latin1'),
    pytest.param(b'[1, 2]', id='a_list'),
    pytest.param(b' "text"', id='a_string'),
    pytest.param(b'12', id='a_number'),
    pytest.param(b'null', id='null'),
    pytest.param(b'{}', id='no_keys'),
    pytest.param(text_of(images=[], categories=[]).encode(), id='no_annotations'),
    pytest.param(text_of(**{**FULL, 'images': {}}).encode(), id='images_a_dict'),
    pytest.param(text_of(**{**FULL, 'annotations': [{}, 7, []]}).encode(),
                 id='annotation_a_number'),
    pytest.param(text_of(**{**FULL, 'annotations': [*BOXES, *BOXES, 7]}).encode(),
                 id='a_late_annotation_a_number'),
    pytest.param(text_of(**{**FULL, 'annotations': BOXES * 9}).encode().replace(
        b'0.25, 1e-07, 2]', b'0.25, 1e-07 2]', 20), id='no_comma_in_a_box'),
    pytest.param(text_of(**FULL, more=[{'a': 'ü'}] * 9).encode() + b'\xff',
                 id='not_utf8_at_the_end'),
    pytest.param(b"{'images': []}", id='single_quotes'),
    pytest.param(b'{"images" []}', id='no_colon'),
    pytest.param(b'{"images": [],}', id='comma_before_the_end'),
])
def test_stream_refuses_in_the_words_of_the_file_read_whole(tmp_path, monkeypatch,
                                                            content, block):
    monkeypatch.setattr(json_stream, '_BLOCK', block)
    path = tmp_path / 'x.json'
    path.write_bytes(content)
    with pytest.raises(AnnotationError) as expected:
        load_annotation_file(str(path))
    for call in (AnnotationFile.keys, AnnotationFile.rest,
                 lambda source: next(source.entries('images'))):
        with pytest.raises(AnnotationError) as error:
            call(AnnotationFile(str(path)))
        assert str(error.value) == str(expected.value)
        assert '\n' not in str(error.value)


def test_absent_file_and_folder(tmp_path):
    for name, message in [('no.json', 'annotation file not found'),
                          ('', 'annotation file cannot be read')]:
        with pytest.raises(AnnotationError, match=message):
            AnnotationFile(str(tmp_path / name)).keys()


def test_segmentation_option_and_keys_are_checked(tmp_path):
    path = tmp_path / 'x.json'
    path.write_text(text_of(**FULL, info={}))
    with pytest.raises(ValueError, match="'keep' or 'drop'"):
        AnnotationFile(str(path), 'maybe')
    source = AnnotationFile(str(path))
    with pytest.raises(KeyError):
        next(source.entries('videos'))
    with pytest.raises(TypeError, match="'info' is a dict, not a list"):
        next(source.entries('info'))


def test_two_passes_at_once_do_not_disturb_each_other(tmp_path):
    path = tmp_path / 'x.json'
    path.write_text(text_of(**FULL))
    source = AnnotationFile(str(path))
    pairs = zip(source.entries('annotations'), source.entries('annotations'),
                strict=True)
    assert all(one == other for one, other in pairs)


def test_a_file_cut_off_between_two_passes_is_noticed(tmp_path):
    path = tmp_path / 'x.json'
    path.write_text(text_of(**FULL))
    source = AnnotationFile(str(path))
    source.keys()
    path.write_text(text_of(**FULL)[:-90])
    with pytest.raises(AnnotationError, match='not valid JSON'):
        whole(source)


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / 'x.json'
    with open(path, 'w') as file:  # 50,000 boxes
        file.write('{"annotations": [')
        for i in range(50_000):
            file.write((', ' if i else '') + json.dumps(
                {'id': i, 'image_id': i, 'bbox': [1.5, 2.5, 3.5, 4.5]}))
        file.write('], "images": [], "categories": []}')
    source = AnnotationFile(str(path))
    tracemalloc.start()
    assert sum(1 for _ in source.entries('annotations')) == 50_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 3 << 20
    assert peak < 3 << 20  # the file's text alone is more, its dicts 30 MiB

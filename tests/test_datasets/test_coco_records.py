"""What the fast decoder accepts means the same to Python's; else it refuses."""

import json
import random
import struct
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.coco_records import (BoxRecord, ImageRecord, Record,
                                             list_decoder)


class Entry(Record, gc=False):
    v: Any = 'missing'


decode = list_decoder(Entry)


def agrees(text):
    """Whether it was decoded; fails unless Python reads the same."""
    found = decode(text)
    if found is None:
        return False
    # repr, as NaN differs from itself, 1 equals 1.0 and True, 0.0 equals -0.0.
    assert repr([entry.v for entry in found]) == repr(
        [entry.get('v', 'missing') for entry in json.loads(text)]), text
    return True


@pytest.mark.parametrize('value', [
    '0', '-0', '-0.0', '1E5', '1e-7', '2.0', '12345678901234567890123', '[]', '{}',
    '-9223372036854775809', '18446744073709551616', '5e-324', '1.7976931348623157e308',
    '0.1000000000000000055511151231257827', '9007199254740993', '"\\ud83d\\ude00"',
    '"é😀\\u00e9\\/\\n"', 'true', 'null', '[1, 2.5, [null, {"v": 1}]]', '"\x7f"',
    '1, "v": 2', '"a", "v": [1], "v": null', '1, "\\u0076": 3', '"}, {\\"v\\": 1"'])
def test_ordinary_and_odd_values_are_those_of_json(value):
    assert agrees(f'[{{"x": {value}}}, {{"v": {value}, "x": "]}}"}}]')


@pytest.mark.parametrize('value', [
    'NaN', '-Infinity', 'nan', '01', '1.', '.5', '+1', '1e', '-', '0x1', 'tru', "'a'",
    '"a\nb"', '"\x1f"', '"\\q"', '"\\u12"', '"\\ud800"', '[1,]', '{"a" 1}', '{"a":1,}',
    '\x0b1', '\xa01', '9' * 5000, '[' * 100_000 + ']' * 100_000, '1}]', '"', '1 2'])
@pytest.mark.parametrize('key', ['v', 'skipped'])
def test_what_is_no_json_or_python_s_alone_is_refused(value, key):
    assert decode(f'[{{"v": 1}}, {{"{key}": {value}}}]') is None


@pytest.mark.parametrize('text', ['[1]', '[[]]', '[null]', '{}', '', '[{}] x', '[{},]'])
def test_anything_but_a_list_of_objects_is_refused(text):
    assert decode(text) is None


@pytest.mark.parametrize('before', [0, 1, 2047, 4099, 300_000])
def test_an_integer_too_long_for_python_is_refused_wherever_it_is_skipped(before):
    text = f'[{{"x": "{"x" * before}", "y": [%s]}}]'
    for digits in (4301, 6000):
        assert decode(text % ('9' * digits)) is None
        with pytest.raises(ValueError, match='4300 digits'):
            json.loads(text % ('9' * digits))
    assert agrees(text % ('9' * 1000))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=12)


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.dictionaries(st.sampled_from('vxé"'), JSON)),
       indent=st.none() | st.integers(0, 2), ascii_only=st.booleans())
@example([{'v': '\ud800'}], None, True)
def test_random_entries_agree(values, indent, ascii_only):
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    if agrees(text) is False:  # half a pair, or not finite
        assert '\\ud' in text or 'NaN' in text or 'Infinity' in text


def test_random_numbers_agree_to_the_last_bit():
    rng = random.Random(0)
    numbers = []
    for _ in range(4000):
        numbers += [
            repr(struct.unpack('d', rng.randbytes(8))[0]),
            f'{10.**rng.uniform(-323, 308):.{rng.randrange(30)}e}',
            f'{rng.randrange(5000)}.{rng.randrange(10**rng.randrange(1, 30))}',
            f'{2 * rng.randrange(2**52, 2**53) + 1}',  # half way between two floats
            str(rng.randrange(-2**rng.randrange(1, 80), 2**90))]
    numbers = [number for number in numbers if 'n' not in number]
    assert len(numbers) > 19_000
    assert agrees('[' + ','.join(f'{{"v":{number}}}' for number in numbers) + ']')


def test_mutated_documents_are_read_alike_or_refused():
    rng = random.Random(0)
    texts = ['[{"v":1,"x":[[1.5,2,"a\\u00e9\\n"],{"k":null}]},{"v":"é\\ud83d\\ude00"}]',
             '[{"a":{"b":[true,false]},"v":[1,2.5,-3e4,0]} , {"v":{}}]',
             '[{"v":-0.0,"s":{"size":[1,2],"counts":"a}],{\\"b\\\\"}}]']
    signs = '{}[],:"\\ \n\t\r0123456789eE+-.truefalsnN/u\x00\x01\x1f\x7fé\u2028'
    decoded = 0
    for _ in range(10_000):
        text = list(rng.choice(texts))
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(text))
            text[place:place + rng.randrange(2)] = rng.choice(['', rng.choice(signs)])
        decoded += agrees(''.join(text))
    assert 1000 < decoded < 9000


def test_records_have_the_members_of_entries():
    entry = dict(id=1, image_id='a', category_id=None, bbox=[1], segmentation=[[1]])
    assert BoxRecord.of(entry) == BoxRecord(1, 'a', None, [1], None)
    assert BoxRecord.of({}).bbox == 'missing'
    assert ImageRecord.of(dict(id=2, width=3)) == ImageRecord(id=2, width=3)
    assert not hasattr(BoxRecord.of(entry), 'segmentation')


def test_a_file_gives_records_of_its_entries(tmp_path):
    path = tmp_path / 'x.json'
    boxes = [dict(id=i, image_id=1, bbox=[i, .25, 1e-7, 2], segmentation=[[1, 2]],
                  iscrowd=[0, 1, True][i % 3]) for i in range(5)]
    boxes[3].update(image_id='half \ud800')  # Python's decoder alone reads it
    path.write_text(json.dumps(dict(images=[], annotations=boxes, categories=[],
                                    info={})))
    source = AnnotationFile(str(path))
    assert list(source.records('annotations', BoxRecord)) == list(
        map(BoxRecord.of, boxes))
    assert list(source.records('images', ImageRecord)) == []
    with pytest.raises(TypeError, match="'info' is a dict, not a list"):
        list(source.records('info', Record))
    with pytest.raises(KeyError):
        list(source.records('videos', Record))

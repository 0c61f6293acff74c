"""A stream means what json.load means, wherever its blocks are cut."""

import io
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdet_mal.datasets import json_stream
from mmdet_mal.datasets.coco_records import Record, list_decoder
from mmdet_mal.datasets.json_stream import JsonStream, JsonSyntaxError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() |
    st.floats(allow_nan=False),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v), max_leaves=20)


def stream_of(text):
    return JsonStream(io.BytesIO(text.encode()))


@settings(max_examples=80, deadline=None)
@given(values=st.lists(VALUES), block=st.integers(1, 40),
       indent=st.none() | st.integers(0, 2), ascii_only=st.booleans())
def test_items_equal_json_load_wherever_blocks_end(values, block, indent,
                                                   ascii_only):
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, '_BLOCK', block)
        stream = stream_of(text + ' \r\n')
        assert list(stream.items()) == values
        stream.end()
        assert stream_of(text).value() == values


@pytest.mark.parametrize('block', range(1, 24))
@pytest.mark.parametrize('text', [
    '[-Infinity, NaN, Infinity, 1e400, -0, -0.0, 1E5, 123456789012345678901234]',
    '["\\ud83d\\ude00", "\\ud800", "a\\\\", "\\"", "\\u00fc", "ü😀"]',
    '[true, false, null, {"a": 1, "a": 2}, [[]], {}]',
    '\r\n[\t1 , 22.75e-3\n,333]\n', '[12345.5, 12345]', '[]', ' [ ] ',
])
def test_odd_values_equal_json_load(monkeypatch, text, block):
    monkeypatch.setattr(json_stream, '_BLOCK', block)
    assert repr(list(stream_of(text).items())) == repr(json.loads(text))


@pytest.mark.parametrize('block', [1, 7, 1000])
@pytest.mark.parametrize('text', [
    '[1, 2', '[1 2]', '[1,]', '[', '[1, "a', '["\\x"]', '["\\u12"]', '[tru]',
    '[{"a" 1}]', '[{"a": 1,}]', '["a\nb"]', '[1]]', '[\n\n 1,\n 2 x]',
    '[-]', '[nan]', '[1.]', '["ü",\n"é" 3]', '\ufeff[1]',
    '["' + 'x' * 99 + '\\q"]', '[' + '1, ' * 99 + '}]',
])
def test_errors_say_the_same_place_as_json_load(monkeypatch, text, block):
    monkeypatch.setattr(json_stream, '_BLOCK', block)
    with pytest.raises(json.JSONDecodeError) as expected:
        json.loads(text)
    stream = stream_of(text)
    with pytest.raises(JsonSyntaxError) as error:
        list(stream.items())
        stream.end()
    place = str(expected.value).partition(': ')[2]
    assert str(error.value).partition(': ')[2] == place


def test_an_offset_begins_a_stream_that_reads_the_same(monkeypatch):
    monkeypatch.setattr(json_stream, '_BLOCK', 5)
    content = '{"ünïcödé": 1, "key": [1, {"ä": 2}], "z": 0}'.encode()
    stream = JsonStream(io.BytesIO(content))
    stream.take('{', '{')
    stream.value(), stream.take(':', ':'), stream.value(), stream.take(',', ',')
    stream.value(), stream.take(':', ':'), stream.peek()
    file = io.BytesIO(content)
    file.seek(stream.tell())
    assert list(JsonStream(file).items()) == [1, {'ä': 2}]


def test_deep_nesting_and_endless_integers_are_syntax_errors():
    for text, message in [('[' * 100000, 'nested too deeply'),
                          ('9' * 5000, '4300 digits')]:
        with pytest.raises(JsonSyntaxError, match=message):
            stream_of(text).value()


def test_an_error_in_a_large_document_is_noticed_at_once():
    file = io.BytesIO(b'[{"a" 1}, ' + b'1, ' * 2_000_000)
    with pytest.raises(JsonSyntaxError, match='char 6'):
        list(JsonStream(file).items())
    assert file.tell() <= 1 << 20


class Entry(Record, gc=False):
    v: Any = 'missing'


def blocks_of(text):
    """The list as read in blocks, and how many were read entry by entry."""
    stream, values, slow = stream_of(text), [], 0
    for block in stream.blocks(list_decoder(Entry)):
        assert block and len({type(entry) is Entry for entry in block}) == 1
        slow += type(block[0]) is not Entry
        values += [entry.v if type(entry) is Entry else
                   entry.get('v', 'missing') if type(entry) is dict else entry
                   for entry in block]
    return values, slow, stream


HOSTILE = ['}, {"v": 1', '}]', '"}],{"v":', '}, {', '\\"}, {', '\\', 'é😀\u2028', ']',
           '']


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.dictionaries(
           st.sampled_from(['v', 'x', '}, {']),
           st.sampled_from(HOSTILE) | st.lists(st.sampled_from(HOSTILE)) | VALUES |
           st.lists(st.fixed_dictionaries({'v': st.sampled_from(HOSTILE)}))) |
           st.just(1), max_size=12),
       block=st.integers(1, 120), indent=st.none() | st.integers(0, 2),
       ascii_only=st.booleans())
def test_blocks_hold_the_entries_wherever_they_are_cut(values, block, indent,
                                                       ascii_only):
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, '_BLOCK', block)
        found, _, stream = blocks_of(text + ' , [{"v": 0}]')
        assert found == [entry.get('v', 'missing') if type(entry) is dict else entry
                         for entry in values]
        stream.take(',', ',')
        assert stream.value() == [{'v': 0}]


@pytest.mark.parametrize('separators', [(',', ':'), (', ', ': '), (' ,\r\n', ' : ')])
@pytest.mark.parametrize('indent', [None, 0, 2])
@pytest.mark.parametrize('inner', [
    pytest.param({}, id='flat'), pytest.param({'p': [[1.5, 2]] * 9}, id='polygon'),
    pytest.param({'s': [{'id': 1}, {'id': 2}]}, id='nested'),
    pytest.param({'s': {'size': [1, 2], 'counts': 'a"\\]é'}}, id='rle')])
def test_ordinary_lists_are_never_read_entry_by_entry(monkeypatch, separators,
                                                      indent, inner):
    monkeypatch.setattr(json_stream, '_BLOCK', 1 << 11)
    values = [{'v': i, **inner} for i in range(300)]
    text = json.dumps([*values], indent=indent, separators=separators)
    after = json.dumps({'images': [{'v': 1}] * 9}, separators=separators)
    found, slow, _ = blocks_of(f'{text}, {after}')
    # The end of a list is found by its bracket, which may be an inner one's.
    assert found == list(range(300)) and slow <= ('s' in inner and 'id' in str(inner))


def test_one_odd_entry_slows_its_own_block_alone(monkeypatch):
    monkeypatch.setattr(json_stream, '_BLOCK', 1 << 10)
    values = [{'v': i} for i in range(2000)]
    values[700]['v'] = math.inf
    found, slow, _ = blocks_of(json.dumps(values))
    assert found == [value['v'] for value in values] and slow == 1


def test_an_entry_larger_than_many_blocks_does_not_make_large_blocks(monkeypatch):
    monkeypatch.setattr(json_stream, '_BLOCK', 1 << 10)
    values = [{'v': 0, 'x': 'y' * 99_000}, *({'v': i} for i in range(9999))]
    stream = stream_of(json.dumps(values))
    sizes = [len(block) for block in stream.blocks(list_decoder(Entry))]
    assert sum(sizes) == 10_000 and max(sizes) <= (2 << 10) // len('{"v": 1},')


@pytest.mark.parametrize('block', [1, 7, 1000])
@pytest.mark.parametrize('entry', [
    '{"v": 1]', '{"v" 1}', '{"v": 1,}', '{"v": tru}', '{"v": "a\nb"}', '{"v": "\\x"}',
    '{"v": 1} {"v": 2}', '{"v": 1}, ', '{"v": ' + '9' * 5000 + '}', '{"x": 01}', '{'])
def test_errors_are_those_of_entries_read_one_by_one(monkeypatch, block, entry):
    monkeypatch.setattr(json_stream, '_BLOCK', block)
    text = '[' + '{"v": "ü"},\n' * 30 + entry + ']'
    with pytest.raises(JsonSyntaxError) as expected:
        list(stream_of(text).items())
    with pytest.raises(JsonSyntaxError) as error:
        blocks_of(text)
    assert str(error.value) == str(expected.value)

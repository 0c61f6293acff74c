"""A stream means what json.load means, wherever its blocks are cut."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdet_mal.datasets import json_stream
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

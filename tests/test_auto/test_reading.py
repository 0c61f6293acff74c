"""``--read NAME=VALUE``."""

import pytest

from mmdet_mal.auto.reading import reader_options
from mmdet_mal.utils.errors import UserError


def test_values_are_converted_as_the_format_says():
    assert reader_options('coco', 'x.json', [
        'classes=cat, dog', 'min-box-score=.5']) == dict(
            classes=['cat', 'dog'], min_box_score=.5)


def test_without_words_the_format_is_not_even_looked_at():
    assert reader_options('none', 'none', []) == {}


@pytest.mark.parametrize('format, word, message', [
    ('coco', 'classes', 'NAME=VALUE'),
    ('coco', 'qqq=1', 'classes, exif, min_box_score'),
    ('coco', 'min-box-score=x', '--read min-box-score=x'),
    ('qqq', 'classes=a', '--from qqq'),
])
def test_mistakes(format, word, message):
    with pytest.raises(UserError, match=message):
        reader_options(format, 'x.json', [word])

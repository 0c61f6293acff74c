"""Reading of annotation files."""

import gc
import json
import pickle

import pytest

from mmdet_mal.datasets import AnnotationError, load_annotation_file
from mmdet_mal.utils.errors import UserError

EMPTY = {'images': [], 'annotations': [], 'categories': []}


@pytest.mark.parametrize('text, message', [
    pytest.param('{"images": [', 'not valid JSON', id='cut_off'),
    pytest.param('', 'not valid JSON', id='empty'),
    pytest.param('[]', 'expected a JSON object', id='a_list'),
    pytest.param('{"images": [], "categories": []}',
                 "no 'annotations' in the file (found: categories, images)",
                 id='no_annotations'),
    pytest.param('{}', "no 'images' in the file (found: nothing)", id='{}'),
    pytest.param(json.dumps({**EMPTY, 'images': {}}),
                 "'images' must be a list, found a dict", id='images_a_dict'),
    pytest.param(json.dumps({**EMPTY, 'annotations': [{}, 7]}),
                 "entry 1 of 'annotations' must be an object, found a int",
                 id='annotation_a_number'),
])
def test_bad_files_give_one_line_that_names_them(tmp_path, text, message):
    path = tmp_path / 'x.json'
    path.write_text(text)
    with pytest.raises(AnnotationError) as error:
        load_annotation_file(str(path))
    assert message in str(error.value)
    assert str(error.value).startswith(f'{path}: ')
    assert '\n' not in str(error.value)


def test_absent_file_binary_file_and_folder(tmp_path):
    (tmp_path / 'x.zip').write_bytes(b'PK\x03\x04\xff\xfe')
    for name, message in [('no.json', 'annotation file not found'),
                          ('x.zip', 'is not UTF-8 text'),
                          ('', 'annotation file cannot be read')]:
        with pytest.raises(AnnotationError, match=message) as error:
            load_annotation_file(str(tmp_path / name))
        assert '\n' not in str(error.value)


def test_segmentation_is_dropped_only_on_request(tmp_path):
    path = tmp_path / 'x.json'
    path.write_text(json.dumps({
        **EMPTY, 'annotations': [{'id': 1, 'segmentation': [[1, 2, 3]],
                                  'extra': {'segmentation': 1, 'a': 2}}]}))
    kept = load_annotation_file(str(path))
    assert kept['annotations'][0]['segmentation'] == [[1, 2, 3]]
    dropped = load_annotation_file(str(path), segmentation='drop')
    assert dropped['annotations'] == [{'id': 1, 'extra': {'a': 2}}]
    assert gc.isenabled()
    with pytest.raises(ValueError, match="'keep' or 'drop'"):
        load_annotation_file(str(path), segmentation='maybe')


def test_error_is_a_user_error_and_survives_pickling():
    error = pickle.loads(pickle.dumps(AnnotationError('a: b')))
    assert isinstance(error, UserError) and isinstance(error, ValueError)
    assert str(error) == 'a: b'


def test_error_from_a_worker_keeps_only_its_own_message():
    text = ('Caught AnnotationError in DataLoader worker process 0.\n'
            'Original Traceback (most recent call last):\n  File "x", line 1\n'
            'mmdet_mal.datasets.annotations.AnnotationError: 1.png: gone\n')
    assert str(AnnotationError(text)) == '1.png: gone'


def test_many_problems_are_listed_to_fifty_and_counted():
    error = AnnotationError.of_many('bad', [f'p{i}' for i in range(53)], 'do')
    lines = str(error).split('\n')
    assert lines[0] == 'bad:' and lines[50] == '  p49'
    assert lines[51:] == ['  … and 3 more', 'do']

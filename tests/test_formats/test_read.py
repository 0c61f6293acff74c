"""Finding out the format, and options."""

import json

import pytest

from mmdet_mal.formats import READERS, read_boxes
from mmdet_mal.formats.read import choose_reader
from mmdet_mal.utils.errors import UserError


def test_every_format_is_found_out(write, tmp_path):
    outline = dict(images=[], annotations=[], categories=[])
    made = {
        'coco': write('coco.json', json.dumps(outline)),
        'lvis': write('lvis.json', json.dumps(dict(outline, images=[
            dict(neg_category_ids=[])]))),
        'voc': write('voc/x/a.xml', '<annotation></annotation>').parents[1],
        'yolo': write('yolo/labels/a.txt', '0 .5 .5 .1 .1\n').parents[1],
        'csv': write('a.csv', 'a,b\n'),
        'labelme': write('labelme/a.json', '{"shapes": [], "imagePath": "a"}').parent,
        'cvat': write('annotations.xml', '<annotations></annotations>'),
        'label-studio': write('ls.json', '[{"id": 1, "data": {}, "annotations": []}]'),
        'coco-results': write('r.json', json.dumps([
            dict(image_id=1, bbox=[], score=1, category_id=1)])),
        'mmdet': write('preds/a.json', json.dumps(
            dict(labels=[], scores=[], bboxes=[]))).parent}
    for name, path in made.items():
        assert choose_reader(str(path)).name == name, path
    assert made.keys() <= READERS.keys()


def test_what_may_be_several_formats_is_asked_for(write, tmp_path):
    write('mixed/a.xml', '<annotation></annotation>')
    write('mixed/a.txt', '0 .5 .5 .1 .1\n')
    with pytest.raises(UserError, match='may be voc or yolo; say which with --from'):
        choose_reader(str(tmp_path / 'mixed'))
    assert choose_reader(str(tmp_path / 'mixed'), 'yolo').name == 'yolo'


@pytest.mark.parametrize('name, text, words', [
    ('notes.txt', 'hello world\n', 'not recognised as boxes of any known format'),
    ('a.json', '{"images": [', 'a.json: annotation file is not valid JSON'),
    ('a.json', '{"a": 1}', 'not recognised'), ('a.json', '[]', 'not recognised'),
    ('a.zip', 'PK', 'is an archive; unpack it'), ('a.json', '', 'not recognised')])
def test_what_is_no_format_is_said(write, name, text, words):
    with pytest.raises(UserError, match=words):
        read_boxes(str(write(name, text)))


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match='no such file or folder'):
        read_boxes(str(tmp_path / 'none.json'))
    with pytest.raises(UserError, match='not recognised'):
        read_boxes(str(tmp_path))


def test_options_are_checked(write):
    path = str(write('a.csv', 'a,b\n'))
    with pytest.raises(UserError, match='--from csv has no option --shapes; it has '
                       '--classes, --min-box-score'):
        read_boxes(path, shapes='bounds')
    with pytest.raises(UserError, match='--box-format xy: expected one of xyxy'):
        read_boxes(path, box_format='xy')
    with pytest.raises(UserError, match='--from tiff: not known; choose one of'):
        read_boxes(path, format='tiff')

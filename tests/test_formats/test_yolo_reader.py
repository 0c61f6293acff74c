"""YOLO labels, data sets and predictions."""

import pytest

from mmdet_mal.formats import Tally, read_boxes
from mmdet_mal.utils.errors import UserError

NAMES = 'names:\n  0: cat\n  1: dog\n'


@pytest.fixture
def version8(tmp_path, photo, write):
    """images/{train,val}, labels/{train,val}, a box, an outline, nothing."""
    for part in ('train', 'val'):
        photo(tmp_path / 'images' / part / 'a.jpg', (200, 100))
    photo(tmp_path / 'images/train/empty.jpg', (200, 100))
    photo(tmp_path / 'images/train/none.jpg', (200, 100))
    write('labels/train/a.txt', '1 0.5 0.5 0.25 0.5\n\n')
    write('labels/val/a.txt', '0 0.1 0.1 0.4 0.2 0.3 0.8\r\n')
    write('labels/train/empty.txt', '')
    write('labels/classes.txt', 'wrong\n')
    return write('data.yaml', f'path: ../elsewhere\ntrain: images/train\n'
                 f'val: images/val\n{NAMES}')


FOUND = [('images/train/a.jpg', 'dog', 75, 25, 50, 50),
         ('images/val/a.jpg', 'cat', 20, 10, 60, 70)]


@pytest.mark.parametrize('source', ['data.yaml', '.'])
def test_a_data_set_of_version_8(version8, tmp_path, boxes, source):
    tally = Tally()
    data = read_boxes(str(tmp_path / source), tally=tally)
    assert boxes(data) == FOUND
    assert [entry['name'] for entry in data['categories']] == ['cat', 'dog']
    assert [entry['file_name'] for entry in data['images']] == [
        'images/train/a.jpg', 'images/train/empty.jpg', 'images/train/none.jpg',
        'images/val/a.jpg']
    assert '1 outlines are taken by their bounds' in str(tally)
    assert '1 images have no label file' in str(tally)
    assert 'file names are relative to' in str(tally)


def test_a_split_is_read_alone(version8, boxes):
    assert boxes(read_boxes(str(version8), split='val')) == FOUND[1:]
    with pytest.raises(UserError, match='no image of the part test'):
        read_boxes(str(version8), split='test')


def test_a_list_of_images_is_a_split_too(version8, write, tmp_path, boxes):
    write('train.txt', './images/train/a.jpg\n')
    write('data.yaml', 'train: train.txt\nnames: [cat, dog]\n')
    data = read_boxes(str(tmp_path), split='train')
    assert boxes(data) == FOUND[:1] and len(data['images']) == 1


def test_roboflow_puts_images_and_labels_into_each_part(tmp_path, photo, write,
                                                        boxes):
    for part in ('train', 'valid'):
        photo(tmp_path / part / 'images' / 'a.jpg', (200, 100))
        write(f'{part}/labels/a.txt', '1 0.5 0.5 0.25 0.5')
    write('data.yaml', 'train: ../train/images\nval: ../valid/images\nnc: 2\n'
          "names: ['cat', 'dog']\n")
    assert boxes(read_boxes(str(tmp_path))) == [
        ('train/images/a.jpg', 'dog', 75, 25, 50, 50),
        ('valid/images/a.jpg', 'dog', 75, 25, 50, 50)]
    assert len(boxes(read_boxes(str(tmp_path), split='val'))) == 1


def test_labelimg_puts_labels_beside_the_images(tmp_path, photo, write, boxes):
    photo(tmp_path / 'a.png', (200, 100))
    write('a.txt', '0 0.5 0.5 1 1')
    write('classes.txt', 'cat\ndog\n')
    assert boxes(read_boxes(str(tmp_path))) == [('a.png', 'cat', 0, 0, 200, 100)]


def test_predictions_keep_their_score(tmp_path, photo, write):
    photo(tmp_path / 'photos' / 'a.jpg', (200, 100))
    write('labels/a.txt', '1 0.5 0.5 0.25 0.5 0.875\n0 0.5 0.5 0.25 0.5 0.25\n'
          '0 0.1 0.1 0.4 0.2 0.3 0.8 0.75\n')
    data = read_boxes(str(tmp_path / 'labels'), str(tmp_path / 'photos'),
                      classes=['cat', 'dog'], min_box_score=.5)
    assert [(entry['category_id'], entry['box_score'])
            for entry in data['annotations']] == [(2, .875), (1, .75)]


def test_fractions_of_a_turned_picture(tmp_path, photo, write):
    photo(tmp_path / 'photos' / 'a.jpg', (200, 100), orientation=6)
    write('labels/a.txt', '0 0.5 0.1 1 0.2')  # the upper fifth, as shown
    with pytest.raises(UserError, match='--exif stored'):
        read_boxes(str(tmp_path / 'labels'), str(tmp_path / 'photos'), classes=['a'])
    data = read_boxes(str(tmp_path / 'labels'), str(tmp_path / 'photos'),
                      classes=['a'], exif='turned')
    assert data['annotations'][0]['bbox'] == [0, 0, 40, 100]


@pytest.mark.parametrize('line, words', [
    ('2 .5 .5 .1 .1', "line 1: class is '2', expected a number from 0 to 1"),
    ('-1 .5 .5 .1 .1', "line 1: class is '-1'"), ('cat .5 .5 .1 .1',
     "line 1: class is 'cat'"),
    ('0 .5 .5 .1', 'line 1: 4 values, expected 5'),
    ('0 .5 x .1 .1', "line 1: a value is 'x'"),
    ('0 .5 nan .1 .1', "line 1: a value is 'nan'"),
    ('0 120 80 30 40', 'line 1: coordinate 120, expected a fraction')])
def test_a_faulty_line_is_named(tmp_path, photo, write, line, words):
    photo(tmp_path / 'a.jpg', (200, 100))
    write('a.txt', line)
    write('classes.txt', 'cat\ndog\n')
    with pytest.raises(UserError, match='a.txt: ' + words):
        read_boxes(str(tmp_path), format='yolo')


@pytest.mark.parametrize('text, words', [
    ('names: [a\n', 'is not valid YAML'), ('nc: 3\n', "no 'names' of classes"),
    ('names: {0: a, 2: b}\n', "'names' has numbers"),
    ('names: 3\n', "'names' is a int"),
    ('names: [a]\nkpt_shape: [17, 3]\n', 'is a data set of key points'),
    ('!!python/object/apply:os.system ["true"]\n', 'is not valid YAML'),
    ('names: [a]\ntrain: 5\n', "'train' is 5, expected a folder")])
def test_a_faulty_data_yaml_is_named(write, text, words):
    path = write('data.yaml', text)
    with pytest.raises(UserError, match=f'data.yaml: {words}'):
        read_boxes(str(path))


def test_names_must_come_from_somewhere(tmp_path, photo, write):
    photo(tmp_path / 'a.jpg', (200, 100))
    write('a.txt', '0 .5 .5 .1 .1')
    with pytest.raises(UserError, match='nothing names the classes.*--classes'):
        read_boxes(str(tmp_path))


def test_the_names_above_a_folder_of_labels_are_found(version8, tmp_path, boxes):
    data = read_boxes(str(tmp_path / 'labels' / 'val'), str(tmp_path / 'images'),
                      format='yolo', split='val')
    assert [found[1] for found in boxes(data)] == ['cat']


def test_a_label_without_an_image_is_named(version8, write):
    write('labels/train/lost.txt', '0 .5 .5 .1 .1')
    with pytest.raises(UserError, match="lost.txt: no image '.*images/train/lost'"):
        read_boxes(str(version8))


def test_two_labels_of_one_image_are_named(tmp_path, photo, write):
    photo(tmp_path / 'photos' / 'a.jpg', (200, 100))
    for part in 'xy':
        write(f'labels/{part}/a.txt', '0 .5 .5 .1 .1')
    with pytest.raises(UserError, match=r'y/a.txt: labels a.jpg, which .*x/a.txt'):
        read_boxes(str(tmp_path / 'labels'), str(tmp_path / 'photos'), classes=['a'])

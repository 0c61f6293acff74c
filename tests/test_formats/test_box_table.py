"""The COCO dict in the making."""

import pytest

from mmdet_mal.formats.box_table import BoxTable
from mmdet_mal.formats.tally import Tally
from mmdet_mal.utils.errors import UserError


def table(tally=None, **options):
    made = BoxTable(tally or Tally(), source='src', **options)
    made.add_image('a.jpg', 100, 50, 'here')
    return made


def test_ids_count_from_one_and_classes_are_sorted():
    made = table()
    assert made.add_image('b.jpg', 10, 10, 'here') == 2
    assert made.add_image('a.jpg', 100, 50, 'here') == 1
    made.add_box(1, 'dog', [1, 2, 3.00004, 4], 'here')
    made.add_box(2, 'cat', [0, 0, .1 + .2, 1], 'here', score='.5')
    data = made.to_coco()
    assert data['categories'] == [dict(id=1, name='cat'), dict(id=2, name='dog')]
    assert data['annotations'] == [
        dict(id=1, image_id=1, category_id=2, bbox=[1., 2., 3., 4.], area=12.,
             iscrowd=0),
        dict(id=2, image_id=2, category_id=1, bbox=[0., 0., .3, 1.], area=.3,
             iscrowd=0, box_score=.5)]


def test_given_classes_keep_their_order_and_unused_ones():
    made = table(classes=['dog', 'bird', 'cat'])
    made.add_box(1, 'cat', [0, 0, 1, 1], 'here')
    assert [entry['name'] for entry in made.to_coco()['categories']] == [
        'dog', 'bird', 'cat']
    with pytest.raises(UserError, match="here: class 'cow' is not among.*dog, bird"):
        made.add_box(1, 'cow', [0, 0, 1, 1], 'here')
    with pytest.raises(UserError, match="'a' is named twice"):
        table(classes=['a', 'a'])


def test_scores_below_the_limit_are_left_out_and_counted():
    tally = Tally()
    made = table(tally, min_box_score=.5)
    assert made.add_box(1, 'a', [0, 0, 1, 1], 'x', score=.5)
    assert not made.add_box(1, 'a', [0, 0, 1, 1], 'y', score=.4)
    assert len(made.to_coco()['annotations']) == 1
    assert str(tally) == ('1 boxes have a score below --min-box-score 0.5 and are '
                          'left out (first: y)')
    with pytest.raises(UserError, match='has no score, and --min-box-score'):
        made.add_box(1, 'a', [0, 0, 1, 1], 'z')


@pytest.mark.parametrize('bbox', [[0, 0, 0, 5], [-3, 0, 9, 9], [90, 0, 11, 9],
                                  [9, 9, -2, 4], [0, 45, 9, 6]], ids=str)
def test_odd_boxes_are_kept_for_the_doctor_and_counted(bbox):
    tally = Tally()
    made = table(tally)
    made.add_box(1, 'a', bbox, 'here')
    assert made.to_coco()['annotations'][0]['bbox'] == bbox
    assert 'mal doctor' in str(tally)


@pytest.mark.parametrize('value', ['x', None, float('nan'), float('inf'), True, ''],
                         ids=str)
def test_a_value_that_is_no_number_is_named(value):
    with pytest.raises(UserError, match='row 7: a coordinate is'):
        table().add_box(1, 'a', [0, value, 1, 1], 'row 7')
    if value is not None:  # no score at all
        with pytest.raises(UserError, match='row 7: the score is'):
            table().add_box(1, 'a', [0, 0, 1, 1], 'row 7', score=value)


@pytest.mark.parametrize('size', [(0, 5), (5.5, 5), ('5', 5), (None, 5), (True, 5)],
                         ids=str)
def test_a_size_that_is_none_is_named(size):
    with pytest.raises(UserError, match="here: image 'b' has size"):
        table().add_image('b', *size, 'here')


def test_one_image_has_one_size():
    with pytest.raises(UserError, match=r'size 9 x 9 \(w x h\) here and 100 x 50'):
        table().add_image('a.jpg', 9, 9, 'here')


def test_no_image_is_an_error():
    with pytest.raises(UserError, match='src: no image in it'):
        BoxTable(Tally(), source='src').to_coco()

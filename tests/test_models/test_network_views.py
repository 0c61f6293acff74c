"""Views of crops: their mean, and which of them are compared."""
import pytest
import torch

from mmdet_mal.models.network_views import mean_view, opinion_pairs


def view(value):
    return torch.full((1, 2, 2), value)


TEACHER, STUDENT = ('teacher', 'plain'), ('student', 'plain')


def test_mean():
    assert torch.equal(mean_view([view(.2), view(.6)]), view(.4))


def test_one_view_has_nobody_to_differ_with():
    assert opinion_pairs({TEACHER: view(.2)}) == {}


def test_mirrored_views_are_compared_with_the_mean_of_the_plain_ones():
    pairs = opinion_pairs({
        TEACHER: view(.2), STUDENT: view(.4), ('teacher', 'mirrored'): view(.5),
        ('student', 'mirrored'): view(.9)})
    assert set(pairs) == {'flip_iou', 'student_teacher_iou'}
    for found, value in zip(pairs['flip_iou'], (.3, .7), strict=True):
        torch.testing.assert_close(found, view(value))
    assert torch.equal(pairs['student_teacher_iou'][0], view(.4))


@pytest.mark.parametrize('here, absent', [(TEACHER, 'student'), (STUDENT, 'teacher')])
def test_the_network_that_does_not_label_is_asked_and_left_out_of_the_flip(
        here, absent):
    asked = []

    def predict(name):
        asked.append(name)
        return view(.9)

    pairs = opinion_pairs({here: view(.2), (here[0], 'mirrored'): view(.4)}, predict)
    assert asked == [absent]
    assert torch.equal(pairs['flip_iou'][0], view(.2))
    both = dict(zip(('student', 'teacher'), pairs['student_teacher_iou'],
                    strict=True))
    assert torch.equal(both[here[0]], view(.2))
    assert torch.equal(both[absent], view(.9))

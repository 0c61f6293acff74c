"""The class count reaches every head of a stock model."""

import pytest
from mmengine.config import ConfigDict

from mmdet_mal.utils.num_classes import set_num_classes


def test_cascade_heads_in_a_list_are_all_set():
    model = ConfigDict(roi_head=dict(
        bbox_head=[dict(num_classes=80), dict(num_classes=80)],
        mask_head=dict(num_classes=80)))
    assert set_num_classes(model, 3) == 3
    assert [head.num_classes for head in model.roi_head.bbox_head] == [3, 3]
    assert model.roi_head.mask_head.num_classes == 3


def test_mask2former_weights_follow_the_class_count():
    model = dict(
        panoptic_head=dict(
            num_things_classes=80, num_stuff_classes=0,
            loss_cls=dict(type='CrossEntropyLoss', class_weight=[1.0] * 80 + [.1])),
        panoptic_fusion_head=dict(num_things_classes=80, num_stuff_classes=0))
    assert set_num_classes(model, 2) == 3
    head = model['panoptic_head']
    assert head['num_things_classes'] == 2
    assert head['num_stuff_classes'] == 0
    assert head['loss_cls']['class_weight'] == [1.0, 1.0, .1]
    assert model['panoptic_fusion_head']['num_things_classes'] == 2


def test_a_model_without_a_class_count_is_told_apart():
    assert set_num_classes(dict(rpn_head=dict(loss_cls=dict(type='X'))), 2) == 0


@pytest.mark.parametrize('bad', [0, -1])
def test_a_class_count_below_one_is_refused(bad):
    with pytest.raises(ValueError, match='at least 1'):
        set_num_classes({}, bad)

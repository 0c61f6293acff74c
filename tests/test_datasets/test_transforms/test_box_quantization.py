"""Loose boxes in training and labelling: grid, jitter, scale."""

from pathlib import Path

import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes

from mmdet_mal.datasets.transforms import BoxJitter, BoxQuantization, ScaleBox
from mmdet_mal.registry import TRANSFORMS


def crop_sample():
    """A crop of twice the reference side, so that Q = 8 is a grid of 16 px."""
    return dict(
        gt_bboxes=HorizontalBoxes(np.float32([[100, 70, 410, 500]])),
        valid_bbox=np.float32([0, 0, 512, 512]), img_shape=(512, 512))


@pytest.mark.parametrize('q, expected', [
    (0, [100, 70, 410, 500]), (8, [96, 64, 416, 496]), (16, [96, 64, 416, 512]),
    (32, [128, 64, 384, 512])])
def test_the_grid_is_q_l_by_256(q, expected):
    transform = TRANSFORMS.build(dict(type='mmdet_mal.BoxQuantization', steps=[q]))
    found = transform(crop_sample())['gt_bboxes']
    assert isinstance(found, HorizontalBoxes)
    assert found.tensor.tolist() == [expected]
    assert str(found.tensor.dtype) == 'torch.float32'


def test_sides_of_the_crop_have_grids_of_their_own():
    sample = dict(crop_sample(), img_shape=(256, 512))
    sample['gt_bboxes'] = HorizontalBoxes(np.float32([[100, 70, 410, 200]]))
    found = BoxQuantization([8])(sample)['gt_bboxes'].tensor.tolist()
    assert found == [[96, 72, 416, 200]]


def test_the_box_stays_in_the_image():
    sample = dict(crop_sample(), valid_bbox=np.float32([90, 80, 512, 490]))
    assert BoxQuantization([32])(sample)['gt_bboxes'].tensor.tolist() == [
        [128, 80, 384, 490]]


def test_q_is_drawn_from_the_steps_by_the_samples_seed():
    def draw(seed):
        np.random.seed(seed)
        return BoxQuantization()(crop_sample())['gt_bboxes'].tensor.tolist()[0]

    boxes = {tuple(draw(seed)) for seed in range(40)}
    assert len(boxes) == 4
    assert draw(3) == draw(3)


def image_sample():
    return dict(bbox=np.float32([10, 20, 30, 60]), height=80, width=50,
                box_area=800.)


def test_jitter_is_bounded_and_follows_the_seed():
    boxes = []
    for seed in range(50):
        np.random.seed(seed)
        found = BoxJitter(.1, .2)(image_sample())
        assert found['box_area'] == 800
        assert found['bbox'].dtype == np.float32
        boxes.append(found['bbox'])
    boxes = np.array(boxes)
    size = boxes[:, 2:] - boxes[:, :2]
    centre = (boxes[:, 2:] + boxes[:, :2]) / 2
    assert (np.abs(size / [20, 40] - 1) <= .2 + 1e-5).all() and size.std(0).min() > 1
    assert (np.abs((centre - [20, 40]) / [20, 40]) <= .1 + 1e-5).all()
    np.random.seed(7)
    assert np.array_equal(BoxJitter(.1, .2)(image_sample())['bbox'], boxes[7])


def test_jitter_of_nothing_is_nothing():
    found = BoxJitter(0, 0)(image_sample())['bbox']
    assert np.array_equal(found, image_sample()['bbox'])


def test_scaled_boxes_stay_in_the_image():
    assert ScaleBox(1.5)(image_sample())['bbox'].tolist() == [5, 10, 35, 70]
    assert ScaleBox(4.)(image_sample())['bbox'].tolist() == [0, 0, 50, 80]
    assert np.array_equal(ScaleBox()(image_sample())['bbox'], image_sample()['bbox'])


@pytest.mark.parametrize('kind, options', [
    (BoxQuantization, dict(steps=[])), (BoxQuantization, dict(steps=[-8])),
    (BoxQuantization, dict(rounding='up')), (BoxJitter, dict(max_shift=-1)),
    (BoxJitter, dict(max_scale=1.)), (ScaleBox, dict(factor=0))])
def test_wrong_options_are_refused(kind, options):
    with pytest.raises(ValueError):
        kind(**options)


def test_each_says_its_settings():
    assert repr(BoxQuantization([8])) == (
        "BoxQuantization(steps=(8,), rounding='nearest')")
    assert repr(BoxJitter()) == 'BoxJitter(max_shift=0.1, max_scale=0.1)'
    assert repr(ScaleBox(1.1)) == 'ScaleBox(factor=1.1)'


@pytest.mark.parametrize('cell', ['quantised boxes', 'jittered boxes'])
def test_trainings_of_the_shipped_grid_see_other_boxes(cell):
    from mmcv.transforms import Compose
    from mmengine.registry import DefaultScope

    from mmdet_mal.ablation.grid import load_grid
    from mmdet_mal.ablation.overrides import apply_overrides
    from mmdet_mal.utils.tool import load_config
    root = Path(__file__).resolve().parents[3]
    grid = load_grid(root / 'configs/mal/ablations/loose_training.yaml')
    boxes = {}
    for row in grid.cells:
        if row.name not in (grid.base, cell):
            continue
        cfg = load_config(row.config)
        apply_overrides(cfg, row.overrides, row.name)
        with DefaultScope.overwrite_default_scope('mmdet'):
            pipeline = Compose(cfg.train_dataloader.dataset.pipeline)
        found = []
        for seed in range(6):
            np.random.seed(seed)
            image = np.random.randint(0, 255, (80, 50, 3), np.uint8)
            sample = pipeline(dict(
                image_sample(), img=image, img_path='a.jpg', img_id=1, ann_id=2,
                sample_idx=0, label=0))
            student = sample['data_samples']['student']
            found.append(student.gt_instances.bboxes.numpy()[0])
        boxes[row.name] = np.array(found)
    assert boxes[cell].shape == (6, 4)
    assert np.abs(boxes[cell] - boxes[grid.base]).max() > 3
    assert boxes[cell].min() >= 0 and boxes[cell].max() <= 224

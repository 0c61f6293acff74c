"""Clutter beside the box: never on it, from other boxes, by the sample's seed."""
import cv2
import numpy as np
import pytest
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import DefaultScope

from mmdet_mal.datasets import BoxInstanceDataset
from mmdet_mal.datasets.other_boxes import OTHER_BOXES
from mmdet_mal.datasets.samplers.sample_key import SampleKey
from mmdet_mal.datasets.seeded_samples import SeededSamples
from mmdet_mal.datasets.transforms import PasteBoxes
from mmdet_mal.datasets.transforms.paste_boxes import (_paste_size, _place,
                                                       free_strips)
from mmdet_mal.registry import TRANSFORMS
from mmdet_mal.utils.errors import UserError

SIZE = 100


class Others:
    """Boxes of images in one colour each: sample i has the colour 40 + i."""

    def __init__(self, number=4):
        self.number, self.asked = number, []

    def __len__(self):
        return self.number

    def info(self, index):
        self.asked.append(index)
        return dict(bbox=np.float32([10, 10, 40, 30]), height=50, width=60,
                    img=np.full((50, 60, 3), 40 + index, np.uint8), img_path='x',
                    ann_id=index)


def crop(box=(30, 20, 75, 80), valid=(0, 0, SIZE, SIZE), others=None, **more):
    """A black crop of a window of its size."""
    return dict(
        img=np.zeros((SIZE, SIZE, 3), np.uint8), sample_idx=1,
        crop_window=np.array([0, 0, SIZE, SIZE]),
        gt_bboxes=HorizontalBoxes(np.float32([box])), valid_bbox=np.float32(valid),
        **{OTHER_BOXES: others or Others()}, **more)


def pasted(seed, transform=None, **kwargs):
    """Which pixels of the crop a paste changed, (SIZE, SIZE), and the results."""
    np.random.seed(seed)
    results = (transform or PasteBoxes(prob=1.))(crop(**kwargs))
    return results['img'].any(axis=2), results


def test_it_never_covers_the_box_or_padding_and_may_touch_both():
    gaps = []
    for seed in range(300):
        rng = np.random.RandomState(seed)
        low, high = rng.uniform(0, 40, 2), rng.uniform(60, 100, 2)
        box = (*low, *high)
        valid = (*np.floor(low * rng.rand()),
                 *np.ceil(high + (100 - high) * rng.rand()))
        changed, results = pasted(seed, box=box, valid=valid)
        x0, y0 = np.floor(low).astype(int)
        x1, y1 = np.ceil(high).astype(int)
        assert not changed[y0:y1, x0:x1].any()
        shown = np.zeros_like(changed)
        shown[int(valid[1]):int(valid[3]), int(valid[0]):int(valid[2])] = True
        assert not changed[~shown].any()
        assert results['gt_bboxes'].tensor.tolist() == [pytest.approx(box)]
        around = changed[max(y0 - 1, 0):y1 + 1, max(x0 - 1, 0):x1 + 1]
        gaps.append(around.any())
    assert .02 < np.mean(gaps) < .98  # some touch the box, some do not


def test_what_is_pasted_is_another_box_and_never_the_sample_itself():
    others, seen = Others(), set()
    for seed in range(60):
        changed, results = pasted(seed, others=others)
        seen |= set(np.unique(results['img'][changed]).tolist())
    assert set(others.asked) == {0, 2, 3}
    assert seen == {40, 42, 43}


def test_the_content_is_the_box_without_its_surroundings():
    class Marked(Others):
        def info(self, index):
            info = super().info(index)
            info['img'] = np.full((50, 60, 3), 255, np.uint8)
            info['img'][10:30, 10:40] = 70
            return info

    for seed in range(20):
        _, results = pasted(seed, others=Marked())
        assert set(np.unique(results['img']).tolist()) == {0, 70}


def test_other_images_are_read_by_the_file_backend_of_the_settings(monkeypatch):
    class Unread(Others):
        def info(self, index):
            info = super().info(index)
            del info['img']
            return info

    seen = []

    def read(path, who, *, backend_args, **options):
        seen.append((path, backend_args))
        return np.full((50, 60, 3), 70, np.uint8)

    monkeypatch.setattr('mmdet_mal.datasets.last_image.open_image', read)
    transform = PasteBoxes(prob=1., max_count=1, backend_args=dict(backend='http'))
    changed, _ = pasted(0, transform, others=Unread())
    assert changed.any() and seen == [('x', dict(backend='http'))]


def test_probability_and_count():
    for prob, low, high in ((0., 0, 0), (.5, 60, 140), (1., 200, 200)):
        transform = PasteBoxes(prob=prob, max_count=1)
        assert low <= sum(pasted(seed, transform)[0].any()
                          for seed in range(200)) <= high
    counts = set()
    for seed in range(40):
        others = Others()
        pasted(seed, PasteBoxes(prob=1., max_count=3), others=others)
        counts.add(len(others.asked))
    assert counts == {1, 2, 3}


def test_the_longer_side_is_within_the_range_and_the_aspect_that_of_the_crop():
    """A box 20 high and 30 wide."""
    assert _paste_size((20, 30), (100, 100), (100, 100), .6) == (40, 60)
    # The window is 200 wide, so the crop squeezes by 2: 20 high and 15 wide.
    assert _paste_size((20, 30), (100, 100), (100, 200), .4) == (40, 30)
    assert _paste_size((1, 500), (100, 100), (100, 100), .2) == (1, 20)


@pytest.mark.parametrize('side, size, expected', [
    # Strips 30 wide; at `towards` 1 the paste touches the box, at 0 its edge
    # lies 15 away; along .5 its centre lies in the middle, 50.
    (0, (20, 10), {1: (20, 40, 30, 60), 0: (5, 40, 15, 60)}),
    (1, (20, 10), {1: (45, 10, 55, 30), 0: (45, -5, 55, 15)}),
    (2, (20, 10), {1: (70, 40, 80, 60), 0: (85, 40, 95, 60)}),
    (3, (20, 10), {1: (45, 70, 55, 90), 0: (45, 85, 55, 105)}),
    # What is larger than the strip reaches beyond it, away from the box.
    (0, (20, 50), {1: (-20, 40, 30, 60)}), (2, (20, 50), {1: (70, 40, 120, 60)})])
def test_places_by_hand(side, size, expected):
    strip = free_strips(np.float32([30, 30, 70, 70]), np.float32([0, 0, 100, 100]))
    for towards, place in expected.items():
        assert _place(strip[side], side, size, towards, .5) == place


def test_strips_by_hand():
    strips = free_strips(np.float32([20.5, 3.5, 80.2, 60.]),
                         np.float32([4.5, 0, 100, 90.5]))
    # Left, above (3 px: too narrow), right, below.
    assert strips == [(5, 0, 20, 90), (0, 0, 0, 0), (81, 0, 100, 90),
                      (5, 60, 100, 90)]


def test_without_room_or_other_boxes_nothing_happens():
    for kwargs in (dict(box=(0, 0, 100, 100)), dict(box=(3, 2, 97.5, 98)),
                   dict(others=Others(1)), dict(box=(20, 20, 60, 60),
                                                valid=(20, 20, 60, 60))):
        changed, results = pasted(0, **kwargs)
        assert not changed.any() and OTHER_BOXES not in results


def test_a_place_where_it_does_not_work_is_an_error():
    with pytest.raises(UserError, match='between CropBox and MultiBranch'):
        PasteBoxes()(dict(img=np.zeros((4, 4, 3), np.uint8)))
    empty = dict(crop(), img=np.empty((SIZE, SIZE, 0), np.uint8))
    with pytest.raises(UserError, match='CutWindow'):
        PasteBoxes()(empty)


@pytest.mark.parametrize('wrong', [
    dict(prob=1.1), dict(prob=-.1), dict(size_range=(0, .5)),
    dict(size_range=(.5, .2)), dict(size_range=(.5, 1.2)), dict(size_range=(.5, )),
    dict(max_count=0), dict(max_count=1.5)], ids=str)
def test_wrong_settings_are_refused(wrong):
    name, = wrong
    with pytest.raises(ValueError, match=name):
        PasteBoxes(**wrong)


def test_it_is_registered_and_says_its_settings():
    transform = TRANSFORMS.build(dict(type='mmdet_mal.PasteBoxes', prob=.25))
    assert repr(transform) == (
        'PasteBoxes(prob=0.25, size_range=(0.2, 0.6), max_count=2)')


def views(folder, data, annotation, nested=False, **kwargs):
    """A data set whose samples come as two branches."""
    arguments = folder.write(data([
        annotation(5, 1, (20, 20, 60, 50)), annotation(6, 2, (70, 30, 40, 60)),
        annotation(7, 3, (90, 10, 50, 50))]))
    paste = dict(type='mmdet_mal.PasteBoxes', prob=1.)
    if nested:
        paste = dict(type='RandomApply', prob=.5, transforms=[paste])
    pack = dict(type='mmdet.PackDetInputs', meta_keys=('ann_id', 'valid_bbox'))
    with DefaultScope.overwrite_default_scope('mmdet'):
        return SeededSamples(BoxInstanceDataset(
            **arguments, min_area=0, **kwargs, pipeline=[
                dict(type='mmdet_mal.LoadBoxImage'),
                dict(type='mmdet_mal.RandomBoxExpansion'),
                dict(type='mmdet_mal.CropBox', size=(64, 64)), paste,
                dict(type='mmdet_mal.RandomCropFlip', prob=.5),
                dict(type='mmdet.MultiBranch', branch_field=['student', 'teacher'],
                     student=[pack], teacher=[pack])]))


def student(dataset, index, epoch):
    return dataset[SampleKey(index, epoch, 0)]['inputs']['student'].numpy()


@pytest.mark.parametrize('cache_images', [False, True])
def test_student_and_teacher_see_the_same_paste_of_another_image(
        folder, data, annotation, cache_images):
    dataset = views(folder, data, annotation, cache_images=cache_images)
    found = set()
    for epoch in range(12):
        sample = dataset[SampleKey(0, epoch, 0)]['inputs']
        assert (sample['student'] == sample['teacher']).all()
        # The last channel is the image's id.
        found |= set(np.unique(sample['student'][2]).tolist())
    assert found == {1, 2, 3}
    # The cache and the files are as they were.
    info = dataset.get_data_info(0)
    img = info.get('img', cv2.imread(info['img_path']))
    assert (img[..., 2] == 1).all()


def test_the_draw_is_the_samples_seed(folder, data, annotation):
    dataset = views(folder, data, annotation)
    first = [student(dataset, 1, epoch) for epoch in range(4)]
    np.random.seed(99)
    assert all(np.array_equal(student(dataset, 1, epoch), one)
               for epoch, one in enumerate(first))
    assert not np.array_equal(first[0], first[1])


def test_a_random_apply_that_passes_it_by_copies_no_data(folder, data, annotation):
    dataset = views(folder, data, annotation, nested=True)
    counts = [len(np.unique(student(dataset, 0, epoch)[2])) for epoch in range(12)]
    assert min(counts) == 1 < max(counts)

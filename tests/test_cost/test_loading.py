"""Time of the data loader, part by part."""

import time

import pytest

from mmdet_mal.cost.loading import PartClock, time_labelling, time_training
from mmdet_mal.registry import DATASETS


def work(seconds):
    """Keep the processor busy for so many of its own seconds."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_part_within_a_part_is_not_counted_twice():
    clock = PartClock()
    with clock.part('outer'):
        work(.02)
        with clock.part('inner'):
            work(.04)
        work(.02)
        time.sleep(.05)  # sleeping is no work
    assert clock.seconds['outer'] == pytest.approx(.04, abs=.01)
    assert clock.seconds['inner'] == pytest.approx(.04, abs=.01)


def test_a_part_that_raises_is_closed():
    clock = PartClock()
    with clock.part('outer'):
        with pytest.raises(KeyError), clock.part('inner'):
            raise KeyError
        work(.01)
    assert clock.seconds['outer'] > clock.seconds['inner']


@pytest.fixture
def config(coco_mini_root):
    from mmengine.registry import init_default_scope

    from mmdet_mal.utils.tool import load_config
    init_default_scope('mmdet')
    config = load_config('mal_vit-mae-b_coco')
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.update(
            data_root='', ann_file=str(
                coco_mini_root / 'annotations' / 'boxes_train.json'),
            data_prefix=dict(img=str(coco_mini_root / 'images')), indices=40)
    config.train_dataloader.dataset.update(check_images='none', known_faults=())
    return config


def test_the_parts_of_a_training_sample_are_all_there(config):
    dataset = DATASETS.build(config.train_dataloader.dataset)
    start = time.thread_time()
    parts = time_training(dataset, range(12))
    took = time.thread_time() - start
    assert {'decode', 'crop and resize', 'flip', 'student: jitter', 'student: grey',
            'student: blur', 'student: pack', 'teacher: pack'} <= set(parts)
    # The sample before the twelve is not counted.
    assert took * 5 / 13 < 12 * sum(parts.values()) < took
    with pytest.raises(ValueError, match='being timed already'):
        time_training(dataset, range(2))


def test_timing_changes_no_sample(config):
    import numpy as np
    settings = config.train_dataloader.dataset
    plain, timed = (DATASETS.build(settings) for _ in range(2))
    time_training(timed, range(2))
    np.random.seed(7)
    expected = plain[3]['inputs']['student']
    np.random.seed(7)
    assert (timed[3]['inputs']['student'] == expected).all()


def test_a_chunk_is_decoded_once_for_its_boxes(config):
    dataset = DATASETS.build(config.test_dataloader.dataset)
    parts = time_labelling(dataset, range(2))
    assert {'decode', 'crop and resize', 'pack'} <= set(parts)
    # A dozen boxes share an image here: a box's share of it is small.
    assert 0 < parts['decode'] < .01


def test_the_image_of_a_chunk_is_decoded_while_it_is_timed(config):
    dataset = DATASETS.build(dict(config.test_dataloader.dataset, chunk_boxes=1))
    images = dataset.boxes.columns.image_index
    # The image's boxes go on in the next chunk, so the data set keeps it.
    first = next(i for i in range(len(images) - 1) if images[i] == images[i + 1])
    parts = time_labelling(dataset, [first])
    assert parts['decode'] > parts['expansion']

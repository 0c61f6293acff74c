"""What stock loaders drop, and that every drop gets its reason."""

import copy
import json

import cv2
import numpy as np
import pytest
from mmengine.registry import DATASETS, init_default_scope
from pycocotools import mask as mask_utils

from mmdet_mal.utils.stock_reader import drop_reason, read_with_stock_loader

HEIGHT, WIDTH = 40, 64
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
    dict(type='PackDetInputs'),
]


def rle(mask):
    coded = mask_utils.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=list(coded['size']), counts=coded['counts'].decode())


def annotation(ann_id, **changes):
    """A box of 8x6 px filled, in the form that the labeller writes."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:16, 20:28] = 1
    made = dict(
        id=ann_id, image_id=1, category_id=1, iscrowd=0, bbox=[20, 10, 8, 6],
        segmentation=rle(mask), area=48, score=.5, mal=dict(fallback=None))
    made.update(changes)
    return {key: value for key, value in made.items() if value is not ...}


@pytest.fixture
def read(tmp_path):
    """Write a file with the given annotations, read it with the stock loader."""
    init_default_scope('mmdet')
    cv2.imwrite(str(tmp_path / '1.png'), np.zeros((HEIGHT, WIDTH, 3), np.uint8))

    def reader(annotations, classes=('a', ), names=('a', 'b'), pipeline=PIPELINE,
               wrap=False, side=32):
        data = dict(
            images=[dict(id=1, file_name='1.png', height=HEIGHT, width=WIDTH)],
            annotations=annotations,
            categories=[dict(id=i, name=n) for i, n in enumerate(names, 1)])
        (tmp_path / 'masks.json').write_text(json.dumps(data))
        dataset = dict(
            type='CocoDataset', ann_file=str(tmp_path / 'masks.json'),
            data_prefix=dict(img=str(tmp_path)), metainfo=dict(classes=classes),
            filter_cfg=dict(filter_empty_gt=True, min_size=side),
            pipeline=copy.deepcopy(pipeline))
        if wrap:
            dataset = dict(type='RepeatDataset', times=3, dataset=dataset)
        return read_with_stock_loader(dataset)

    return reader


def test_labeller_output_is_read_whole(read):
    reading = read([annotation(1), annotation(2)])
    assert reading.complete
    assert (reading.images, reading.annotations, reading.read) == (1, 2, 2)
    assert reading.dropped == {} and reading.faults == []


def test_human_polygons_are_read_whole(read):
    """The human twin of a recipe; its area is not the pixel count of the mask."""
    square = [[20, 10, 28, 10, 28, 16, 20, 16]]
    assert read([annotation(1, segmentation=square, area=47.3, mal=...)]).complete


def test_a_wrapped_dataset_is_read_once(read):
    assert read([annotation(1)], wrap=True).read == 1


@pytest.mark.parametrize('changes, reason', [
    (dict(area=0), 'area not above 0'),
    (dict(bbox=[20, 10, .5, 6]), 'box under 1 px wide or high'),
    (dict(bbox=[70, 10, 8, 6]), 'box without overlap with the image'),
    (dict(bbox=[20, 10, 0, 6]), 'box without overlap with the image'),
    (dict(category_id=2), 'category not among the classes'),
    (dict(category_id=7), 'category not among the classes'),
    (dict(image_id=5), 'image id not in the file'),
    (dict(ignore=1), 'flagged ignore'),
    (dict(segmentation=[[1, 1, 2, 2]]), 'mask of a form that this pipeline ignores'),
    (dict(segmentation=dict(size=[40, 64])),
     'mask of a form that this pipeline ignores'),
    (dict(segmentation=rle(np.zeros((HEIGHT, WIDTH)))), 'mask without a pixel'),
], ids=lambda value: value if isinstance(value, str) else '-'.join(value))
def test_silent_drop_gets_its_reason(read, changes, reason):
    reading = read([annotation(1), annotation(2, **changes)])
    assert reading.read == 1 and not reading.complete
    assert reading.dropped == {reason: 1}
    assert reading.faults == []


def test_small_image_drops_all_its_annotations(read):
    reading = read([annotation(1), annotation(2)], side=HEIGHT + 1)
    assert (reading.images, reading.read) == (0, 0)
    assert reading.dropped == {'image side under 41 px': 2}


def test_min_size_is_about_images_not_boxes():
    image = dict(width=32, height=32)
    tiny = dict(bbox=[0, 0, 2, 2], area=4, category_id=1)
    assert drop_reason(tiny, image, [1], min_size=32) is None


def test_polygon_pipeline_ignores_every_rle(read):
    steps = copy.deepcopy(PIPELINE)
    steps[1]['poly2mask'] = False
    reading = read([annotation(1)], pipeline=steps)
    assert reading.dropped == {'mask of a form that this pipeline ignores': 1}


@pytest.mark.parametrize('segmentation', [..., [], None],
                         ids=['absent', 'empty', 'null'])
@pytest.mark.parametrize('iscrowd', [0, 1], ids=['object', 'crowd'])
def test_missing_segmentation_is_a_fault(read, segmentation, iscrowd):
    reading = read([annotation(1), annotation(
        2, segmentation=segmentation, iscrowd=iscrowd)])
    assert not reading.complete
    assert "annotations [2] have no segmentation" in reading.faults[0]


def test_stock_training_stops_at_a_missing_segmentation(read, tmp_path):
    read([annotation(1, segmentation=..., iscrowd=1)])
    dataset = DATASETS.build(dict(
        type='mmdet.CocoDataset', ann_file=str(tmp_path / 'masks.json'),
        data_prefix=dict(img=str(tmp_path)), metainfo=dict(classes=('a', 'b')),
        pipeline=PIPELINE))
    with pytest.raises(KeyError, match='mask'):
        dataset[0]


def test_swapped_size_is_a_fault(read):
    swapped = annotation(1)
    swapped['segmentation']['size'] = [WIDTH, HEIGHT]
    reading = read([swapped])
    assert 'RLE size [64, 40], image [40, 64]' in reading.faults[0]


def test_swapped_size_beside_a_sound_mask_stops_the_loader(read):
    swapped = annotation(2)
    swapped['segmentation']['size'] = [WIDTH, HEIGHT]
    reading = read([annotation(1), swapped])
    assert reading.read == 0
    assert reading.faults[0].startswith('image 1: loading raised ValueError')
    assert reading.dropped == {'image that the loader cannot read': 2}


def test_absent_image_is_a_fault(read, tmp_path):
    (tmp_path / '1.png').unlink()
    reading = read([annotation(1)])
    assert 'loading raised FileNotFoundError' in reading.faults[0]


def test_duplicate_ids_are_a_fault(read):
    reading = read([annotation(1), annotation(1)])
    assert reading.read == 0
    assert 'cannot be built: AssertionError' in reading.faults[0]
    assert 'not unique' in reading.faults[0]


def test_area_other_than_the_mask_is_a_fault_in_our_files_only(read):
    assert 'area 47, mask 48 px' in read([annotation(1, area=47)]).faults[0]
    assert read([annotation(1, area=47.3, mal=...)]).complete


def test_crowds_are_counted_apart(read):
    reading = read([annotation(1), annotation(2, iscrowd=1)])
    assert (reading.annotations, reading.crowds, reading.read) == (1, 1, 1)
    assert reading.complete


@pytest.mark.parametrize('classes', [('b', 'a'), ('a', 'b', 'c')],
                         ids=['other-order', 'class-without-category'])
def test_shifted_labels_are_a_fault(read, classes):
    reading = read([annotation(1)], classes=classes)
    assert 'labels would be shifted' in reading.faults[0]


def test_faults_are_capped(read):
    reading = read([annotation(i, area=47) for i in range(30)])
    assert len(reading.faults) == 21
    assert reading.faults[-1] == '... and 10 more'


def test_pipeline_without_masks_is_refused(read):
    with pytest.raises(ValueError, match='no LoadAnnotations'):
        read([annotation(1)], pipeline=PIPELINE[:1])

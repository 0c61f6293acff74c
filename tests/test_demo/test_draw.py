import json

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets import find_faults
from mmdet_mal.demo import draw_dataset
from mmdet_mal.structures.rle import rle_to_mask


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp('drawn')
    paths = draw_dataset(folder, seed=5, num_train=3, num_val=2,
                         show_progress=False)
    return folder, {key: json.load(open(path)) for key, path in paths.items()}


def test_files_and_counts(drawn):
    folder, data = drawn
    assert sorted(path.name for path in folder.iterdir()) == [
        'boxes_train.json', 'boxes_val.json', 'images', 'instances_train.json',
        'instances_val.json']
    assert len(data['boxes_train']['images']) == 3
    assert len(data['instances_val']['images']) == 2
    assert len(list((folder / 'images').iterdir())) == 5
    assert len(data['boxes_train']['categories']) == 6


def test_box_files_tell_nothing_about_the_masks(drawn):
    _, data = drawn
    for split in ('train', 'val'):
        boxes, full = data[f'boxes_{split}'], data[f'instances_{split}']
        assert boxes['images'] == full['images']
        for box, ann in zip(boxes['annotations'], full['annotations'],
                            strict=True):
            assert 'segmentation' not in box
            assert box['area'] == box['bbox'][2] * box['bbox'][3]
            assert all(box[key] == ann[key] for key in
                       ('id', 'image_id', 'category_id', 'bbox', 'iscrowd'))


def test_boxes_are_tight_on_the_visible_masks(drawn):
    _, data = drawn
    sizes = {image['id']: [image['height'], image['width']]
             for image in data['instances_train']['images']}
    for ann in data['instances_train']['annotations']:
        assert ann['segmentation']['size'] == sizes[ann['image_id']]
        mask = rle_to_mask(ann['segmentation'])
        assert mask.sum() == ann['area']
        rows, columns = np.nonzero(mask)
        assert ann['bbox'] == [columns.min(), rows.min(), np.ptp(columns) + 1,
                               np.ptp(rows) + 1]


def test_files_have_no_faults(drawn):
    folder, data = drawn
    for content in data.values():
        assert find_faults(content, str(folder / 'images'), 'decode') == []


def test_annotation_ids_are_unique_over_both_parts(drawn):
    _, data = drawn
    ids = [ann['id'] for key in ('boxes_train', 'boxes_val')
           for ann in data[key]['annotations']]
    assert ids == list(range(1, len(ids) + 1))


def test_a_set_depends_on_its_seed_only_and_grows_at_its_end(drawn, tmp_path):
    folder, data = drawn
    draw_dataset(tmp_path / 'more', 5, 4, 1, show_progress=False)
    draw_dataset(tmp_path / 'other', 6, 1, 1, show_progress=False)

    def picture(root, name):
        return cv2.imread(str(root / 'images' / name))

    for name in ('train_00003.jpg', 'val_00001.jpg'):
        assert np.array_equal(picture(folder, name),
                              picture(tmp_path / 'more', name))
    more = json.load(open(tmp_path / 'more' / 'boxes_train.json'))
    count = len(data['boxes_train']['annotations'])
    assert more['annotations'][:count] == data['boxes_train']['annotations']
    other = picture(tmp_path / 'other', 'train_00001.jpg')
    first = picture(folder, 'train_00001.jpg')
    assert other.shape != first.shape or not np.array_equal(other, first)


@pytest.mark.parametrize('arguments', [(-1, 1, 1), (0, 0, 1), (0, 1, 0)])
def test_bad_input_is_refused(tmp_path, arguments):
    with pytest.raises(ValueError, match='at least'):
        draw_dataset(tmp_path, *arguments)

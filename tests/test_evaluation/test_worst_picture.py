import zipfile

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.evaluation import worst_picture
from mmdet_mal.evaluation.worst_picture import CELL_SIZE, worst_grid
from mmdet_mal.structures.rle import bbox_rle

GREEN = (60, 220, 60)


@pytest.fixture
def case(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((40, 60, 3), 90, np.uint8))
    ann = dict(id=5, image_id=1, bbox=[10, 10, 20, 20])
    human = dict(annotations=[
        dict(ann, segmentation=bbox_rle([10, 10, 30, 30], (40, 60)))])
    pred = dict(annotations=[
        dict(ann, segmentation=bbox_rle([10, 10, 14, 30], (40, 60)))])
    worst = [dict(annotation_id=5, file_name='a.png', iou=.2, category='thing',
                  score=.75)]
    return worst, pred, human, tmp_path


def green(grid, column):
    """Share of a column that is painted."""
    left = 6 + column * (CELL_SIZE[1] + 6)
    part = grid[30:, left:left + CELL_SIZE[1]].astype(int)
    return (part[..., 1] - part[..., 2] > 40).mean()


def test_columns_show_box_mask_and_human_mask(case):
    grid = worst_grid(*case)
    box, mask, human = (green(grid, column) for column in range(3))
    assert 0 < box < .2 and .05 < mask < .5 * human and human > .2


def test_the_line_of_a_large_box_stays_visible(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((2000, 3000, 3), 90, np.uint8))
    ann = dict(id=5, image_id=1, bbox=[500, 500, 1000, 1000])
    grid = worst_grid([dict(annotation_id=5, file_name='a.png', iou=.2, category='',
                            score=None)],
                      dict(annotations=[]), dict(annotations=[ann]), tmp_path)
    assert (grid == GREEN).all(axis=-1).sum() > 4 * 100


def test_a_box_of_a_pixels_width_is_drawn(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.full((1500, 20, 3), 90, np.uint8))
    ann = dict(id=5, image_id=1, bbox=[8, 10, 1, 1400])
    grid = worst_grid([dict(annotation_id=5, file_name='a.png', iou=0., category='',
                            score=None)],
                      dict(annotations=[]), dict(annotations=[ann]), tmp_path)
    assert (grid == GREEN).all(axis=-1).any()


def test_a_box_without_a_mask_is_shown_bare(case):
    worst, _, human, folder = case
    grid = worst_grid(worst, dict(annotations=[]), human, folder)
    assert green(grid, 1) == 0 < green(grid, 2)


def test_each_row_says_what_the_list_says(case, monkeypatch):
    notes = []
    monkeypatch.setattr(worst_picture, 'picture_grid',
                        lambda *args: notes.extend(args[3]))
    worst_grid(*case)
    case[0][0].update(score=None, file_name='a.png\n', category='x' * 200)
    monkeypatch.setattr(worst_picture, 'join_image_path',
                        lambda folder, name: str(case[3] / 'a.png'))
    worst_grid(*case)
    assert notes[0] == 'IoU 0.200, score 0.750, annotation 5, thing, a.png'
    assert notes[1].startswith('IoU 0.200, annotation 5, xxx')
    assert len(notes[1]) == 72 and notes[1].endswith('...')


def test_a_missing_image_is_named_with_its_annotation(case):
    worst, pred, human, folder = case
    (folder / 'a.png').unlink()
    with pytest.raises(AnnotationError, match='a.png.*annotation 5'):
        worst_grid(worst, pred, human, folder)


def test_images_may_lie_in_an_archive(case):
    worst, pred, human, folder = case
    path = folder / 'photos.zip'
    with zipfile.ZipFile(path, 'w') as archive:
        archive.write(folder / 'a.png', 'a.png')
    assert np.array_equal(worst_grid(worst, pred, human, path),
                          worst_grid(*case))

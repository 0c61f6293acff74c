import cv2
import numpy as np
import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization import picture_grid, write_png


def colour(value, height=20, width=30):
    return np.full((height, width, 3), value, np.uint8)


def test_pictures_keep_aspect_and_order():
    grid = picture_grid([[colour(10), colour(60)], [colour(110), colour(160)]],
                        ['', ''], cell_size=(40, 60))
    values, counts = np.unique(
        grid[np.ptp(grid, axis=-1) == 0][:, 0], return_counts=True)
    areas = dict(zip(values.tolist(), counts.tolist(), strict=True))
    # 20 x 30 enlarged twice fills the cell of 40 x 60.
    assert [areas[v] for v in (10, 60, 110, 160)] == [40 * 60] * 4
    rows = {v: np.argwhere(grid[..., 0] == v)[0].tolist() for v in (10, 60, 110)}
    assert rows[10][0] == rows[60][0] < rows[110][0]
    assert rows[10][1] == rows[110][1] < rows[60][1]


def test_captions_are_written_above():
    plain = picture_grid([[colour(10)]], [''], (40, 60))
    titled = picture_grid([[colour(10)]], ['box'], (40, 60))
    changed = np.argwhere((plain != titled).any(-1))
    assert len(changed) and changed[:, 0].max() < np.argwhere(
        plain[..., 0] == 10)[0][0]


def test_notes_are_written_above_their_rows():
    pictures = [[colour(10)], [colour(60)]]
    plain = picture_grid(pictures, [''], (40, 60), ['', ''])
    noted = picture_grid(pictures, [''], (40, 60), ['', 'IoU ü'])
    changed = np.argwhere((plain != noted).any(-1))[:, 0]
    first, second = (np.argwhere(plain[..., 0] == v)[:, 0] for v in (10, 60))
    assert first.max() < changed.min() <= changed.max() < second.min()
    assert np.array_equal(noted, picture_grid(pictures, [''], (40, 60),
                                              ['', 'IoU ?']))


def test_tall_and_large_pictures_are_reduced_to_the_cell():
    grid = picture_grid([[colour(10, 400, 100)]], ['a'], (40, 60))
    assert (grid == 10).all(-1).sum() == 40 * 10


def test_bad_grids_are_refused():
    with pytest.raises(ValueError, match='at least one row'):
        picture_grid([], ['a'])
    with pytest.raises(ValueError, match='row 1 has 2 pictures for 1'):
        picture_grid([[colour(1)], [colour(1), colour(2)]], ['a'])
    with pytest.raises(ValueError, match='2 notes for 1 rows'):
        picture_grid([[colour(1)]], ['a'], notes=['a', 'b'])


def test_png_is_written_whole_and_leaves_nothing_else(tmp_path):
    path = tmp_path / 'new' / 'grid.png'
    for value in (10, 20):
        write_png(str(path), colour(value))
        assert (cv2.imread(str(path)) == value).all()
    assert [entry.name for entry in path.parent.iterdir()] == ['grid.png']


def test_png_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='cannot be written'):
        write_png(str(tmp_path / 'file' / 'a.png'), colour(1))
    with pytest.raises(UserError, match='is a PNG'):
        write_png(str(tmp_path / 'a.jpg'), colour(1))

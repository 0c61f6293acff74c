"""EXIF orientations, against Pillow's own turning."""

import numpy as np
import pytest
from PIL import Image, ImageOps

from mmdet_mal.formats.picture import Picture


@pytest.mark.parametrize('turn', range(1, 9))
def test_a_box_on_the_shown_picture_finds_its_pixels_as_stored(turn, tmp_path):
    stored = np.zeros((30, 50), np.uint8)
    stored[4:10, 7:19] = 255  # x 7, y 4, w 12, h 6
    image = Image.fromarray(stored)
    exif = image.getexif()
    exif[0x0112] = turn
    image.save(tmp_path / 'a.png', exif=exif)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / 'a.png')))
    rows, columns = np.nonzero(shown)
    box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    picture = Picture('a.png', 50, 30, turn)
    assert picture.shown_size == shown.shape[::-1]
    assert picture.to_stored(box) == [7, 4, 12, 6]
    width, height = picture.shown_size
    fractions = [box[0] / width, box[1] / height, box[2] / width, box[3] / height]
    assert picture.from_fractions(fractions) == pytest.approx([7, 4, 12, 6])

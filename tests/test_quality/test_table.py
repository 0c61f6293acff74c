"""Masks beside human ones."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from quality_data import edit, write_pair

from mmdet_mal.quality.features import ALWAYS
from mmdet_mal.quality.model import CalibrationError
from mmdet_mal.quality.table import QualityTable


def test_rows_have_the_true_iou_and_the_components(tmp_path):
    table = QualityTable.read(*write_pair(tmp_path, boxes=6, images=3))
    assert len(table) == 6 and table.images.tolist() == [0, 1, 2, 0, 1, 2]
    assert list(table.features) == [*ALWAYS, 'spill', 'flip_iou']
    assert table.ious == pytest.approx(table.scores, abs=.1)
    assert (np.round(table.ious * 20) == table.ious * 20).all()
    assert table.matrix(['spill', 'entropy']).shape == (6, 2)


def test_fallbacks_and_missing_masks_are_left_out(tmp_path):
    masks, human = write_pair(tmp_path, boxes=6)
    edit(masks, lambda anns: (anns[1].update(mal=dict(fallback='empty_mask')),
                              anns.pop(0)))
    assert len(QualityTable.read(masks, human)) == 4


def test_a_component_that_some_masks_lack_is_not_used(tmp_path):
    masks, human = write_pair(tmp_path, boxes=6)
    edit(masks, lambda anns: anns[2]['mal'].pop('spill'))
    assert 'spill' not in QualityTable.read(masks, human).features


def test_joined_tables_keep_their_images_apart(tmp_path):
    (tmp_path / 'other').mkdir()
    tables = [QualityTable.read(*write_pair(tmp_path, 6, 3)),
              QualityTable.read(*write_pair(tmp_path / 'other', 4, 2,
                                            optional=('spill', )))]
    joined = QualityTable.join(tables)
    assert joined.images.tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 3, 4]
    assert list(joined.features) == [*ALWAYS, 'spill']
    assert [source['boxes'] for source in joined.sources] == [6, 4]


@pytest.mark.parametrize('change, words', [
    pytest.param(lambda anns: anns[3].pop('mal'), 'annotation 4 has no raw_mask',
                 id='masks of another tool'),
    pytest.param(lambda anns: anns[3].update(score='high'),
                 "masks.json: annotation 4 has score 'high'", id='score in words'),
    pytest.param(lambda anns: anns[3].update(score=None),
                 'annotation 4 has score None', id='no score'),
    pytest.param(lambda anns: anns.clear(), 'none of its masks', id='no mask')])
def test_files_that_cannot_be_used(tmp_path, change, words):
    masks, human = write_pair(tmp_path, boxes=6)
    edit(masks, change)
    with pytest.raises(CalibrationError, match=words):
        QualityTable.read(masks, human)

"""What the merge knows of each row of its input."""

import pytest

from mmdet_mal.datasets import AnnotationFile
from mmdet_mal.datasets.annotation_source import as_source
from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.input_rows import InputRows


def test_sizes_and_errors_by_row():
    rows = InputRows(as_source(dict(
        images=[dict(id=1, file_name='a', height=3, width=4),
                dict(id='b', file_name='b', height=5, width=0)],
        categories=[dict(id=1, name='c')],
        annotations=[dict(id=1, image_id=1, category_id=1, bbox=[0, 0, 1, 1]),
                     dict(id=2, image_id='b', category_id=1, bbox=[0, 0, 1, 1]),
                     dict(id=3, image_id=7, category_id=9, bbox=[0, 0, 1, 1]),
                     dict(id=4, image_id=1, category_id=9, bbox=[0, 0, 0, 1])])))
    assert [rows.image_size(row) for row in range(4)] == [
        (3, 4), None, None, (3, 4)]
    assert [rows.error(row) for row in range(4)] == [
        None, None, 'image_id_unknown', 'category_id_unknown']
    with pytest.raises(LabelRunError, match='changed while'):
        rows.image_size(4)


def test_a_row_takes_5_bytes(toy):
    rows = InputRows(AnnotationFile(str(toy.path)))
    assert len(rows) == 40 and rows.nbytes == 40 * 5

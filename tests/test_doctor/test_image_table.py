"""The table of images: lookups, and the memory that it takes."""

import json
import tracemalloc

import pytest

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.doctor.diagnosis import Diagnosis
from mmdet_mal.doctor.image_table import ImageTable, read_images
from mmdet_mal.doctor.json_source import JsonSource


def _source(path, images):
    path.write_text(json.dumps(
        dict(images=images, annotations=[], categories=[])))
    diagnosis = Diagnosis(str(path))
    return JsonSource(str(path), diagnosis), diagnosis


def test_rows_are_found_by_what_equals_an_id():
    table = ImageTable([7, 'a', None, 3, 7, 2.5], [''] * 6)
    keys = [7, 7., True, 'a', None, 3, 2.5, [7], {}, 4, 2**70]
    assert [table.row(key) for key in keys] == [
        0, 0, -1, 1, -1, 3, 5, -1, -1, -1, -1]


def test_repaired_sizes_leave_the_table_as_it_is(tmp_path):
    source, diagnosis = _source(tmp_path / 'x.json', [
        dict(id=1, file_name='a', height='12', width=7)])
    table = read_images(source, diagnosis)
    table.add_box(0, 3., 4., True)
    repaired = table.with_repaired_sizes()
    assert table.shape(0) == (0, 7) and repaired.shape(0) == (12, 7)
    assert (table.num_boxes[0], repaired.num_boxes[0]) == (1, 0)
    assert repaired.row(1) == 0


def test_an_image_takes_little_memory_at_any_moment(tmp_path):
    number = 20_000
    source, diagnosis = _source(tmp_path / 'x.json', [
        dict(id=i, file_name=f'{i:012d}.jpg', height=480, width=640)
        for i in range(number)])
    tracemalloc.start()
    try:
        table = read_images(source, diagnosis)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(table) == number and not diagnosis.counts
    assert kept < 90 * number  # 80 and what lists over-allocate
    # Beside the columns: a block of the file and its text, twice.
    assert peak < kept + 20 * number + (2 << 20)


@pytest.mark.parametrize('after', [1, 3])
def test_a_file_that_changes_meanwhile_is_refused(tmp_path, after):
    images = [dict(id=i, file_name=f'{i}.jpg', height=1, width=1)
              for i in range(3)]
    source, diagnosis = _source(tmp_path / 'x.json', images[:2])
    _source(tmp_path / 'x.json', images[:after])
    with pytest.raises(AnnotationError, match='x.json: the file changed while'):
        read_images(source, diagnosis)

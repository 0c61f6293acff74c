"""Images in columns."""

import json

import numpy as np
import pytest

from mmdet_mal.datasets import ImageTable, build_columns


def table_of(count, data, annotation):
    content = data([annotation(1)])
    content['images'] = [
        dict(id=i, file_name=f'{i:012d}.jpg', height=480, width=640)
        for i in range(count)]
    return build_columns(content)[1]


def test_an_image_takes_24_bytes_and_its_name(data, annotation):
    images = table_of(5000, data, annotation)
    assert images.nbytes == 5000 * (24 + 16) + 8


def test_values_are_plain_and_serve_json(data, annotation):
    images = table_of(3, data, annotation)
    assert json.dumps([images.ids[1], images.file_names[-1], images.shape(2)]
                      ) == '[1, "000000000002.jpg", [480, 640]]'
    assert list(images.ids) == [0, 1, 2] and len(images) == 3


@pytest.mark.parametrize('ids', [[1, None], ['a', 2], [1.5, 2**70]])
def test_ids_of_other_types_are_kept_as_they_are(ids):
    sizes = np.ones(2, np.int32)
    assert list(ImageTable(ids, ['x', 'y'], sizes, sizes).ids) == ids

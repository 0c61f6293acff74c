"""Small data sets on disk."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest


def make_annotation(ann_id, image_id=1, bbox=(10, 10, 60, 50), **more):
    """One entry of 'annotations'."""
    return {'id': ann_id, 'image_id': image_id, 'category_id': 1,
            'bbox': list(bbox), 'iscrowd': 0, **more}


def make_data(annotations, images=3, size=(120, 160)):
    """A COCO file with images 1..n named 1.png... and categories 1 and 3."""
    return {
        'images': [{'id': i, 'file_name': f'{i}.png', 'height': size[0],
                    'width': size[1]} for i in range(1, images + 1)],
        'annotations': list(annotations),
        'categories': [{'id': 3, 'name': 'dog'}, {'id': 1, 'name': 'cat'}],
    }


class DataFolder:
    """A folder with images/ and boxes.json."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / 'images').mkdir()

    def write(self, data) -> dict:
        """Write the JSON, and images that tell pixels and images apart.

        Returns the arguments of a data set on it.
        """
        for image in data['images']:
            height, width = image['height'], image['width']
            rows, columns = np.mgrid[:height, :width]
            img = np.stack([rows, columns, 0 * rows + image['id']], -1)
            cv2.imwrite(str(self.image(image['file_name'])),
                        img.astype(np.uint8))
        return self.write_json(data)

    def write_json(self, data) -> dict:
        (self.root / 'boxes.json').write_text(json.dumps(data))
        return {'data_root': str(self.root), 'ann_file': 'boxes.json',
                'data_prefix': {'img': 'images'}}

    def image(self, name) -> Path:
        return self.root / 'images' / name


@pytest.fixture
def folder(tmp_path):
    return DataFolder(tmp_path)


@pytest.fixture
def annotation():
    return make_annotation


@pytest.fixture
def data():
    return make_data

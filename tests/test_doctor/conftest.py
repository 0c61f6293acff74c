"""A sound data set on disk that tests then break in one place."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmdet_mal.doctor import Examination, repair_file


def encode(size=(160, 120), name='1.png', mode='RGB', seed=0, **options):
    """Bytes of an image; ``size`` is (width, height)."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    file = io.BytesIO()
    extension = name.rpartition('.')[2].lower()
    kind = {'jpg': 'JPEG', 'jpeg': 'JPEG', 'tif': 'TIFF'}.get(
        extension, extension.upper())
    image.save(file, kind, **options)
    return file.getvalue()


class World:
    """A JSON and its image files, first in memory, then on disk."""

    encode = staticmethod(encode)

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / 'boxes.json'
        self.images_dir = root / 'images'
        self.files = {f'{i}.png': encode(seed=i) for i in (1, 2, 3)}
        self.raw = None  # bytes of the JSON, if they are not those of ``data``
        self.data = dict(
            info=dict(year=2024),
            images=[dict(id=i, file_name=f'{i}.png', height=120, width=160)
                    for i in (1, 2, 3)],
            annotations=[
                self.annotation(11, 1, [10, 10, 60, 50]),
                self.annotation(12, 2, [20, 30, 40, 40], category_id=2),
                self.annotation(13, 3, [5, 6, 70, 80])],
            categories=[dict(id=1, name='cat'), dict(id=2, name='dog')])

    @staticmethod
    def annotation(ann_id, image_id, bbox, **more):
        return {'id': ann_id, 'image_id': image_id, 'category_id': 1,
                'bbox': bbox, 'area': bbox[2] * bbox[3], 'iscrowd': 0, **more}

    @property
    def first(self):
        """The first annotation."""
        return self.data['annotations'][0]

    @property
    def image(self):
        """The first entry of 'images'."""
        return self.data['images'][0]

    def add(self, *args, **more):
        self.data['annotations'].append(self.annotation(*args, **more))

    def write(self) -> Path:
        """Put everything on disk."""
        self.path.write_bytes(json.dumps(self.data).encode()
                              if self.raw is None else self.raw)
        self.images_dir.mkdir(exist_ok=True)
        for name, content in self.files.items():
            path = self.images_dir / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return self.path

    def examine(self, check='headers', bbox_format=None, path=None):
        return Examination(str(path or self.path), str(self.images_dir), check,
                           bbox_format=bbox_format)

    def fix(self, examination):
        """Write the repaired copy; its path and the report of the repair."""
        out = self.root / 'fixed.json'
        repair = repair_file(examination, str(out))
        return out, repair


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)

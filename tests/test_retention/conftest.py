"""Human masks and others of the same boxes, beside images."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / 'test_tools'))
from label_data import make_label_data


def with_masks(data, share=1.):
    """The data set with masks that fill so much of each box from the left."""
    data = json.loads(json.dumps(data))
    for ann in data['annotations']:
        x, y, w, h = ann['bbox']
        right = x + share * w
        ann.update(area=share * w * h,
                   segmentation=[[x, y, right, y, right, y + h, x, y + h]])
    return data


@pytest.fixture
def files(tmp_path):
    """``human.json``, ``half.json``, ``val.json`` and ``images/``."""
    root = tmp_path / 'data'
    make_label_data(root, 6)
    data = json.loads((root / 'boxes.json').read_text())
    train, val = ([i for i in data['images'] if (i['id'] > 4) is late]
                  for late in (False, True))
    for name, images, share in (('human', train, 1.), ('half', train, .5),
                                ('val', val, 1.)):
        ids = {image['id'] for image in images}
        (root / f'{name}.json').write_text(json.dumps(with_masks(dict(
            images=images, categories=data['categories'], annotations=[
                a for a in data['annotations'] if a['image_id'] in ids]), share)))
    return root

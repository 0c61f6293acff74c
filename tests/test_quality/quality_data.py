"""Masks with components and human masks for them, made up."""

import json

import numpy as np

from mmdet_mal.quality.features import ALWAYS
from mmdet_mal.structures.rle import encode_window

SIZE = (40, 60)


def rectangle(x0, y0, x1, y1):
    """RLE of a filled rectangle."""
    return encode_window(np.ones((y1 - y0, x1 - x0), bool), (x0, y0, x1, y1), SIZE)


def write_pair(folder, boxes=200, images=20, optional=('flip_iou', 'spill'),
               seed=0):
    """Write masks.json and human.json; return their paths.

    The true IoU is ``k / 20``, and ``raw_mask_score`` knows it up to noise;
    all other components are noise.
    """
    rng = np.random.default_rng(seed)
    annotations, humans = [], []
    for number in range(boxes):
        columns = int(rng.integers(4, 21))
        common = dict(id=number + 1, image_id=1 + number % images, category_id=1,
                      bbox=[10, 10, 20, 20], iscrowd=0)
        parts = {name: float(rng.random()) for name in (*ALWAYS, *optional)}
        parts['raw_mask_score'] = columns / 20 + float(rng.normal(0, .02))
        annotations.append(dict(
            common, segmentation=rectangle(10, 10, 10 + columns, 30),
            area=20 * columns, score=parts['raw_mask_score'], mal=parts))
        humans.append(dict(common, segmentation=rectangle(10, 10, 30, 30),
                           area=400))
    head = dict(
        info=dict(mal=dict(version='x')), categories=[dict(id=1, name='thing')],
        images=[dict(id=i + 1, file_name=f'{i}.png', height=SIZE[0],
                     width=SIZE[1]) for i in range(images)])
    paths = folder / 'masks.json', folder / 'human.json'
    for path, content in zip(paths, (annotations, humans), strict=True):
        path.write_text(json.dumps(dict(head, annotations=content)))
    return tuple(map(str, paths))


def edit(path, change):
    """Change the annotations of a JSON file by a function."""
    with open(path, encoding='utf-8') as file:
        data = json.load(file)
    change(data['annotations'])
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(data, file)

"""Drawn photographs with masks, for review pages."""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np

from mmdet_mal.structures.rle import encode_window

SIDE = 96  # pixels of a drawn image
def ellipse(bbox, shape=(SIDE, SIDE)):
    """RLE of the ellipse in a box (x, y, w, h)."""
    x, y, w, h = bbox
    rows, columns = np.mgrid[:h, :w]
    mask = (((columns + .5 - w / 2) / (w / 2))**2
            + ((rows + .5 - h / 2) / (h / 2))**2) <= 1
    return encode_window(mask, (x, y, x + w, y + h), shape)


def draw_data(folder, images=4, boxes=3, score=lambda k: k / 100, names=None,
              classes=('cat', 'dog')):
    """Write photos/ and masks.json; annotation k has id 100 + k.

    Boxes are 20 to 40 px wide and lie in a grid, so that neighbours overlap.
    """
    rng = np.random.default_rng(0)
    photos = Path(folder) / 'photos'
    photos.mkdir(parents=True, exist_ok=True)
    data = dict(
        images=[], annotations=[],
        categories=[dict(id=7 + k, name=name) for k, name in enumerate(classes)])
    for i in range(images):
        name = names[i] if names else f'photo_{i}.jpg'
        img = rng.integers(60, 200, (SIDE, SIDE, 3), np.uint8)
        done, content = cv2.imencode('.jpg', cv2.blur(img, (9, 9)))
        assert done
        (photos / name).write_bytes(content.tobytes())
        data['images'].append(dict(id=i + 1, file_name=name, height=SIDE, width=SIDE))
        for j in range(boxes):
            k = i * boxes + j
            bbox = [4 + 12 * (j % 4), 6 + 14 * (j % 3), 20 + 4 * (j % 6), 24]
            data['annotations'].append(dict(
                id=100 + k, image_id=i + 1, category_id=7 + k % len(classes),
                bbox=bbox, iscrowd=0, segmentation=ellipse(bbox), area=300,
                score=score(k), mal=dict(mask_score=score(k), tightness=1.)))
    masks = Path(folder) / 'masks.json'
    masks.write_text(json.dumps(data))
    return SimpleNamespace(masks=masks, photos=photos, data=data, folder=Path(folder))


def rewrite(drawn, change):
    """Change the masks JSON by a function of its content."""
    change(drawn.data)
    drawn.masks.write_text(json.dumps(drawn.data))

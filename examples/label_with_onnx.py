"""Masks from boxes with onnxruntime, numpy and Pillow alone: no torch, no mmdet.

    python label_with_onnx.py labeller.onnx boxes.json photos/ masks/

`mal export-model` makes the model; boxes.json is COCO-style.  Each mask becomes
masks/<annotation id>.png, white on black, of the size of its photograph.
"""
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image


def resize(image, size):
    """Resize to (width, height): mean where it shrinks, linear where it grows."""
    shrunk = tuple(min(a, b) for a, b in zip(size, image.size, strict=True))
    return np.asarray(image.resize(shrunk, Image.Resampling.BOX).resize(
        size, Image.Resampling.BILINEAR))


def label(session, facts, image, box):
    """Label a box (x, y, width, height) of an RGB array (H, W, 3): bool (H, W)."""
    height, width = image.shape[:2]
    x0, y0 = max(box[0], 0), max(box[1], 0)
    x1, y1 = min(box[0] + box[2], width), min(box[1] + box[3], height)
    dx, dy = (facts['expansion_rate'] / 2 * side for side in (x1 - x0, y1 - y0))
    left, top = int(np.floor(x0 - dx)), int(np.floor(y0 - dy))
    right, bottom = int(np.ceil(x1 + dx)), int(np.ceil(y1 + dy))
    # What the image shows of the window, and which pixels the box touches.
    seen = np.clip([left, top, right, bottom], 0, [width, height] * 2)
    low, high = np.array([x0, y0]) + .01, np.ceil(np.array([x1, y1]) - .01)
    crop = np.pad(image[seen[1]:seen[3], seen[0]:seen[2]], [
        (seen[1] - top, bottom - seen[3]), (seen[0] - left, right - seen[2]), (0, 0)],
        mode={'reflect': 'reflect', 'zero': 'constant'}[facts['padding']])
    size, shown = facts['crop_size'][::-1], [right - left, bottom - top]
    crop = (resize(Image.fromarray(crop), size) - facts['mean']) / facts['std']
    boxes = np.array([[x0, y0, x1, y1], seen]) - [left, top] * 2  # in crop pixels:
    boxes = boxes * (size * 2) / (shown * 2)
    given = dict(crops=[crop.transpose(2, 0, 1)], box_areas=[(x1 - x0) * (y1 - y0)],
                 boxes=boxes[:1], valid_boxes=boxes[1:])
    prob = session.run(None, {i.name: np.array(given[i.name], np.float32)
                              for i in session.get_inputs()})[0][0]
    prob = resize(Image.fromarray(prob), shown).clip(1e-3, 1 - 1e-3)
    if facts['ellipse_prior'] and (x1 - x0) * (y1 - y0) < facts['small_area']:
        across = (np.arange(left, right) * 2 + 1 - x0 - x1) / (x1 - x0)
        down = (np.arange(top, bottom) * 2 + 1 - y0 - y1) / (y1 - y0)
        odds = prob / (1 - prob) * np.exp(
            facts['ellipse_prior'] * (1 - across**2 - down[:, None]**2))
        prob = odds / (1 + odds)
    mask = np.zeros((height, width), bool)
    mask[seen[1]:seen[3], seen[0]:seen[2]] = (prob > facts['threshold'])[
        seen[1] - top:seen[3] - top, seen[0] - left:seen[2] - left]
    inside = np.zeros_like(mask)
    inside[int(low[1]):int(high[1]), int(low[0]):int(high[0])] = True
    clipped = mask & inside if facts['clip_to_box'] else mask
    return clipped if clipped.any() else inside


if __name__ == '__main__':
    model, boxes, photos, out = map(Path, sys.argv[1:])
    session = onnxruntime.InferenceSession(model, providers=['CPUExecutionProvider'])
    facts = json.loads(session.get_modelmeta().custom_metadata_map['mmdet_mal'])
    if facts['padding'] == 'wrap' or facts['overhang'] == 'used':
        sys.exit(f'{model}: crops as in the released code are not made here')
    data = json.loads(boxes.read_text())
    names = {image['id']: image['file_name'] for image in data['images']}
    out.mkdir(parents=True, exist_ok=True)
    for annotation in data['annotations']:
        with Image.open(photos / names[annotation['image_id']]) as photo:
            mask = label(session, facts, np.asarray(photo.convert('RGB')),
                         annotation['bbox'])
        Image.fromarray(mask).save(out / f'{annotation["id"]}.png')

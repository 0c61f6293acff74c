"""Counts of boxes by hand."""

import json

from mmdet_mal.auto.facts import DataFacts, count_boxes


def test_counts(tmp_path):
    boxes = [
        ([0, 0, 21, 20], 0),   # 420 px²: trains
        ([0, 0, 20, 20], 0),   # 400: not above 400
        ([0, 0, 250, 2], 0),   # not higher than 2
        ([90, 0, 41, 60], 0),  # 10 px inside the image: 600
        ([0, 0, 90, 90], 1),   # a crowd
        ([0, 0, -5, 90], 0),   # faulty
    ]
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=1, file_name='a.png', width=100, height=60),
                dict(id=2, file_name='b.png', width=10, height=10)],
        categories=[dict(id=9, name='a'), dict(id=4, name='b')],
        annotations=[dict(id=i, image_id=1, category_id=9, bbox=box, iscrowd=crowd)
                     for i, (box, crowd) in enumerate(boxes, 1)])))
    assert count_boxes(str(path)) == DataFacts(
        annotations=6, boxes=4, trainable=2, images=1, classes=2,
        pixel_bytes=3 * 60 * 100)


def test_no_boxes_at_all(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text('{"images": [], "annotations": [], "categories": []}')
    assert count_boxes(str(path)) == DataFacts(0, 0, 0, 0, 0, 0)

"""A finished label run of six boxes on two images, as a label run leaves it."""

import hashlib
import json

import cv2
import numpy as np
import pytest

from mmdet_mal.structures.rle import bbox_rle

# A name that would break a page, a path or a formula where it is not escaped.
HOSTILE = '</script><img src=x onerror=alert(1)>&"\'$\u2028{{7*7}}'


@pytest.fixture
def run(tmp_path):
    """``masks.json``, ``masks.run``, ``human.json`` and ``photos`` in a folder."""
    photos = tmp_path / 'photos'
    photos.mkdir()
    rng = np.random.default_rng(0)
    boxes = [[5, 5, 30, 20], [40, 10, 50, 60], [10, 40, 20, 30]]
    images, masks, human = [], [], []
    for i in (1, 2):
        img = rng.integers(0, 255, (90, 120, 3), np.uint8)
        cv2.imwrite(str(photos / f'{i}.png'), img)
        images.append(dict(id=i, file_name=f'{i}.png', height=90, width=120))
        for j, (x, y, w, h) in enumerate(boxes):
            ann = dict(id=len(masks) + 1, image_id=i, category_id=1 + j % 2,
                       bbox=[x, y, w, h], iscrowd=0)
            rle = bbox_rle([x, y, x + w, y + h - 5], (90, 120))
            masks.append(dict(ann, area=w * (h - 5), segmentation=rle,
                              score=.3 + .1 * len(masks), mal={}))
            human.append(dict(ann, area=w * h, segmentation=[
                [x, y, x + w, y, x + w, y + h, x, y + h]]))
    masks[0].update(score=0., mal=dict(fallback='image_unreadable'))
    crowd = dict(id=99, image_id=1, category_id=1, bbox=[0, 0, 120, 90],
                 iscrowd=1, area=10800,
                 segmentation=dict(size=[90, 120], counts=[0, 10800]))
    categories = [dict(id=1, name='cat'), dict(id=2, name=HOSTILE)]

    def write(name, annotations):
        (tmp_path / name).write_text(json.dumps(dict(
            images=images, annotations=annotations, categories=categories)))

    write('masks.json', [*masks, crowd])
    write('human.json', human)
    _write_run(tmp_path)
    return tmp_path


def _write_run(folder):
    run = folder / 'masks.run'
    config = run / 'logs' / '20261121_040000' / 'vis_data' / 'config.py'
    config.parent.mkdir(parents=True)
    config.write_text(
        "import os\nos.mkdir('was-executed')\n"
        "model = dict(pretrained='/w/mae_pretrain_vit_base.pth')\n"
        "test_dataloader = dict(dataset=dict(data_root='', data_prefix="
        f"dict(img={str(folder / 'photos')!r})))\n")
    (run / 'manifest.json').write_text(json.dumps(dict(
        format=1, version='0.1.0', num_chunks=2, options={},
        names=dict(config='configs/mal/x.py', checkpoint='epoch_1.pth',
                   input='boxes.json'),
        **{f'{key}_sha256': hashlib.sha256(key.encode()).hexdigest()
           for key in ('config', 'checkpoint', 'input')})))
    (run / 'summary.json').write_text(json.dumps(dict(
        out_file=str(folder / 'masks.json'), images=2, annotations=7, masks=5,
        crowds=1, crowds_completed=0, fallbacks=dict(image_unreadable=1),
        mean_score=.6, reasons={f'1.png: {HOSTILE}': 1}, other_reasons=0)))
    (run / 'log').write_text(
        '2026-11-21 04:00:00 start: 0 of 2 chunks are done, 0 torn lines\n'
        '2026-11-21 04:00:10 stopped by a signal\n'
        '2026-11-21 05:00:00 start: 1 of 2 chunks are done, 0 torn lines\n'
        '2026-11-21 05:00:20 Masks JSON: masks.json\n  7 annotations\n')
    (run / 'doctor.json').write_text(json.dumps(dict(
        ann_file='boxes.json', check_images='exists', images=2, annotations=7,
        categories=2, errors=1, repairs=0, fatal=0, kinds={
            'note_kind': dict(severity='note', count=7, meaning='a note'),
            'bbox_nan': dict(severity='error', count=1, meaning='a box is NaN')},
        findings=[dict(severity='error', kind='bbox_nan', message='found NaN',
                       fix='left', file=HOSTILE, image_id=1,
                       annotation_id=1)])))

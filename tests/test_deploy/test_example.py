"""examples/label_with_onnx.py labels without torch and without this package."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

from mmdet_mal import MaskAutoLabelerInferencer

EXAMPLE = Path(__file__).resolve().parents[2] / 'examples' / 'label_with_onnx.py'
# Whoever imports one of these fails.
_FORBID = '''
import runpy, sys
for name in ('torch', 'torchvision', 'mmdet_mal', 'mmdet', 'mmcv', 'mmengine',
             'cv2', 'scipy', 'pycocotools', 'onnx'):
    sys.modules[name] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
'''


def test_it_labels_like_the_product_without_importing_it(
        data_root, onnx_file, tmp_path):
    data = json.loads((data_root / 'boxes.json').read_text())
    # One box beyond the border, one of a few pixels.
    data['annotations'][0]['bbox'] = [-8.5, 60, 40, 50]
    data['annotations'][1]['bbox'] = [70.2, 40.7, 4.4, 3.1]
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps(data))
    subprocess.run(
        [sys.executable, '-c', _FORBID, str(EXAMPLE), str(onnx_file), str(boxes),
         str(data_root / 'images'), str(tmp_path / 'masks')],
        check=True, timeout=300, cwd=tmp_path)

    labeler = MaskAutoLabelerInferencer(
        data_root / 'config.py', data_root / 'tiny.pth', 'cpu', show_progress=False)
    overlaps = []
    for image in data['images']:
        rows = [a for a in data['annotations'] if a['image_id'] == image['id']]
        result = labeler(data_root / 'images' / image['file_name'],
                         [a['bbox'] for a in rows], bbox_format='xywh')
        for row, wanted in zip(rows, result['predictions'][0]['masks'], strict=True):
            with Image.open(tmp_path / 'masks' / f"{row['id']}.png") as png:
                found = np.asarray(png).astype(bool)
            assert found.shape == wanted.shape
            overlaps.append((found & wanted).sum() / (found | wanted).sum())
    assert len(overlaps) == 9
    assert np.mean(overlaps) > .95 and min(overlaps) > .7, overlaps


def test_it_stays_short():
    lines = EXAMPLE.read_text().splitlines()
    code = [line for line in lines if line.strip()]
    assert len(code) < 85

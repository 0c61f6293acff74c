"""A small data set, a grid over it, and runs without trainings."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / 'test_tools'))
from label_data import make_label_data

TINY = Path(__file__).parents[1] / 'test_tools' / 'mal_tiny.py'
GRID = f'''
title: Kernel width
source: a test
config: {TINY}
base: narrow
cells:
  - {{name: narrow, set: {{model.crf_loss.zeta: 0.1}}, paper: 40.5}}
  - {{name: wide, set: {{model.crf_loss.zeta: 1.0}}}}
'''


@pytest.fixture
def files(tmp_path):
    """``boxes.json``, ``human.json``, ``images/`` and ``grid.yaml``."""
    root = tmp_path / 'data'
    make_label_data(root, 6)
    data = json.loads((root / 'boxes.json').read_text())
    for ann in data['annotations']:
        x, y, w, h = ann['bbox']
        ann['segmentation'] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    (root / 'human.json').write_text(json.dumps(data))
    (root / 'grid.yaml').write_text(GRID)
    return root


@pytest.fixture
def short_cells(monkeypatch):
    """Cells write made-up scores at once; names in ``fail`` fail, once.

    What is tested with it is the order, the table and what goes on after an
    interruption; test_command.py runs real cells.
    """
    from mmdet_mal.ablation import cell_run
    from mmdet_mal.experiments.folder import write_json
    from mmdet_mal.utils.errors import UserError
    done, fail = [], {}

    def run(self, boxes, data, human, listener, *steps):
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.name in fail:
            raise fail.pop(self.name)('no such weights\n| <b>')
        anns = human['annotations']
        ious = np.linspace(.2, .8, len(anns)) + .1 * (self.cell.name == 'wide')
        np.savez(self.folder / 'ious.npz', ious=ious,
                 ann_ids=np.array([a['id'] for a in anns]),
                 image_ids=np.array([a['image_id'] for a in anns]),
                 box_areas=np.array([a['bbox'][2] * a['bbox'][3] for a in anns]))
        write_json(self.folder / 'seconds.json', dict(train=30., label=30.))
        write_json(self.folder / 'result.json', dict(
            sizes=dict(all=dict(miou=float(ious.mean()), n=len(anns)))))
        done.append(self.name)

    monkeypatch.setattr(cell_run.CellRun, 'run', run)
    return dict(done=done, fail=fail, error=UserError)

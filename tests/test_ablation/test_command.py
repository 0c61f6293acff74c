"""tools/ablation.py as a person runs it, with real trainings."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'ablation.py'


def ablation(files, *args):
    """Run the tool on the small data; its exit code, stdout and stderr."""
    result = subprocess.run(
        [sys.executable, TOOL, files / 'grid.yaml', '--boxes', files / 'boxes.json',
         '--images', files / 'images', '--human', files / 'human.json', *args],
        capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.slow
def test_a_grid_is_trained_labelled_and_scored(files, tmp_path):
    """One cell cannot be trained: it is told, and the other one is done."""
    grid = files / 'grid.yaml'
    grid.write_text(grid.read_text().replace(
        'model.crf_loss.zeta: 1.0', 'model.network.encoder.out_indices: [9]'))
    out = tmp_path / 'out'
    code, printed, errors = ablation(files, '--max-iters', '2', '--score-number',
                                     '2', '--out', out)
    assert code == 1, errors
    assert 'FAILED' in printed and 'wide, seed 0: FAILED' in errors
    narrow = json.loads((out / 'results.json').read_text())['cells'][0]
    assert narrow['runs'][0]['iterations'] == 2
    assert set(narrow['runs'][0]['seconds']) == {'train', 'label', 'score'}
    assert narrow['sizes']['all']['boxes'] == 6
    assert 0 < narrow['sizes']['all']['miou'] <= 1
    masks = json.loads((out / 'cells/narrow-seed0/masks.json').read_text())
    assert all(ann['segmentation'] for ann in masks['annotations'])
    log = (out / 'cells/narrow-seed0/log.txt').read_text()
    assert 'train.py' in log and 'label.py' in log


def test_a_mistake_is_one_line_and_code_2(files):
    (files / 'grid.yaml').write_text('cells: 3')
    code, _, errors = ablation(files)
    assert code == 2
    assert errors.splitlines()[-1].startswith('ablation.py: error: ')
    assert 'Traceback' not in errors

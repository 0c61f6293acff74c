"""tools/retention.py as a person runs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmdet_mal.retention.runner import RetentionRun

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'retention.py'
CONFIG = str(TOOL.parents[1]
             / 'configs/phase2/coco-mini/mask-rcnn_deit-ti_coco-mini.py')


def retention(*args):
    """Run the tool; its exit code, stdout and stderr."""
    result = subprocess.run([sys.executable, TOOL, *map(str, args)],
                            capture_output=True, text=True)
    return result.returncode, result.stdout, result.stderr


def write_log(path, **scores):
    path.write_text(json.dumps({f'coco/segm_{k}': v for k, v in scores.items()}))
    return path


def test_a_table_from_two_logs(tmp_path):
    mal = write_log(tmp_path / 'mal.json', mAP=.35, mAP_50=.55)
    human = write_log(tmp_path / 'human.json', mAP=.375, mAP_50=.6)
    code, printed, errors = retention('--logs', f'MAL={mal}', '--human', human,
                                      '--out', tmp_path / 'table')
    assert code == 0, errors
    assert '93.3' in printed and '35.0' in printed
    assert sorted(p.name for p in tmp_path.glob('table.*')) == [
        'table.json', 'table.md', 'table.png']


@pytest.mark.parametrize('words, message', [
    (['--logs', 'MAL', '--human', 'x'], 'expected NAME=PATH'),
    (['--logs', 'human=a', '--human', 'x'], 'other than human'),
    (['--logs', 'MAL=a', '--human', 'gone'], 'gone: no such log'),
], ids=['no name', 'reserved name', 'absent'])
def test_a_mistake_is_one_line_and_code_2(words, message):
    code, _, errors = retention(*words)
    assert code == 2
    assert errors.splitlines()[-1].startswith('retention.py: error: ')
    assert message in errors and 'Traceback' not in errors


@pytest.mark.slow
def test_a_detector_is_trained_and_tested(files, tmp_path):
    """Two images an iteration, two iterations, from random weights."""
    out = tmp_path / 'out'
    run = RetentionRun(
        CONFIG, str(files / 'human.json'), {}, str(files / 'val.json'),
        str(files / 'images'), out, classes='agnostic', epochs=1, options={
            'model.backbone.pretrained': None, 'train_dataloader.num_workers': 0,
            'train_dataloader.persistent_workers': False,
            'test_dataloader.num_workers': 0, 'default_hooks.logger.interval': 1})
    table, failed = run.run()
    assert not failed
    assert 0 <= table.human['AP'] <= 1
    logs = list((out / 'runs' / 'human' / 'train').rglob('scalars.json'))
    lines = [json.loads(line) for line in logs[0].read_text().splitlines()]
    assert [line['iter'] for line in lines] == [1, 2]
    assert all(line['loss_mask'] > 0 for line in lines)

"""Baselines as label runs: the same masks as the evaluation makes."""

import json
import logging
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from label_data import make_label_data, run_tool

from mmdet_mal.cli.main import main
from mmdet_mal.evaluation.baselines import label_with_baseline


@pytest.fixture
def root(tmp_path, monkeypatch):
    make_label_data(tmp_path, 3)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    # The tool sets it; monkeypatch takes it back.
    monkeypatch.setattr(logging, 'raiseExceptions', True)
    return tmp_path


def words(name, out):
    return [f'baseline_{name}', '--ann', 'boxes.json', '--images', 'images',
            '--out', out]


def test_a_run_has_the_masks_of_the_evaluation_and_may_go_on(root, capsys):
    main(['label', *words('grabcut', 'run.json')])
    label_with_baseline('grabcut', 'boxes.json', 'direct.json', 'images')
    run, direct = (json.loads(Path(name).read_text())
                   for name in ('run.json', 'direct.json'))
    assert run['annotations'] == direct['annotations']
    assert Path('run.run/manifest.json').is_file()
    main(['label', *words('grabcut', 'run.json')])
    assert '1 of 1 chunks are done already' in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(['label', *words('ellipse', 'run.json')])
    assert 'holds a label run of something else' in capsys.readouterr().err


def test_two_processes_write_the_same_file(root):
    for name, processes in (('one.json', 1), ('two.json', 2)):
        config, *rest = words('ellipse', name)
        run_tool('dist_label.sh', config, processes, *rest, cwd=root)
    assert Path('one.json').read_bytes() == Path('two.json').read_bytes()

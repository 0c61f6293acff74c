"""The phase-2 smoke tool: classes, table, errors in one line."""

import argparse
import importlib.util
import json
import math
from pathlib import Path

import pytest

from mmdet_mal.utils.errors import UserError

TOOL = Path(__file__).resolve().parents[2] / 'tools/phase2_smoke.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('phase2_smoke', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def write(tmp_path):
    """Write a masks JSON with the given category names."""

    def writer(names):
        path = tmp_path / 'masks.json'
        path.write_text(json.dumps(dict(
            images=[], annotations=[],
            categories=[dict(id=i, name=n) for i, n in enumerate(names, 1)])))
        return argparse.Namespace(
            ann=str(path), images=str(tmp_path), iters=5, seed=3)

    return writer


def class_counts(value):
    """Every class count that a model config states."""
    if isinstance(value, dict):
        own = [n for key, n in value.items()
               if key in ('num_classes', 'num_things_classes')]
        if isinstance(value.get('class_weight'), list):
            own.append(len(value['class_weight']) - 1)
        return own + class_counts(list(value.values()))
    if isinstance(value, (list, tuple)):
        return [n for item in value for n in class_counts(item)]
    return []


def test_every_recipe_takes_the_classes_of_the_file(tool, write):
    args = write(['disc', 'bar', 'star'])
    for name in tool.RECIPES.values():
        cfg = tool.make_config(tool.CONFIG_DIR / name, args)
        assert cfg.train_dataloader.dataset.metainfo.classes == ('disc', 'bar', 'star')
        assert cfg.train_cfg.max_iters == 5
        counts = class_counts(cfg.model.to_dict())
        assert counts and set(counts) == {3}, name


def test_coco_classes_leave_the_stock_count(tool, write):
    args = write(tool.CocoDataset.METAINFO['classes'])
    cfg = tool.make_config(tool.CONFIG_DIR / tool.RECIPES['Mask R-CNN R50'], args)
    assert 'metainfo' not in cfg.train_dataloader.dataset
    assert set(class_counts(cfg.model.to_dict())) == {80}


def test_table_names_what_was_dropped_and_what_is_wrong(tool):
    rows = [tool.Row('A', 10, 10, {}, 3, 2.5, 2.25, 7.6),
            tool.Row('B', 10, 9, {'area not above 0': 1}, 0, faults=['no loss'])]
    lines = tool.format_table(rows).splitlines()
    assert lines[2] == '| A | 10 | 10 | none | 3 | 2.500 | 2.250 | 8 |'
    assert lines[3].startswith('| B | 10 | 9 | 1: area not above 0 | 0 | nan')
    assert lines[4] == 'FAULT B: no loss'
    assert math.isnan(rows[1].last_loss)


@pytest.mark.parametrize('text, message', [
    ('{"images": []}', r"no \['annotations', 'categories'\]"),
    ('{', 'not a JSON file'),
    ('[]', 'no '),
], ids=['keys', 'torn', 'list'])
def test_a_file_that_is_no_masks_json_is_named(tool, tmp_path, text, message):
    path = tmp_path / 'bad.json'
    path.write_text(text)
    with pytest.raises(UserError, match=message) as error:
        tool.class_names(str(path))
    assert 'bad.json' in str(error.value)


@pytest.mark.parametrize('argv, message', [
    (['--ann', 'none.json', '--images', '.'], 'none.json: no such file'),
    (['--ann', str(TOOL), '--images', 'no-folder'], 'no-folder: no such folder'),
], ids=['ann', 'images'])
def test_missing_paths_are_named(tool, monkeypatch, argv, message):
    monkeypatch.setattr('sys.argv', ['phase2_smoke.py', *argv])
    with pytest.raises(UserError, match=message):
        tool.parse_args()

from pathlib import Path

import pytest

from mmdet_mal.ablation.grid import load_grid
from mmdet_mal.utils.errors import UserError

GRIDS = Path(__file__).resolve().parents[2] / 'configs/mal/ablations'


def write(tmp_path, text):
    path = tmp_path / 'my.yaml'
    path.write_text(text)
    return path


def test_a_grid_by_hand(tmp_path):
    grid = load_grid(write(tmp_path, '''
title: Zeta
config: ../a.py
axis: zeta
base: wide
set: {model.flip: false}
cells:
  - {name: narrow, x: 0.1, set: {model.zeta: 0.1}, paper: 41}
  - {name: wide, x: 1, config: b.py, set: {model.flip: true}, note: shipped}
'''))
    narrow, wide = grid.cells
    assert (grid.name, grid.title, grid.axis, grid.base) == (
        'my', 'Zeta', 'zeta', 'wide')
    assert narrow.overrides == {'model.flip': False, 'model.zeta': .1}
    assert (narrow.x, narrow.paper) == (.1, 41.)
    # A cell's own setting counts, and its own config.
    assert wide.overrides == {'model.flip': True} and wide.note == 'shipped'
    assert Path(narrow.config) == tmp_path / '../a.py'
    assert Path(wide.config) == tmp_path / 'b.py'
    assert grid.base_cell is wide


def test_the_first_cell_is_the_base_unless_said(tmp_path):
    grid = load_grid(write(tmp_path, 'config: a.py\ncells: [{name: 1}, {name: 2}]'))
    assert grid.base == '1'


def test_another_config_takes_the_place_of_the_grids(tmp_path):
    grid = load_grid(write(
        tmp_path, 'config: a.py\ncells: [{name: x}, {name: y, config: c.py}]'),
        'other.py')
    assert grid.cells[0].config == 'other.py'
    assert Path(grid.cells[1].config) == tmp_path / 'c.py'


def test_hostile_names_stay_within_the_folder(tmp_path):
    grid = load_grid(write(
        tmp_path, 'config: a.py\ncells: [{name: "../../etc/passwd"}, {name: "..."}]'))
    assert [cell.slug for cell in grid.cells] == ['etc_passwd', 'cell']


@pytest.mark.parametrize('text, message', [
    pytest.param(None, 'no such grid', id='absent'),
    pytest.param('a: [', 'cannot be read as YAML', id='no YAML'),
    pytest.param('!!python/object/apply:os.system [echo]', 'cannot be read',
                 id='code'),
    pytest.param('- 1', 'is a list', id='a list'),
    pytest.param('cells: [{name: a}]', 'says no config', id='no config'),
    pytest.param('config: a.py', 'has no cells', id='no cells'),
    pytest.param('config: a.py\ncells: [3]', 'cell 1 is 3', id='cell no mapping'),
    pytest.param('config: a.py\ncells: [{set: {}}]', 'cell 1 has no name',
                 id='no name'),
    pytest.param('config: a.py\ncells: [{name: a, sett: {}}]',
                 'unknown key sett', id='unknown key of a cell'),
    pytest.param('config: a.py\nseeds: [1]\ncells: [{name: a}]',
                 'unknown key seeds', id='unknown key of the grid'),
    pytest.param('config: a.py\ncells: [{name: a}, {name: A}]', 'two cells',
                 id='alike names'),
    pytest.param('config: a.py\ncells: []', 'has no cells', id='empty cells'),
    pytest.param('config: a.py\ncells: [{name: a}]\ncells: [{name: b}]',
                 "key 'cells' is there twice", id='cells twice'),
    pytest.param('config: a.py\ncells: [{name: a, set: {b.c: 1, b.c: 2}}]',
                 "key 'b.c' is there twice.*line 2", id='a setting twice'),
    pytest.param('config: a.py\nbase: b\ncells: [{name: a}]', "base is 'b'",
                 id='unknown base'),
    pytest.param('config: a.py\naxis: x\ncells: [{name: a}]', 'needs x',
                 id='axis without x'),
    pytest.param('config: a.py\ncells: [{name: a, x: wide}]', "x is 'wide'",
                 id='x no number'),
    pytest.param('config: a.py\ncells: [{name: a, set: [1]}]', 'no mapping',
                 id='set is a list'),
])
def test_mistakes_are_one_line(tmp_path, text, message):
    path = tmp_path / 'none.yaml' if text is None else write(tmp_path, text)
    with pytest.raises(UserError, match=message) as error:
        load_grid(path)
    assert '\n' not in str(error.value) and str(path) in str(error.value)


def test_the_papers_six_values_of_theta_are_there():
    grid = load_grid(GRIDS / 'theta.yaml')
    assert [(c.x, c.paper) for c in grid.cells] == [
        (.6, 41.3), (.8, 41.7), (1., 42.2), (1.2, 42.3), (1.4, 42.), (1.6, 41.8)]

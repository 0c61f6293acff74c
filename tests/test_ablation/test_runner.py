import json

import cv2
import pytest

from mmdet_mal.ablation.data import AblationData
from mmdet_mal.ablation.grid import load_grid
from mmdet_mal.ablation.runner import AblationRun
from mmdet_mal.utils.errors import UserError


def make_run(files, out, seeds=(0, ), **options):
    data = AblationData.from_options(
        str(files / 'boxes.json'), str(files / 'images'), str(files / 'human.json'))
    return AblationRun(load_grid(files / 'grid.yaml'), data, seeds, out, **options)


def results(out):
    return json.loads((out / 'results.json').read_text())


def test_table_json_and_plot(files, tmp_path, short_cells):
    out = tmp_path / 'out'
    assert make_run(files, out).run() == {}
    narrow, wide = results(out)['cells']
    assert narrow['sizes']['all']['miou'] == pytest.approx(.5)
    assert narrow['sizes']['all']['difference'] is None
    assert wide['sizes']['all']['difference'] == pytest.approx(.1)
    assert wide['overrides'] == {'model.crf_loss.zeta': 1.}
    assert wide['runs'][0]['iterations'] == 2 * 5  # 18 boxes in batches of 4
    text = (out / 'results.md').read_text()
    assert '| wide | 0 |' in text and '+0.100 [+0.100, +0.100]' in text
    assert '40.5' in text
    assert cv2.imread(str(out / 'results.png')) is not None
    # What is labelled holds no masks.
    boxes = json.loads((out / 'score_boxes.json').read_text())
    assert len(boxes['annotations']) == 18
    assert not any('segmentation' in ann for ann in boxes['annotations'])


def test_all_cells_come_before_the_second_seed(files, tmp_path, short_cells):
    make_run(files, tmp_path / 'out', (3, 1)).run()
    assert short_cells['done'] == ['narrow, seed 3', 'wide, seed 3',
                                   'narrow, seed 1', 'wide, seed 1']
    assert '± 0.000' in (tmp_path / 'out' / 'results.md').read_text()


def test_a_failed_cell_is_told_and_the_rest_goes_on(files, tmp_path, short_cells):
    out = tmp_path / 'out'
    short_cells['fail']['narrow, seed 0'] = UserError
    failed = make_run(files, out).run()
    assert list(failed) == ['narrow, seed 0'] and 'no such weights' in str(failed)
    assert short_cells['done'] == ['wide, seed 0']
    cell = results(out)['cells'][0]
    assert cell['runs'][0]['state'] == 'failed' and not cell['sizes']
    text = (out / 'results.md').read_text()
    assert 'FAILED' in text and '<b>' not in text and '\\|' in text
    # The next start does what is missing, and only that.
    assert make_run(files, out).run() == {}
    assert short_cells['done'] == ['wide, seed 0', 'narrow, seed 0']
    assert '+0.100' in (out / 'results.md').read_text()


def test_an_interrupted_grid_goes_on(files, tmp_path, short_cells):
    out = tmp_path / 'out'
    short_cells['fail']['wide, seed 0'] = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        make_run(files, out).run()
    assert [c['runs'][0]['state'] for c in results(out)['cells']] == ['done', 'to do']
    make_run(files, out).run()
    assert short_cells['done'] == ['narrow, seed 0', 'wide, seed 0']


def test_seeds_may_be_added(files, tmp_path, short_cells):
    for seeds in ((0, ), (0, 1)):
        make_run(files, tmp_path / 'out', seeds).run()
    assert short_cells['done'][2:] == ['narrow, seed 1', 'wide, seed 1']


@pytest.mark.parametrize('change, message', [
    (lambda files: (files / 'grid.yaml').write_text(
        (files / 'grid.yaml').read_text().replace('1.0', '2.0')), 'cells.wide'),
    (lambda files: (files / 'boxes.json').write_text(
        (files / 'boxes.json').read_text() + '\n'), 'data.boxes_sha256'),
    (lambda files: None, None),
], ids=['another setting', 'other boxes', 'the same'])
def test_another_grid_in_the_folder_is_refused(
        files, tmp_path, short_cells, change, message):
    make_run(files, tmp_path / 'out').run()
    change(files)
    again = make_run(files, tmp_path / 'out')
    if message is None:
        assert again.run() == {}
    else:
        with pytest.raises(UserError, match=message):
            again.run()


def test_the_plan_tells_time_from_the_cells_that_are_done(
        files, tmp_path, short_cells):
    run = make_run(files, tmp_path / 'out')
    assert [row[-1] for row in run.plan_rows(18)[1:]] == ['not measured yet'] * 2
    assert not (tmp_path / 'out').exists()
    short_cells['fail']['wide, seed 0'] = UserError
    run.run()
    assert run.plan_rows(18)[1:] == [
        ['narrow', '0', 'done', '10', '1.0 taken'],
        ['wide', '0', 'begun', '10', '1.0 expected']]


def test_missing_weights_are_told_before_anything_is_run(files, tmp_path):
    with pytest.raises(UserError, match='gone.pth: no such weights.*MAL_WEIGHTS'):
        make_run(files, tmp_path / 'out',
                 options={'model.network.pretrained': 'gone.pth'})
    assert not (tmp_path / 'out').exists()


def test_a_misspelt_setting_is_told_before_anything_is_run(files, tmp_path):
    path = files / 'grid.yaml'
    path.write_text(path.read_text().replace('zeta: 1.0', 'zetta: 1.0'))
    with pytest.raises(UserError, match="cell wide.*'zetta'; perhaps zeta"):
        make_run(files, tmp_path / 'out')


def test_a_missing_config_is_told(files, tmp_path):
    path = files / 'grid.yaml'
    path.write_text(path.read_text().replace('mal_tiny', 'mal_tinny'))
    with pytest.raises(UserError, match='mal_tinny.py: no such config'):
        make_run(files, tmp_path / 'out')


@pytest.mark.parametrize('seeds', [(0, 0), (-1, )])
def test_bad_seeds_are_refused(files, tmp_path, seeds):
    with pytest.raises(UserError, match='--seeds'):
        make_run(files, tmp_path / 'out', seeds)

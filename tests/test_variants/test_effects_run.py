"""A grid of labelling switches on drawn pictures, with a tiny network."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / 'test_tools'))
from label_data import CONFIG, make_checkpoint, make_label_data

from mmdet_mal.ablation.data import AblationData
from mmdet_mal.ablation.grid import load_grid
from mmdet_mal.utils.errors import UserError
from mmdet_mal.variants import scoring
from mmdet_mal.variants.build import build_groups
from mmdet_mal.variants.effects_run import EffectsRun

GRID = f'''
title: Switches <of a test>
config: {CONFIG}
base: plain
cells:
  - {{name: plain}}
  - {{name: same}}
  - {{name: flip, note: twice | the network, set: {{model.flip: true}}}}
  - {{name: prior, set: {{model.postprocess: {{ellipse_prior: 30.0}}}}}}
  - name: wide
    set: {{test_dataloader.dataset.pipeline.FixedBoxExpansion.rate: 0.6}}
'''


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp('effects')
    make_label_data(root, 3)
    data = json.loads((root / 'boxes.json').read_text())
    for ann in data['annotations']:
        x, y, w, h = ann['bbox']
        ann['segmentation'] = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    (root / 'human.json').write_text(json.dumps(data))
    (root / 'grid.yaml').write_text(GRID)
    make_checkpoint(root / 'weights.pth')
    return root


def effects_run(place, out):
    data = AblationData(*[str(place / 'human.json'), str(place / 'images')] * 2)
    return EffectsRun(load_grid(place / 'grid.yaml'), dict(drawn=data), out,
                      str(place / 'weights.pth'))


def test_rows_are_compared_with_the_base_and_share_its_passes(place, tmp_path):
    run = effects_run(place, tmp_path / 'out')
    rows = run.run()
    assert [row[0] for row in rows] == [
        'switch', 'plain', 'same', 'flip (twice | the network)', 'prior', 'wide']
    assert rows[2][1] == '+0.000 [+0.000, +0.000]'
    found = json.loads((tmp_path / 'out/results.json').read_text())['sets']['drawn']
    assert found['rows']['plain']['all']['boxes'] == 9
    assert found['rows']['prior']['all']['difference'] != 0
    assert set(found['overlaps']) == {'same-class', 'score', 'near'}
    text = (tmp_path / 'out/results.md').read_text()
    assert 'twice \\| the network' in text and '## drawn by area' in text
    # Two ways of cutting crops; in the first, plain and mirrored views of three
    # chunks, however many rows ask for them.
    first, second = run._groups
    assert list(second.models) == ['wide']
    assert first.models['plain'].teacher is first.models['flip'].teacher
    assert first.models['flip'].teacher.calls == 2 * 3 + 3  # and those of 'wide'


def test_masks_are_those_of_a_label_run(place, tmp_path):
    """The base's masks equal those that ``mal label`` writes."""
    from mmdet_mal.cli.main import main
    effects_run(place, tmp_path / 'out').run()
    with pytest.raises(SystemExit) as ended:
        main(['label', str(CONFIG), str(place / 'weights.pth'), '--ann',
              str(place / 'boxes.json'), '--images', str(place / 'images'), '--out',
              str(tmp_path / 'masks.json')])
        raise SystemExit(0)
    assert ended.value.code == 0
    written = {ann['id']: ann['segmentation'] for ann in json.loads(
        (tmp_path / 'masks.json').read_text())['annotations']}
    mine = {}
    for path in (tmp_path / 'out/scores').iterdir():
        for line in path.read_text().splitlines():
            mine.update(json.loads(line).get('masks', {}))
    assert {int(k): v['segmentation'] for k, v in mine.items()} == written


def test_an_interrupted_table_goes_on(place, tmp_path, monkeypatch):
    label, chunks = scoring.label_chunk, []

    def stop(model, chunk, maps=None):
        chunks.append(chunk['chunk_index'])
        if chunk['chunk_index'] == 2 and len(chunks) < 12:
            raise KeyboardInterrupt
        return label(model, chunk, maps)

    monkeypatch.setattr(scoring, 'label_chunk', stop)
    with pytest.raises(KeyboardInterrupt):
        effects_run(place, tmp_path / 'out').run()
    done = len(chunks)
    assert done == 4 + 4 + 1
    monkeypatch.setattr(scoring, 'label_chunk',
                        lambda m, c, maps=None: chunks.append(0) or label(m, c, maps))
    effects_run(place, tmp_path / 'out').run()
    # The third chunk of four rows, and three chunks of the other crops.
    assert len(chunks) - done == 4 + 3
    monkeypatch.setattr(scoring, 'label_chunk', None)
    effects_run(place, tmp_path / 'out').run()


def test_another_grid_is_refused_in_the_same_folder(place, tmp_path):
    effects_run(place, tmp_path / 'out').run()
    (place / 'other.yaml').write_text(GRID)
    run = EffectsRun(load_grid(place / 'other.yaml'), {}, tmp_path / 'out',
                     str(place / 'weights.pth'))
    with pytest.raises(UserError, match='holds another experiment: grid'):
        run.run()


@pytest.mark.parametrize('setting, message', [
    ('model.postprocess: {threshold: 1.5}', 'cell bad: threshold is 1.5'),
    ('model.refine: best', 'cell bad: refine must be'),
    ('model.flipp: true', "no setting 'flipp'; perhaps flip")])
def test_a_wrong_setting_names_its_row(place, tmp_path, setting, message):
    (tmp_path / 'bad.yaml').write_text(
        f'config: {CONFIG}\ncells:\n  - {{name: bad, set: {{{setting}}}}}\n')
    with pytest.raises(UserError, match=message):
        build_groups(load_grid(tmp_path / 'bad.yaml'), str(place / 'weights.pth'))


def test_a_trained_labeller_needs_its_checkpoint(place):
    with pytest.raises(UserError, match='give the checkpoint'):
        build_groups(load_grid(place / 'grid.yaml'))

import json
from datetime import datetime, timedelta

import pytest

from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization.report.sources import find_sources
from mmdet_mal.visualization.review.sources import find_masks
from mmdet_mal.visualization.run_facts import (find_run_folder, images_of_run,
                                               is_run_folder, masks_of_run, read_doctor,
                                               read_run_facts)


def test_everything_that_a_run_leaves(run, monkeypatch):
    monkeypatch.chdir(run)
    facts = read_run_facts(run / 'masks.run')
    assert (facts.config, facts.checkpoint, facts.input) == (
        'configs/mal/x.py', 'epoch_1.pth', 'boxes.json')
    assert facts.starts == 2 and facts.begun == datetime(2026, 11, 21, 4)
    # The hour between the two starts is a pause.
    assert facts.duration == timedelta(seconds=30)
    assert facts.summary['masks'] == 5 and facts.doctor['errors'] == 1
    assert facts.weights == '/w/mae_pretrain_vit_base.pth'
    assert images_of_run(run / 'masks.run') == str(run / 'photos')
    # The dumped config is read, never run.
    assert not (run / 'was-executed').exists()


def test_unfinished_run(run):
    folder = run / 'masks.run'
    for name in ('summary.json', 'doctor.json', 'log'):
        (folder / name).unlink()
    facts = read_run_facts(folder)
    assert facts.summary == {} and facts.doctor == {} and facts.starts == 0
    (run / 'masks.json').unlink()
    assert masks_of_run(folder) is None


def test_masks_are_found_beside_the_folder_or_where_the_summary_says(run):
    assert masks_of_run(run / 'masks.run') == run / 'masks.json'
    (run / 'masks.run').rename(run / 'elsewhere')
    assert masks_of_run(run / 'elsewhere') == run / 'masks.json'


def test_images_that_moved_are_not_named(run):
    (run / 'photos').rename(run / 'moved')
    assert images_of_run(run / 'masks.run') is None


def test_the_folder_that_holds_a_run_will_do(run):
    inner = str(run / 'masks.run')
    assert find_run_folder(inner) == find_run_folder(run) == inner
    assert find_run_folder(run / 'photos') is None
    # What `mal review OUT` and `mal report OUT` make of the folder of mal auto.
    assert find_masks(str(run)) == (str(run / 'masks.json'), inner)
    assert find_sources(str(run)) == dict(run_dir=inner,
                                          masks=str(run / 'masks.json'))


def test_manifest_that_names_images_counts_first(run):
    path = run / 'masks.run' / 'manifest.json'
    manifest = json.loads(path.read_text())
    manifest['names']['images'] = str(run)
    path.write_text(json.dumps(manifest))
    assert images_of_run(run / 'masks.run') == str(run)


def test_what_is_no_run(run):
    assert not is_run_folder(run)
    with pytest.raises(UserError, match='no manifest.json there'):
        read_run_facts(run)
    (run / 'masks.run' / 'manifest.json').write_text('[]')
    with pytest.raises(UserError, match='manifest.json: expected a JSON object'):
        read_run_facts(run / 'masks.run')
    (run / 'masks.run' / 'manifest.json').write_text('{')
    with pytest.raises(UserError, match='manifest.json: cannot be read as JSON'):
        read_run_facts(run / 'masks.run')


def test_doctor_reports(run):
    assert read_doctor({'kinds': {}})['findings'] == []
    with pytest.raises(UserError, match="no doctor's report"):
        read_doctor(run / 'human.json')
    with pytest.raises(UserError, match='no such file'):
        read_doctor(run / 'absent.json')

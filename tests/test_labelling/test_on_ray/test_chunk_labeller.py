"""Chunks labelled one by one are what a test run with the same config writes."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from mmdet_mal.engine.checkpoint import CheckpointError
from mmdet_mal.labelling.on_ray.chunk_labeller import (ChunkLabeller, LabelTask,
                                                hook_options)
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.utils.errors import UserError

CONFIG = Path(__file__).parents[2] / 'test_tools' / 'mal_tiny.py'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Four images, three of them there, with ten boxes; random weights."""
    root = tmp_path_factory.mktemp('chunks')
    rng = np.random.default_rng(0)
    annotations = []
    for i in range(4):
        image = rng.integers(0, 80, (60, 80, 3), np.uint8)
        for x in (3, 30, 55)[:3 if i < 2 else 2]:
            image[10:40, x:x + 20] = rng.integers(120, 250, 3)
            annotations.append(dict(id=50 - len(annotations), image_id=i,
                                    category_id=1, bbox=[x, 10, 20, 30]))
        if i != 3:
            cv2.imwrite(str(root / f'{i}.png'), image)
    (root / 'boxes.json').write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{i}.png', height=60, width=80)
                for i in range(4)],
        annotations=annotations, categories=[dict(id=1, name='thing')])))
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(str(CONFIG)).model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), root / 'weights.pth')
    return root


@pytest.fixture
def config(root):
    config = Config.fromfile(str(CONFIG))
    config.test_dataloader.dataset.update(
        data_root='', ann_file=str(root / 'boxes.json'),
        data_prefix=dict(img=str(root)))
    return config


@pytest.fixture
def task(config, root):
    return LabelTask.from_files(config, str(root / 'weights.pth'))


def label_all(labeller):
    return [labeller.label(chunk) for chunk in range(len(labeller.dataset))]


def test_records_become_the_file_that_a_runner_writes(task, config, root, tmp_path):
    config.work_dir = str(tmp_path / 'runner')
    config.load_from = str(root / 'weights.pth')
    Runner.from_cfg(config).test()

    run = LabelRun(str(root / 'boxes.json'), str(tmp_path / 'masks.json'))
    # One manifest: either can resume what the other has begun.
    assert run.prepare(task.manifest()).tolist() == []
    found = json.loads((tmp_path / 'masks.run/manifest.json').read_text())
    manifest = tmp_path / 'runner/masks.run/manifest.json'
    assert found == json.loads(manifest.read_text())
    run.open_shard(0)
    for chunk, records in enumerate(label_all(ChunkLabeller(task, 'cpu'))):
        run.add(chunk, records)
    run.close()
    run.finish()

    ours = json.loads((tmp_path / 'masks.json').read_text())
    theirs = json.loads((tmp_path / 'runner/masks.json').read_text())
    assert ours['info'] == theirs['info']
    for our, their in zip(ours['annotations'], theirs['annotations'], strict=True):
        # Scores may round differently without MKL_CBWR, which the tools set.
        assert our['score'] == pytest.approx(their['score'], abs=2e-5)
        assert our['mal'].get('fallback') == their['mal'].get('fallback')
        assert our['area'] == pytest.approx(their['area'], rel=.01)
    assert [a['mal'].get('fallback') for a in ours['annotations']] == (
        [None] * 8 + ['image_unreadable'] * 2)


def test_a_task_that_travelled_gives_the_same_records(task):
    expected = label_all(ChunkLabeller(task, 'cpu'))
    assert sum(map(len, expected)) == 10
    there = pickle.loads(pickle.dumps(task))
    assert label_all(ChunkLabeller(there, 'cpu')) == expected


def test_two_threads_give_the_same_records(task):
    labeller = ChunkLabeller(task, 'cpu')
    expected = label_all(labeller)
    chunks = list(range(len(expected))) * 20
    with ThreadPoolExecutor(2) as threads:
        records = list(threads.map(labeller.label, chunks))
    assert records == expected * 20


def test_weights_that_do_not_fit_are_refused_with_their_file(task):
    state = dict(task.state)
    state.pop(next(iter(state)))
    broken = LabelTask(task.config, state, task.dataset, task.checkpoint)
    with pytest.raises(CheckpointError, match=r'weights\.pth: .*1 missing'):
        ChunkLabeller(broken, 'cpu')


def test_a_data_set_without_chunks_is_refused(config, root):
    config.test_dataloader.dataset = dict(
        type='mmdet_mal.BoxInstanceDataset', ann_file=str(root / 'boxes.json'),
        lazy_init=True)
    with pytest.raises(UserError, match='BoxInstanceDataset, which has no chunks'):
        LabelTask.from_files(config, str(root / 'weights.pth'))


def test_a_chunk_is_named_with_its_annotations_and_images(task, root):
    text = task.describe(0, limit=2)
    assert text == f"chunk 0 (annotations 50, 49 and 1 more of {root / '0.png'})"


@pytest.mark.parametrize('hooks, expected', [
    pytest.param(dict(), {}, id='none'),
    pytest.param(dict(custom_hooks=[
        dict(type='mmdet.MeanTeacherHook'),
        dict(type='mmdet_mal.PseudoLabelHook', sync_interval=3)]),
        dict(sync_interval=3), id='custom'),
    pytest.param(dict(default_hooks=dict(
        logger=None, labels=dict(type='mmdet_mal.PseudoLabelHook'))), {},
        id='default without options'),
])
def test_options_of_the_label_hook(hooks, expected):
    assert hook_options(Config(hooks)) == expected

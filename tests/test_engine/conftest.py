"""A training small enough to be repeated, for what surrounds the model."""

import json
import uuid
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer

CONFIG = Path(__file__).parents[1] / 'test_tools' / 'mal_tiny.py'


@pytest.fixture(scope='module')
def tiny_data(tmp_path_factory):
    """Four grey images, each with three bright boxes: 3 batches an epoch."""
    root = tmp_path_factory.mktemp('tiny')
    (root / 'images').mkdir()
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i in range(4):
        image = rng.integers(0, 80, (96, 128, 3), np.uint8)
        for x, y, w, h in ((10 + i, 12, 30, 25), (70, 40 - i, 40, 36),
                           (20, 50, 32, 40 - i)):
            image[y:y + h, x:x + w] = rng.integers(120, 250, 3)
            annotations.append(
                dict(id=len(annotations) + 1, image_id=i + 1, category_id=1,
                     bbox=[x, y, w, h], area=w * h, iscrowd=0))
        cv2.imwrite(str(root / 'images' / f'{i}.png'), image)
        images.append(
            dict(id=i + 1, file_name=f'{i}.png', height=96, width=128))
    (root / 'boxes.json').write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=1, name='thing')])))
    return root


@pytest.fixture(scope='module', autouse=True)
def _separate_modules():
    """Forget the logs and hubs of runners that a whole module shares."""
    managers = (DefaultScope, MessageHub, MMLogger, Visualizer)
    before = [dict(manager._instance_dict) for manager in managers]
    yield
    for manager, instances in zip(managers, before, strict=True):
        manager._instance_dict.clear()
        manager._instance_dict.update(instances)


@pytest.fixture(scope='module', autouse=True)
def _unformatted_configs():
    """Spare the formatting of the config, .3 s each time it is stored."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr('mmengine.config.config.FormatCode',
                      lambda text, **kwargs: (text, True))
        yield


class _Recorder(Hook):
    """Keeps the loss of each step, to the last bit, and what was read."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.losses = {}
        self.samples = {}

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.losses[runner.iter] = {
            key: value.item() for key, value in outputs.items()}
        self.samples[runner.iter] = [
            (s.ann_id, s.crop_window.tolist(), s.flip, int(img.sum()))
            for s, img in zip(data_batch['data_samples']['student'],
                              data_batch['inputs']['student'], strict=True)]


class _Cut(Hook):
    """Ends a run before an iteration, as a crash would."""

    def __init__(self, before):
        self.before = before

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.before:
            raise KeyboardInterrupt


@pytest.fixture(scope='module')
def tiny_runner(tiny_data):
    """Builds runners of the tiny config: ``(work_dir, **options)``."""

    def build(work_dir, resume=False, load_from=None, **options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('MAL_TINY_ROOT', str(tiny_data))
            config = Config.fromfile(CONFIG)
        config.merge_from_dict({
            'default_hooks.checkpoint.by_epoch': False,
            'model.network.encoder.drop_path_rate': 0.3,
            'model.network.encoder.drop_rate': 0.1, **options})
        config.work_dir = str(work_dir)
        config.resume, config.load_from = resume, load_from
        # Loggers and message hubs of a process are found by this name.
        config.experiment_name = uuid.uuid4().hex
        return Runner.from_cfg(config)

    return build


@pytest.fixture(scope='module')
def train(tiny_runner):
    """Trains, perhaps to a crash: returns the runner and what it recorded."""

    def run(work_dir, cut_before=None, hooks=(), **options):
        runner = tiny_runner(work_dir, **options)
        recorder = _Recorder()
        for hook in (recorder, *hooks):
            runner.register_hook(hook)
        if cut_before is None:
            runner.train()
            return runner, recorder
        runner.register_hook(_Cut(cut_before))
        with pytest.raises(KeyboardInterrupt):
            runner.train()
        return runner, recorder

    return run

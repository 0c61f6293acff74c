"""The config of a run: whole, on a person's data, free of the environment."""

import os
import sys
import zipfile
from pathlib import Path

import pytest
from mmengine.config import Config

sys.path.insert(0, str(Path(__file__).parent))
from mmdet_mal.auto.facts import DataFacts
from mmdet_mal.auto.make_config import make_config, write_config
from mmdet_mal.auto.presets import PRESETS, Machine
from mmdet_mal.auto.schedule import Schedule

FACTS = DataFacts(100, 90, 80, 10, 3, pixel_bytes=10**6)
LENGTH = Schedule(7, 5, 33, 1., 1.)
CPU = Machine(cores=2)
GPU = Machine('cuda', 80, 16, 'X')


def make(preset='small', images='photos', facts=FACTS, machine=CPU, batch=16,
         step=.5):
    return make_config(PRESETS[preset], 'my boxes.json', images, '/w/x.pth',
                       facts, machine, LENGTH, batch, step)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / 'photos').mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ('MAL_WEIGHTS', 'MAL_EPOCHS', 'MAL_EPOCH_ITERS'):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.mark.parametrize('name', PRESETS)
def test_a_written_config_reads_the_same_anywhere(name, folder, monkeypatch):
    config = make(name, machine=GPU)
    write_config(config, 'c.py', ['made by a test', '', 'two'])
    text = (folder / 'c.py').read_text()
    assert text.startswith('# made by a test\n#\n# two\n\n')
    monkeypatch.setenv('MAL_WEIGHTS', 'other.pth')
    monkeypatch.setenv('MAL_EPOCHS', '99')
    monkeypatch.setenv('MAL_DATA_ROOT', 'other')
    again = Config.fromfile('c.py')
    # Tuples are written as such, so this is exact.
    assert again.to_dict() == config.to_dict()
    assert '_base_' not in text and '$MAL' not in text
    assert not [key for key in again if key.startswith('_')]


def test_data_weights_and_length_are_the_persons(folder):
    config = make()
    for loader in (config.train_dataloader, config.test_dataloader):
        data = loader.dataset
        assert data.ann_file == str(folder / 'my boxes.json')
        assert data.data_prefix.img == str(folder / 'photos')
        assert (data.data_root, data.backend_args) == ('', None)
        assert loader.num_workers == 1
    assert config.model.network.pretrained == '/w/x.pth'
    assert config.train_cfg.max_epochs == 7
    assert config.model.grouping_loss.fade_iters == 17  # half of 35 steps
    assert config.train_dataloader.batch_size == 16
    checkpoint = config.default_hooks.checkpoint
    assert (checkpoint.by_epoch, checkpoint.interval) == (False, 33)
    assert config.default_hooks.logger.interval == 4  # two seconds
    assert not {'MAL_WEIGHTS', 'MAL_EPOCHS', 'MAL_EPOCH_ITERS'} & set(os.environ)


def test_the_environment_is_as_it_was(monkeypatch):
    monkeypatch.setenv('MAL_WEIGHTS', 'mine.pth')
    assert make().model.network.pretrained == '/w/x.pth'
    assert os.environ['MAL_WEIGHTS'] == 'mine.pth'


def test_images_in_an_archive(folder):
    zipfile.ZipFile(folder / 'p.zip', 'w').close()
    data = make(images='p.zip').train_dataloader.dataset
    assert data.data_prefix.img == '' or data.data_prefix.img == str(folder)
    assert data.backend_args == dict(backend='mal_zip', archive='p.zip')


def test_many_pixels_are_not_kept_in_memory():
    large = DataFacts(100, 90, 80, 10, 3, pixel_bytes=3 * 1024**3)
    settings = [cfg.train_dataloader.dataset for cfg in (make(), make(facts=large))]
    assert [(s.cache_images, s.crops_ahead) for s in settings] == [
        (True, 0), (False, 32)]


def test_a_gpu_has_workers_and_one_checkpoint_hook():
    config = make('dinov2-s', machine=GPU, batch=8)
    assert config.train_dataloader.num_workers == 15
    assert config.train_dataloader.batch_size == 8
    hooks = [hook['type'] for hook in config.custom_hooks]
    assert 'mmdet_mal.AtomicCheckpointHook' not in hooks
    assert hooks.count('mmdet_mal.MaskMosaicHook') == 1


def test_instant_trains_nothing():
    config = make('instant')
    assert config.train_dataloader is None and 'train_cfg' not in config
    assert config.model.pretrained == '/w/x.pth'

"""Measuring where a GPU's memory does not suffice."""

import json
import time

import pytest
from mmengine.config import Config

from mmdet_mal.auto import planning
from mmdet_mal.auto.facts import DataFacts
from mmdet_mal.auto.options import AutoOptions
from mmdet_mal.auto.presets import PRESETS, Choice, Machine
from mmdet_mal.utils.errors import UserError

FACTS = DataFacts(9000, 9000, 9000, 900, 3, pixel_bytes=10**6)


@pytest.fixture
def measure(tmp_path, monkeypatch):
    """Measures on a GPU that takes so many boxes; (result, batches tried)."""
    (tmp_path / 'photos').mkdir()

    def run(fitting, batch_size, preset='dinov2-s'):
        tried = []

        def probe(module, words, lock, log_file):
            config, result = words
            tried.append(Config.fromfile(config).train_dataloader.batch_size)
            with open(result, 'w', encoding='utf-8') as file:
                json.dump(dict(step=.5, box=.25, began=time.time() + 9,
                               out_of_memory=tried[-1] > fitting), file)

        monkeypatch.setattr(planning, 'run_child', probe)
        maker = planning._Maker(
            str(tmp_path), AutoOptions('b.json', str(tmp_path / 'photos'), 'w.pth'),
            'b.json', FACTS, Machine('cuda', 80, 2, 'X'), -1)
        return maker.measure(PRESETS[preset], Choice(preset, '', batch_size)), tried

    return run


def test_the_batch_is_halved_until_it_fits(measure, tmp_path):
    (speed, batch_size), tried = measure(4, 16)
    assert batch_size == 4 and tried == [16, 8, 4]
    assert (speed.step, speed.box) == (.5, .25)
    assert speed.startup == pytest.approx(9, abs=5)
    assert not (tmp_path / 'probe').exists()


def test_memory_for_not_even_one_box(measure):
    with pytest.raises(UserError, match='smaller --preset, or --instant'):
        measure(0, 2)

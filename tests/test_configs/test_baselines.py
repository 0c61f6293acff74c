"""Each baseline has a config, with the surroundings that it looks at."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmdet_mal.evaluation.baselines import BASELINES, grabcut, random_walker
from mmdet_mal.labelling.weights import needs_checkpoint

CONFIGS = Path(__file__).resolve().parents[2] / 'configs/mal'


@pytest.mark.parametrize('name', list(BASELINES))
def test_a_config_names_its_baseline_and_needs_no_weights(name):
    config = Config.fromfile(CONFIGS / f'baseline_{name}.py')
    assert config.model.baseline == name
    assert not needs_checkpoint(config)
    assert config.train_dataloader is None
    cut = dict(config.test_dataloader.dataset.pipeline[0])
    module = dict(grabcut=grabcut, random_walker=random_walker).get(name)
    wanted = dict(margin=0.) if module is None else dict(
        margin=module.MARGIN, min_margin=module.MIN_MARGIN_PX)
    assert cut == dict(type='mmdet_mal.CutSurroundings', **wanted)

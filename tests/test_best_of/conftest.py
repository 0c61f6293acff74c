"""Files of masks for discs, and a scale."""

import json
import sys
from pathlib import Path

import pytest

from mmdet_mal.best_of.agreement import SHARED
from mmdet_mal.best_of.components import OWN

sys.path.insert(0, str(Path(__file__).parent))
from discs import World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def scale(tmp_path):
    """A scale by hand: colours and tight boxes speak for a mask."""
    features = [*OWN, *SHARED]
    weight = dict(colour_fit=1., tightness=.5, rim_contrast=.5)
    count = len(features)
    path = tmp_path / 'scale.json'
    path.write_text(json.dumps(dict(version='test', variant=dict(
        features=features, means=[.5] * count, scales=[1.] * count,
        weights=[weight.get(name, 0.) for name in features], bias=.4,
        lows=[0.] * count, highs=[1.] * count,
        knots=[[-2., 0.], [3., 1.]]))))
    return str(path)

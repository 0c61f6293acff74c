"""``mal label --boxes``."""

import argparse

import pytest
from mmengine.config import Config

from mmdet_mal.labelling.box_trust import (LOOSE_MARGIN, add_boxes_option,
                                           trust_boxes)
from mmdet_mal.labelling.postprocess import MaskOptions
from mmdet_mal.utils.errors import UserError


def config(**model):
    return Config(dict(model=dict(type='x', **model)))


@pytest.mark.parametrize('boxes, margin', [('loose', LOOSE_MARGIN), ('tight', 0.)])
def test_the_margin_is_set_and_the_rest_stays(boxes, margin):
    cfg = config(postprocess=dict(ellipse_prior=4., box_margin=.5))
    trust_boxes(cfg, boxes)
    assert MaskOptions(**cfg.model.postprocess) == MaskOptions(
        ellipse_prior=4., box_margin=margin)


def test_a_config_without_rules_gets_them():
    for cfg in (config(), config(postprocess=None)):
        trust_boxes(cfg, 'loose')
        assert cfg.model.postprocess == dict(box_margin=LOOSE_MARGIN)


def test_by_default_the_config_decides():
    cfg = config(postprocess=dict(box_margin=.2))
    parser = argparse.ArgumentParser()
    add_boxes_option(parser)
    trust_boxes(cfg, parser.parse_args([]).boxes)
    assert cfg.model.postprocess == dict(box_margin=.2)
    assert 'postprocess' not in config().model


def test_a_config_without_a_model_is_refused():
    with pytest.raises(UserError, match='has no model'):
        trust_boxes(Config({}), 'loose')

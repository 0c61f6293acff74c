"""--precision in a config."""

import argparse

import pytest
from mmengine.config import Config

from mmdet_mal.machine.options import add_precision_option, set_precision
from mmdet_mal.utils.errors import UserError


def config(**settings):
    return Config(dict(
        test_cfg=dict(type='mmdet_mal.LabelLoop', fp16=True),
        optim_wrapper=dict(type='mmdet_mal.AutoPrecisionOptimWrapper'),
        **settings))


def test_without_the_option_the_config_stays():
    cfg = config()
    set_precision(cfg, None)
    assert cfg.to_dict() == config().to_dict()


def test_the_option_is_written_for_training_and_labelling():
    cfg = config()
    set_precision(cfg, 'bf16')
    assert cfg.test_cfg == dict(type='mmdet_mal.LabelLoop', precision='bf16')
    assert cfg.optim_wrapper.precision == 'bf16'


def test_labelling_alone_leaves_the_optimizer():
    cfg = config()
    set_precision(cfg, 'fp32', ('label', ))
    assert cfg.test_cfg.precision == 'fp32'
    assert 'precision' not in cfg.optim_wrapper


def test_a_labeller_that_is_not_trained_has_no_optimizer():
    cfg = Config(dict(test_cfg=None))
    set_precision(cfg, 'fp32')
    assert cfg.test_cfg.precision == 'fp32'


def test_a_wrapper_with_a_precision_of_its_own_is_named():
    cfg = config()
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    with pytest.raises(UserError, match='AmpOptimWrapper, which has'):
        set_precision(cfg, 'fp32')


def test_another_word_is_refused(capsys):
    parser = argparse.ArgumentParser()
    add_precision_option(parser)
    assert parser.parse_args([]).precision is None
    with pytest.raises(SystemExit):
        parser.parse_args(['--precision', 'half'])
    assert 'invalid choice' in capsys.readouterr().err

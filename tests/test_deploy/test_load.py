"""Which labellers can be exported."""

import pytest
from mmengine.config import Config

from mmdet_mal.deploy import load
from mmdet_mal.deploy.errors import ExportError
from mmdet_mal.deploy.load import check_exportable, load_labeler


def config(**settings):
    return Config(dict(model=dict(type='mmdet_mal.MaskAutoLabeler', **settings)))


@pytest.mark.parametrize('settings', [
    {}, dict(refine='mean_field', expansions=()),
    dict(postprocess=dict(ellipse_prior=4., box_margin=0., tight_range=None))])
def test_what_a_graph_does_is_exported(settings):
    check_exportable(config(**settings))


@pytest.mark.parametrize('settings, named', [
    (dict(expansions=[.15]), r'model.expansions=\[0.15\]'),
    (dict(refine='mean_field_full'), 'model.refine=mean_field_full'),
    (dict(postprocess=dict(box_margin=.1)), 'model.postprocess.box_margin=0.1'),
    (dict(postprocess=dict(tight_range=[.3, .8])), 'tight_range'),
    (dict(postprocess=dict(min_part=1., max_hole=.1)), 'min_part=1.0, .*max_hole')])
def test_switches_that_a_graph_lacks_are_refused(settings, named):
    with pytest.raises(ExportError, match=named):
        check_exportable(config(**settings))


def test_the_grouping_is_left_out_and_the_config_stays(
        data_root, monkeypatch):
    said = []
    monkeypatch.setattr(load, 'print_log', lambda line, *_: said.append(line))
    settings = Config.fromfile(data_root / 'config.py')
    settings.model.label_grouping = dict(network_weight=.25)
    labeler = load_labeler(settings, data_root / 'tiny.pth')
    assert labeler.label_grouping is None
    assert settings.model.label_grouping == dict(network_weight=.25)
    assert 'label_grouping is left out' in said[0]

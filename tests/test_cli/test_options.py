"""Choices that are written down twice, so that --help need not import, agree."""

from mmdet_mal.auto.presets import PRESETS
from mmdet_mal.cli import auto, doctor, evaluate
from mmdet_mal.doctor.bbox_rules import BBOX_FORMATS
from mmdet_mal.doctor.examination import CHECKS
from mmdet_mal.evaluation.baselines import BASELINES


def test_doctor():
    assert tuple(doctor.CHECKS) == tuple(CHECKS)
    assert tuple(doctor.BBOX_FORMATS) == tuple(BBOX_FORMATS)


def test_evaluate():
    assert list(evaluate.BASELINES) == list(BASELINES)


def test_auto():
    assert tuple(auto.PRESETS) == tuple(PRESETS)
    assert tuple(auto.BBOX_FORMATS) == tuple(BBOX_FORMATS)

"""Baseline: random walker of scikit-image, from an ellipse in the box.

    mal label baseline_random_walker --ann boxes.json --images photos/ --out masks.json

Needs the extra mmdet-mal[baselines].  docs/baselines.md compares it with others.
"""
_base_ = './_base_/baseline.py'

model = dict(type='mmdet_mal.BaselineLabeler', baseline='random_walker')

test_pipeline = _base_.test_pipeline
# As mmdet_mal/evaluation/baselines/random_walker.py has them.
test_pipeline[0].update(margin=0.1, min_margin=3)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

"""Baseline: GrabCut of OpenCV; outside the box is ground.

    mal label baseline_grabcut --ann boxes.json --images photos/ --out masks.json

docs/baselines.md compares it with others.
"""
_base_ = './_base_/baseline.py'

model = dict(type='mmdet_mal.BaselineLabeler', baseline='grabcut')

test_pipeline = _base_.test_pipeline
# As mmdet_mal/evaluation/baselines/grabcut.py has them.
test_pipeline[0].update(margin=0.5, min_margin=8)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

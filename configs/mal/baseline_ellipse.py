"""Baseline: the ellipse inscribed in the box.

    mal label baseline_ellipse --ann boxes.json --images photos/ --out masks.json

docs/baselines.md compares it with others.
"""
_base_ = './_base_/baseline.py'

model = dict(type='mmdet_mal.BaselineLabeler', baseline='ellipse')

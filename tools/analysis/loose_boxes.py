"""Labellers on boxes that are off: ``python tools/analysis/loose_boxes.py``."""

from mmdet_mal.robustness.command import main
from mmdet_mal.utils.tool import run_tool

if __name__ == '__main__':
    run_tool(main)

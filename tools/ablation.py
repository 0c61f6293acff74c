"""Run a grid of settings: ``python tools/ablation.py GRID.yaml``."""

from mmdet_mal.ablation.command import main
from mmdet_mal.utils.tool import run_tool

if __name__ == '__main__':
    run_tool(main)

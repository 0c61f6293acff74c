"""Effects of labelling's switches: ``python tools/analysis/switch_effects.py``."""

from mmdet_mal.utils.tool import run_tool
from mmdet_mal.variants.command import main

if __name__ == '__main__':
    run_tool(main)

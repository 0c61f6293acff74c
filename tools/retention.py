"""What masks from boxes keep of a detector's AP: ``python tools/retention.py``."""

from mmdet_mal.retention.command import main
from mmdet_mal.utils.tool import run_tool

if __name__ == '__main__':
    run_tool(main)

"""``mal cost``: hours, memory and disk before anything runs."""

import argparse

SUMMARY = 'Say what training and labelling a data set would cost'
EPILOG = """\
examples:
  mal cost --list
  mal cost boxes.json                        # on a machine that we measured
  mal cost coco --device h100 --gpus 1,8     # an estimate, and says so
  mal cost --measure here.json --config instant_deit-ti \\
      --ann boxes.json --images photos/      # measure this machine
  mal cost objects365-v2 --profile here.json

What is measured and what is assumed is printed with the table.  More:
docs/cost.md
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the verb's options."""
    from mmdet_mal.cost.command import add_options as add
    add(parser)


def run(args: argparse.Namespace) -> None:
    """Print the table."""
    from mmdet_mal.cost.command import run as run_cost
    run_cost(args)

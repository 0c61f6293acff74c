"""Labellers from what a person names, and names of files for their scores."""

import hashlib
import json
from pathlib import Path
from typing import Any

from mmdet_mal.ablation.grid import Cell, Grid, load_grid

from .build import VariantGroup, build_groups

_HASH_DIGITS = 12


def fingerprint(group: VariantGroup, *more: Any) -> str:
    """Short hash of what decides the masks of a group, weights included.

    Args:
        group: after :func:`.build.build_groups`.
        *more: further JSON values.
    """
    settings = [sorted(group.settings.items()), *more]
    text = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def load_labeller(config: str, checkpoint: str | None = None
                  ) -> tuple[str, list[VariantGroup]]:
    """Labellers of a config or of a grid of settings.

    Args:
        config: config file or name of a shipped one, or a grid (``.yaml``).
        checkpoint: weights, if it has been trained.

    Returns:
        Its name, and groups of its rows; a config is a grid of one row.

    Raises:
        UserError: as for :func:`.build.build_groups`.
    """
    if config.endswith(('.yaml', '.yml')):
        grid = load_grid(config)
    else:
        name = Path(config).stem
        grid = Grid(name, name, '', '', name, (Cell(name, config), ))
    return grid.name, build_groups(grid, checkpoint)

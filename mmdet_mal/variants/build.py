"""Labellers of a grid's cells, which share their networks and their crops."""

import json
import os
from dataclasses import dataclass, field
from typing import Any

from mmengine.config import Config

from mmdet_mal.ablation.grid import Grid
from mmdet_mal.ablation.overrides import apply_overrides
from mmdet_mal.inferencer.build import build_labeler
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.labelling.weights import needs_checkpoint
from mmdet_mal.models.crop_labeler import CropLabeler
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import load_config

from .remembered_network import RememberedNetwork

# Where files lie decides no mask.
_PLACES = ('data_root', 'data_prefix', 'ann_file', 'backend_args')
# Parts of a labeller that are networks, and the setting that describes them.
_NETWORKS = dict(student='network', teacher='network', encoder='encoder')


@dataclass(frozen=True)
class VariantGroup:
    """Cells that look at the same crops.

    Attributes:
        config: of one of them; its data pipeline is that of all.
        models: by name of the cell, in the grid's order.
        settings: likewise, all settings that decide a mask, as text.
        maps: likewise, those that decide its probability maps: cells that are
            equal here differ in how a map becomes a mask.
    """

    config: Config
    models: dict[str, CropLabeler] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)

    def forget(self) -> None:
        """Tell all networks that the next batch is another one."""
        for model in self.models.values():
            for part in model.children():
                if isinstance(part, RememberedNetwork):
                    part.forget()


def build_groups(grid: Grid, checkpoint: str | None = None
                 ) -> list[VariantGroup]:
    """Build the labellers of all cells of a grid.

    Args:
        grid: rows of settings, see docs/ablations.md; nothing is trained, so
            only settings of labelling make a difference.
        checkpoint: weights of a labeller that has been trained.

    Returns:
        One group for each way of cutting crops.

    Raises:
        UserError: a config or a setting does not fit, or there are no weights.
    """
    groups: dict[str, VariantGroup] = {}
    networks: dict[str, RememberedNetwork] = {}
    for cell in grid.cells:
        config = load_config(cell.config)
        apply_overrides(config, cell.overrides, f'cell {cell.name}')
        if not config.get('test_dataloader'):
            raise UserError(f'{cell.config}: has no test_dataloader, so it cannot '
                            'label; the shipped configs are in configs/mal')
        try:
            model = build_labeler(
                config, checkpoint if needs_checkpoint(config) else None)
        except ValueError as error:  # a value that its class refuses
            raise UserError(f'{grid.name}: cell {cell.name}: {error}') from None
        for part, setting in _NETWORKS.items():
            if hasattr(model, part):
                key = f'{part} {_text(config.model.get(setting))}'
                shared = networks.setdefault(
                    key, RememberedNetwork(getattr(model, part)))
                setattr(model, part, shared)
        pipeline = {k: v for k, v in config.test_dataloader.dataset.items()
                    if k not in _PLACES}
        key = _text([pipeline, config.model.get('data_preprocessor')])
        group = groups.setdefault(key, VariantGroup(config))
        group.models[cell.name] = model
        # Of the rules behind the maps, the margin alone reaches into them.
        options = config.model.get('postprocess') or {}
        group.maps[cell.name] = _text([
            {k: v for k, v in config.model.items()
             if k not in ('postprocess', 'quality')}, options.get('box_margin', 0)])
        weights = checkpoint if needs_checkpoint(config) else (
            config.model.get('pretrained'))
        group.settings[cell.name] = _text([
            _without_weights(config.model), pipeline,
            hash_file(weights) if weights and os.path.isfile(weights) else weights])
    return list(groups.values())


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _without_weights(value: Any) -> Any:
    """A config without the paths of weights, which count by their content."""
    if isinstance(value, dict):
        return {k: _without_weights(v) for k, v in value.items()
                if k != 'pretrained'}
    return value

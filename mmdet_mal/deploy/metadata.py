"""What an exported labeller says about itself."""

import os
from typing import Any

from mmengine.config import Config

from mmdet_mal.models.encoders.licences import licence_of
from mmdet_mal.models.heads.size_routing import AREA_BOUNDS
from mmdet_mal.models.mask_auto_labeler import MaskAutoLabeler
from mmdet_mal.version import __version__

from .crop_recipe import CropRecipe

FORMAT = 'mmdet-mal labeller 1'


def describe_labeler(config: Config, labeler: MaskAutoLabeler,
                     checkpoint_sha256: str | None = None) -> dict[str, Any]:
    """Everything that a program needs to label with the graph alone.

    Args:
        config: of the labeller.
        labeler: built from it.
        checkpoint_sha256: of the file with the weights, if there was one.

    Returns:
        Plain values by name, fit for JSON; what each means: docs/export_model.md.
    """
    recipe = CropRecipe.of_config(config)
    options = labeler.mask_options
    decoder = labeler.student.decoder
    return dict(
        format=FORMAT,
        software=f'mmdet-mal {__version__}',
        config=os.path.basename(config.filename or 'a dict'),
        checkpoint_sha256=checkpoint_sha256,
        crop_size=list(recipe.crop_size),
        expansion_rate=recipe.expansion_rate,
        padding=recipe.padding,
        overhang=recipe.overhang,
        channel_order='rgb',
        normalised='outside: give (pixel - mean) / std',
        mean=list(recipe.mean),
        std=list(recipe.std),
        size_bounds=list(AREA_BOUNDS) if decoder.size_routing else [],
        predictor=labeler.predictor,
        flip=labeler.flip,
        refine=labeler.refine,
        threshold=options.threshold,
        clip_to_box=options.clip_to_box,
        ellipse_prior=options.ellipse_prior,
        small_area=options.small_area,
        licence=_licence(config))


def _licence(config: Config) -> str:
    """Under which terms the weights are, as far as the config tells."""
    network = config.model.get('network') or {}
    weights = network.get('pretrained')
    terms = licence_of(weights) if weights else (
        'no pretrained encoder is named; the terms are those of whoever '
        'trained the checkpoint')
    return (f'The graph comes from mmdet-mal (Apache-2.0). Encoder weights: '
            f'{terms}.')

"""How a config cuts crops for labelling, for those who cut them elsewhere."""

from dataclasses import dataclass

from mmengine.config import Config

from mmdet_mal.datasets.transforms import CropBox, FixedBoxExpansion
from mmdet_mal.registry import TRANSFORMS

from .errors import ExportError


@dataclass(frozen=True)
class CropRecipe:
    """From an image and a box to the normalised crop.

    Attributes:
        crop_size: height and width of the crop in px.
        expansion_rate: expansion of each side, in halves of the box.
        padding: ``'reflect'``, ``'zero'`` or ``'wrap'``, what a crop shows
            beyond the image.
        overhang: ``'ignored'``, or ``'used'``: then all of the crop counts as
            image.
        mean: of the channels in the order RGB, in [0, 255].
        std: likewise.
    """

    crop_size: tuple[int, int]
    expansion_rate: float
    padding: str
    overhang: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @classmethod
    def of_config(cls, config: Config) -> 'CropRecipe':
        """Read the test pipeline and the preprocessor of a labeller's config.

        Args:
            config: of a labeller.

        Raises:
            ExportError: if the crops are made in a way that the recipe does
                not cover.
        """
        try:
            steps = config.test_dataloader.dataset.pipeline
            mean, std = _normalisation(config.model.data_preprocessor)
        except (AttributeError, KeyError, TypeError) as error:
            raise ExportError(
                f'{config.filename}: lacks {error}, so nobody knows how its crops '
                'are made; export a config like those in configs/mal') from None
        built = [TRANSFORMS.build(dict(step)) for step in steps[:2]]
        if ([type(step) for step in built] != [FixedBoxExpansion, CropBox]
                or len(steps) != 3):
            found = ', '.join(str(step['type']) for step in steps)
            raise ExportError(
                f'{config.filename}: its test pipeline is {found}; an exported '
                'model is described by mmdet_mal.FixedBoxExpansion, '
                'mmdet_mal.CropBox and mmdet.PackDetInputs alone')
        expansion, crop = built
        return cls(crop.size, float(expansion.rate), crop.padding,
                   crop.overhang, mean, std)


def _normalisation(preprocessor: dict) -> tuple[tuple, tuple]:
    """Mean and deviation in the order RGB; images are loaded as BGR."""
    inner = preprocessor.get('data_preprocessor', preprocessor)
    order = 1 if inner.get('bgr_to_rgb') else -1
    return tuple(inner['mean'][::order]), tuple(inner['std'][::order])

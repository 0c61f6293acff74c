"""The constants of a mean field."""

from dataclasses import dataclass

from mmdet_mal.utils.setting_error import SettingError


@dataclass(frozen=True)
class MeanFieldOptions:
    """What :func:`~mmdet_mal.models.mean_field.mean_field` is told.

    Args:
        max_iters (int): Most rounds.
        tolerance (float): Largest change that counts as converged.
        clamp (float): Probabilities are kept in [clamp, 1 - clamp].
        centre (float): Weight of a pixel's message to itself.

    Raises:
        ValueError: If ``clamp`` leaves no range.
    """

    max_iters: int = 100
    tolerance: float = 1e-3
    clamp: float = 1e-4
    centre: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.clamp < 0.5:
            raise SettingError(f'clamp must lie in (0, 0.5), got {self.clamp}')

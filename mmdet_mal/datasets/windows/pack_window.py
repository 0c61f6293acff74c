"""Packs a window with its meta data."""

from mmdet.datasets.transforms import PackDetInputs

from mmdet_mal.registry import TRANSFORMS

from .cut_window import with_flip


@TRANSFORMS.register_module()
class PackWindow(PackDetInputs):
    """``mmdet.PackDetInputs`` for a window instead of an image.

    Required Keys: those of ``PackDetInputs`` but ``img``, and

    - window (SampledWindow)
    - flip_direction (str, optional): Of :class:`.RandomCropFlip`.

    Args:
        meta_keys (Sequence[str]): As in ``PackDetInputs``.
    """

    def transform(self, results: dict) -> dict:
        """Pack.

        Args:
            results (dict): Result dict with the required keys.

        Returns:
            dict: ``inputs``, a :class:`.SampledWindow`, and ``data_samples``,
            a ``DetDataSample``.
        """
        packed = super().transform(
            {key: value for key, value in results.items() if key != 'img'})
        packed['inputs'] = with_flip(results['window'],
                                     results.get('flip_direction'))
        return packed

"""Flip of a crop together with the rectangle of its valid pixels."""

from mmdet.datasets.transforms import RandomFlip

from mmdet_mal.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomCropFlip(RandomFlip):
    """mmdet's RandomFlip that also flips ``valid_bbox``.

    ``crop_window`` and ``bbox`` stay in image pixels, unflipped; ``flip`` and
    ``flip_direction`` say how to get from one to the other.

    Modified Keys: those of :class:`mmdet.RandomFlip` and

    - valid_bbox (np.ndarray, shape (4,), xyxy in crop pixels)

    Args:
        prob (float): Probability of a flip, in [0, 1].  Defaults to .5.
        direction (str | list[str]): As in :class:`mmdet.RandomFlip`.
            Defaults to 'horizontal'.
    """

    def __init__(self, prob: float = .5, direction='horizontal') -> None:
        super().__init__(prob=prob, direction=direction)

    def _flip(self, results: dict) -> None:
        """Flip image, boxes and the valid rectangle."""
        super()._flip(results)
        if 'valid_bbox' in results:
            results['valid_bbox'] = self._flip_bbox(
                results['valid_bbox'], results['img'].shape[:2],
                results['flip_direction'])

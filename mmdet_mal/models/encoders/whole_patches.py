"""Crops are cut into whole patches, or the run stops."""

from torch import Tensor, nn

from mmdet_mal.utils.errors import UserError


def check_whole_patches(encoder: nn.Module, crops: Tensor) -> None:
    """Raise unless the patches of an encoder cover the crops exactly.

    mmpretrain would pad such crops with zeros on the right and below, and the
    map would be stretched against the crop: boxes and masks no longer fit it.

    Args:
        encoder (nn.Module): An mmpretrain backbone, or any other; one without
            ``patch_embed`` (ConvNeXt) is not looked at.
        crops (Tensor): (N, 3, H, W).

    Raises:
        UserError: If a side is no multiple of the patches' side.
    """
    projection = getattr(getattr(encoder, 'patch_embed', None), 'projection',
                         None)
    if projection is None:
        return
    height, width = crops.shape[-2:]
    down, right = projection.stride
    if height % down or width % right:
        raise UserError(
            f'crops of {width} x {height} px: the patches of the encoder have '
            f'{right} x {down} px, which do not cover them exactly; set the '
            'size of mmdet_mal.CropBox in both pipelines, and img_size of the '
            f'encoder, to a multiple of {right} (and of 4, the stride of the '
            'scores)')

"""Which parameters are trained, and at which rate."""

from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIMIZERS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from torch import nn

from mmdet_mal.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmdet_mal.utils.setting_error import SettingError


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class StudentOptimWrapperConstructor:
    """Gives the optimizer the student's trainable parameters and no others.

    MMEngine's constructor walks over the teacher too and warns of each of its
    parameters; and a pretrained encoder wants a lower rate than the decoder.

    Args:
        optim_wrapper_cfg (dict): Config of the wrapper with its
            ``optimizer``.
        paramwise_cfg (dict, optional): ``encoder_lr_mult``, the factor on the
            encoder's learning rate, default 1 (paper); and ``layer_decay``, in
            (0, 1], by which the rate falls from each block of the encoder to
            the one before: the last block and what follows it have
            ``encoder_lr_mult``, the one before that times ``layer_decay``, the
            patch embedding times ``layer_decay`` to the power of the number of
            blocks.  Depths are the encoder's own (``get_layer_depth`` of
            mmpretrain's backbones).  Frozen blocks have no rate.  Default 1.

    Raises:
        SettingError: If ``layer_decay`` is no such factor, or the encoder does
            not tell its depths.
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: dict | None = None) -> None:
        paramwise_cfg = dict(paramwise_cfg or {})
        self.encoder_lr_mult = paramwise_cfg.pop('encoder_lr_mult', 1.0)
        self.layer_decay = paramwise_cfg.pop('layer_decay', 1.0)
        if paramwise_cfg:
            raise ValueError('paramwise_cfg knows encoder_lr_mult and layer_decay '
                             f'only, got {sorted(paramwise_cfg)} too')
        if not 0 < self.layer_decay <= 1:
            raise SettingError('layer_decay must be in (0, 1], got '
                               f'{self.layer_decay}')
        self.optim_wrapper_cfg = optim_wrapper_cfg.copy()
        self.optimizer_cfg = self.optim_wrapper_cfg.pop('optimizer')

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper.

        Args:
            model (nn.Module): A labeller with ``student``, perhaps under DDP.

        Returns:
            OptimWrapper: The wrapper around its optimizer.
        """
        if is_model_wrapper(model):
            model = model.module
        student = model.student
        base_lr = self.optimizer_cfg['lr']
        groups = []
        for name, parts in (
            ('encoder', self._encoder_parts(student.encoder)),
            ('decoder', [(1.0, _trained(student.decoder))])):
            count = sum(p.numel() for _, params in parts for p in params)
            rates = sorted({base_lr * mult for mult, _ in parts})
            MMLogger.get_current_instance().info(
                f'Training {count / 1e6:.2f}M parameters of the {name} at a '
                f'learning rate of {" to ".join(f"{r:g}" for r in _ends(rates))}')
            groups += [dict(params=params, lr=base_lr * mult)
                       for mult, params in parts if params]
        optimizer = OPTIMIZERS.build(
            dict(self.optimizer_cfg), default_args=dict(params=groups))
        return MMENGINE_OPTIM_WRAPPERS.build(
            dict(self.optim_wrapper_cfg),
            default_args=dict(optimizer=optimizer))

    def _encoder_parts(self, encoder: nn.Module
                       ) -> list[tuple[float, list[nn.Parameter]]]:
        """Trained parameters by factor on the learning rate, first block first."""
        if self.layer_decay == 1:
            return [(self.encoder_lr_mult, _trained(encoder))]
        if not hasattr(encoder, 'get_layer_depth'):
            raise SettingError(
                f'layer_decay needs an encoder that tells the depths of its '
                f'parameters (get_layer_depth), and {type(encoder).__name__} does '
                "not; take one of mmpretrain's, or set layer_decay=1")
        parts: dict[int, list[nn.Parameter]] = {}
        for name, parameter in encoder.named_parameters():
            if parameter.requires_grad:
                depth, depths = encoder.get_layer_depth(name)
                # Depth 0 is the stem, the last one what follows the blocks.
                parts.setdefault(max(depths - 2 - depth, 0), []).append(parameter)
        return [(self.encoder_lr_mult * self.layer_decay**below, params)
                for below, params in sorted(parts.items(), reverse=True)
                ] or [(self.encoder_lr_mult, [])]


def _trained(module: nn.Module) -> list[nn.Parameter]:
    return [p for p in module.parameters() if p.requires_grad]


def _ends(values: list[float]) -> list[float]:
    """The first and the last, or the only one."""
    return values if len(values) < 2 else [values[0], values[-1]]

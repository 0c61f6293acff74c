"""Which parameters are trained, and at which rate."""

from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIMIZERS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from torch import nn

from mmdet_mal.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class StudentOptimWrapperConstructor:
    """Gives the optimizer the student's trainable parameters and no others.

    MMEngine's constructor walks over the teacher too and warns of each of its
    parameters; and a pretrained encoder wants a lower rate than the decoder.

    Args:
        optim_wrapper_cfg (dict): Config of the wrapper with its
            ``optimizer``.
        paramwise_cfg (dict, optional): ``encoder_lr_mult``, the factor on the
            encoder's learning rate.  Default 1 (paper).
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: dict | None = None) -> None:
        paramwise_cfg = dict(paramwise_cfg or {})
        self.encoder_lr_mult = paramwise_cfg.pop('encoder_lr_mult', 1.0)
        if paramwise_cfg:
            raise ValueError('paramwise_cfg knows encoder_lr_mult only, got '
                             f'{sorted(paramwise_cfg)} too')
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
        for name, module, lr_mult in (
            ('encoder', student.encoder, self.encoder_lr_mult),
            ('decoder', student.decoder, 1.0)):
            params = [p for p in module.parameters() if p.requires_grad]
            count = sum(p.numel() for p in params)
            MMLogger.get_current_instance().info(
                f'Training {count / 1e6:.2f}M parameters of the {name} at a '
                f'learning rate of {base_lr * lr_mult:g}')
            if params:
                groups.append(dict(params=params, lr=base_lr * lr_mult))
        optimizer = OPTIMIZERS.build(
            dict(self.optimizer_cfg), default_args=dict(params=groups))
        return MMENGINE_OPTIM_WRAPPERS.build(
            dict(self.optim_wrapper_cfg),
            default_args=dict(optimizer=optimizer))

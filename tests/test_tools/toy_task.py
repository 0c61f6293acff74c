"""A model and data of a few numbers, for tests of what surrounds training."""

import torch
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS
from torch import nn
from torch.utils.data import Dataset


@DATASETS.register_module(force=True)
class ToyLine(Dataset):
    """Sixteen points of a line."""

    metainfo = dict(classes=('line', ))

    def __len__(self) -> int:
        return 16

    def __getitem__(self, index: int) -> dict:
        x = torch.tensor([index / 16., 1.])
        return dict(x=x, y=3 * x[0] - 1)


@MODELS.register_module(force=True)
class ToyRegression(BaseModel):
    """Two weights, mean squared error."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: list[torch.Tensor], y: list[torch.Tensor],
                mode: str = 'tensor') -> dict | torch.Tensor:
        error = self.layer(torch.stack(x)).squeeze(1) - torch.stack(y)
        return dict(loss=error.square().mean()) if mode == 'loss' else error


def toy_config(base: str, epochs: int = 2) -> str:
    """Text of a config that trains the toy under the shipped runtime.

    Args:
        base (str): Path of ``configs/mal/_base_/default_runtime.py``.
        epochs (int): Passes over the sixteen points.
    """
    return f"""
_base_ = {base!r}
custom_imports = dict(imports=['mmdet_mal', 'toy_task'],
                      allow_failed_imports=False)
model = dict(type='mmengine.ToyRegression')
train_dataloader = dict(
    batch_size=4, num_workers=0, dataset=dict(type='mmengine.ToyLine'),
    sampler=dict(type='DefaultSampler', shuffle=True))
optim_wrapper = dict(type='OptimWrapper',
                     optimizer=dict(type='AdamW', lr=.1),
                     clip_grad=dict(max_norm=1.))
param_scheduler = [
    dict(type='LinearLR', start_factor=.1, by_epoch=False, end=4),
    # Without its end MMEngine takes max_epochs, and a checkpoint keeps that.
    dict(type='CosineAnnealingLR', T_max={epochs}, end={epochs})]
train_cfg = dict(by_epoch=True, max_epochs={epochs})
default_hooks = dict(logger=dict(interval=1))
log_processor = dict(window_size=1)
"""

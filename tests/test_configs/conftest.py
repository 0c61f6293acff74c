"""Let every encoder be built on the meta device."""

from functools import partial

import pytest
import torch


@pytest.fixture(autouse=True)
def _linspace_has_values(monkeypatch):
    """mmpretrain's Swin and ConvNeXt read their drop path rates out of
    ``torch.linspace(...)``, which holds no values on the meta device."""
    monkeypatch.setattr(torch, 'linspace',
                        partial(torch.linspace, device='cpu'))

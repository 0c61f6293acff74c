"""A network that answers the same question once."""

from typing import Any

import torch
from torch import Tensor, nn

# Every how many values of a tensor are compared before all of them are.
_PROBE_STEP = 9973


class RememberedNetwork(nn.Module):
    """Gives the result of an earlier call with equal tensors again.

    For labelling by several models that share a network.  What is remembered
    grows until :meth:`forget`; results must not be changed in place.

    Args:
        network (nn.Module): In evaluation mode, without random parts.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.calls = 0  # that reached the network
        self._memory: list[tuple[str, tuple, Any]] = []

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__('network'), name)

    def forward(self, *args: Any) -> Any:
        """The network's result for ``args``, tensors or plain values."""
        return self._remember('forward', args)

    def forward_with_tokens(self, *args: Any) -> Any:
        """As :meth:`.MaskNetwork.forward_with_tokens`."""
        return self._remember('forward_with_tokens', args)

    def _remember(self, method: str, args: tuple) -> Any:
        for name, earlier, result in self._memory:
            if name == method and len(earlier) == len(args) and all(
                    map(_equal, earlier, args)):
                return result
        self.calls += 1
        result = getattr(self.network, method)(*args)
        self._memory.append((method, args, result))
        return result

    def forget(self) -> None:
        """Free what is remembered: the next batch is another one."""
        self._memory.clear()


def _equal(one: Any, other: Any) -> bool:
    if not isinstance(one, Tensor) or not isinstance(other, Tensor):
        return type(one) is type(other) and one == other
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    # Different crops differ nearly everywhere: a few values tell.
    probe = slice(None, None, _PROBE_STEP)
    return torch.equal(one.reshape(-1)[probe], other.reshape(-1)[probe]) and (
        torch.equal(one, other))

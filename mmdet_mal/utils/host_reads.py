"""Looking at numbers while a device computes."""

from torch import Tensor


def reads_are_free(x: Tensor) -> bool:
    """Whether a look at the values of a tensor makes nobody wait.

    On a GPU the host runs ahead of the device and would have to wait for it: a
    loop that can end early there costs more than it saves.

    Args:
        x (Tensor): Any.

    Returns:
        bool: True on the CPU.
    """
    return x.device.type == 'cpu'

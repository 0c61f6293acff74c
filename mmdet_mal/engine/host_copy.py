"""Numbers on their way from a device to the host."""

import torch
from torch import Tensor


class HostCopy:
    """Values that are copied to the host while the device works on.

    On a GPU the copy goes into pinned memory, in the order of the stream, and
    nobody waits for it until it is read.

    Args:
        values (Tensor): Few, of any shape; as they are now.
    """

    def __init__(self, values: Tensor) -> None:
        values = values.detach()
        self._done: torch.cuda.Event | None = None
        if values.is_cuda:
            self._values = torch.empty(values.shape, dtype=values.dtype,
                                       pin_memory=True)
            self._values.copy_(values, non_blocking=True)
            self._done = torch.cuda.Event()
            self._done.record()
        else:
            self._values = values.clone()

    def read(self) -> list:
        """Wait for the copy, if it is not there yet.

        Returns:
            list: The values as Python numbers.
        """
        if self._done is not None:
            self._done.synchronize()
        return self._values.tolist()

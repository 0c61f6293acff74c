"""What this machine has."""

import os

from .presets import Machine


def this_machine() -> Machine:
    """Look for a GPU and count the cores that this process may use."""
    import torch
    cores = len(os.sched_getaffinity(0))
    if not torch.cuda.is_available():
        return Machine(cores=cores)
    properties = torch.cuda.get_device_properties(0)
    return Machine('cuda', properties.total_memory / 1024**3, cores,
                   properties.name)

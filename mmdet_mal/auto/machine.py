"""What this machine has."""

from mmdet_mal.machine.cores import usable_cores

from .presets import Machine


def this_machine() -> Machine:
    """Look for a GPU and count the cores that this process may use."""
    import torch
    cores = usable_cores()
    if not torch.cuda.is_available():
        return Machine(cores=cores)
    properties = torch.cuda.get_device_properties(0)
    return Machine('cuda', properties.total_memory / 1024**3, cores,
                   properties.name)

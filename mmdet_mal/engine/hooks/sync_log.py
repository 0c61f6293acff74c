"""Logged losses that speak for all processes."""

from typing import Any

from mmengine.dist import all_reduce_dict, get_world_size
from mmengine.hooks import Hook

from mmdet_mal.registry import HOOKS


@HOOKS.register_module()
class SyncLogHook(Hook):
    """Averages what the model logs over the processes, once an iteration.

    MMEngine logs the values of rank 0, which saw only its share of the global
    batch; averaged, the curve does not depend on the number of processes.
    """

    # Before RuntimeInfoHook, which stores the values.
    priority = 'HIGHEST'

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Average ``outputs`` in place.

        Args:
            runner (Runner): Not used.
            batch_idx (int): Not used.
            data_batch (Any): Not used.
            outputs (dict[str, Tensor], optional): What ``train_step``
                returned: the same keys on each rank.
        """
        if outputs and get_world_size() > 1:
            all_reduce_dict(outputs, op='mean')

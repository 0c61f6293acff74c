"""The loop of a label run."""

from typing import Any

import torch
from mmengine.runner import TestLoop

from mmdet_mal.registry import LOOPS


@LOOPS.register_module()
class LabelLoop(TestLoop):
    """MMEngine's test loop, for chunks of which no image can be read.

    Such a chunk holds no crop, only the list of its failed boxes.  The stock
    loop and the stock preprocessor cannot take an empty batch; here the model
    is left out and the hooks see the chunk with no outputs, so that
    :class:`~mmdet_mal.engine.hooks.PseudoLabelHook` stores its failures.

    Args:
        runner (Runner): As for the stock loop, like the following.
        dataloader (DataLoader | dict): Serves chunks.
        evaluator (Evaluator | dict | list): May be an empty list.
        fp16 (bool): Run the model under autocast.  Defaults to False.
    """

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict[str, Any]) -> None:
        """Label one chunk.

        Args:
            idx (int): Number of the chunk on this rank.
            data_batch (dict): As ``mmdet_mal.collate_chunk`` returns it.
        """
        if len(data_batch['data_samples']) > 0:
            super().run_iter(idx, data_batch)
            return
        self.runner.call_hook(
            'before_test_iter', batch_idx=idx, data_batch=data_batch)
        self.runner.call_hook(
            'after_test_iter', batch_idx=idx, data_batch=data_batch, outputs=[])

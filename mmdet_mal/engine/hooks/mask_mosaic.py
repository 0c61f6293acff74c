"""Masks of the same boxes, drawn again and again while they are learnt."""

import contextlib
import copy
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from mmcv.transforms import Compose
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import nn

from mmdet_mal.datasets.annotations import AnnotationError
from mmdet_mal.datasets.images import read_image
from mmdet_mal.engine.undisturbed import undisturbed
from mmdet_mal.registry import HOOKS
from mmdet_mal.utils.errors import UserError

# In the message hub, and so in every checkpoint.
_HISTORY = 'mask_mosaic'
# Crops that go through the network at once, beside what training holds.
_BATCH = 4
# Drawings that are kept for the strip; with more, every other one goes.
_MAX_KEPT = 16


@dataclass
class _Box:
    """One of the boxes: its crop for the network, its image for the eye."""
    ann_id: int
    bbox_xywh: list[float]
    img: np.ndarray
    packed: dict[str, Any]


@HOOKS.register_module()
class MaskMosaicHook(Hook):
    """Shows how the masks of a few fixed boxes sharpen during training.

    The boxes are spread evenly over the sizes of the training boxes.  Each
    drawing shows the masks that a label run would write at this moment (by
    the model's ``predictor``, with its post-processing).  It goes to all of
    the Visualizer's backends as ``masks``, and to ``mask_mosaic.png`` in the
    work folder.  At the end, a strip with one row a box and one column a moment
    goes to them as ``masks_over_training``; ``mask_strip.png`` is renewed at
    each drawing.  ``mal report`` shows it.

    Training is not disturbed: random generators and the modes of all modules
    are put back, no gradient is taken and nothing is drawn from the data
    loader, so weights and losses stay the same to the last bit.  The earlier
    masks are in the checkpoint, so the strip of a resumed run is whole.  Only
    the first rank draws; the others wait for it at their next step.

    Args:
        interval (int): Epochs or iterations between two drawings.  Defaults
            to 1.
        unit (str): Of the interval, ``'epoch'`` or ``'iter'``.  Defaults to
            'epoch'.
        boxes (int | Sequence[int]): How many, or the annotation ids.
            Defaults to 12.
        cell (int): Side of a picture in px.  Defaults to 160.
        pipeline (list, optional): Transforms that make the crop of a box whose
            image is loaded; by default those of the config's test data.

    Raises:
        ValueError: If an argument is out of range.
    """

    # After the teacher has moved, before the checkpoint is saved.
    priority = 'LOW'

    def __init__(self,
                 interval: int = 1,
                 unit: str = 'epoch',
                 boxes: int | Sequence[int] = 12,
                 cell: int = 160,
                 pipeline: list | None = None) -> None:
        if interval < 1:
            raise ValueError(f'interval must be at least 1, got {interval}')
        if unit not in ('epoch', 'iter'):
            raise ValueError(f"unit must be 'epoch' or 'iter', got {unit!r}")
        if not (boxes if isinstance(boxes, int) else len(boxes)) > 0:
            raise ValueError(f'boxes must be at least 1, got {boxes}')
        if cell < 16:
            raise ValueError(f'cell must be at least 16 px, got {cell}')
        self.interval = interval
        self.unit = unit
        self.boxes = boxes
        self.cell = cell
        self.pipeline = pipeline
        self._chosen: list[_Box] = []
        self._history: list[dict[str, Any]] = []

    def before_train(self, runner: Any) -> None:
        """Choose the boxes, take the history over, draw the beginning.

        Args:
            runner (Runner): The runner.

        Raises:
            UserError: If the data set or the model is none of this package,
                or an annotation id is not among the training boxes.
        """
        if not is_main_process():
            return
        with undisturbed(_bare(runner.model)):
            self._chosen = self._choose(runner)
        self._history = []
        if runner.iter:
            self._take_over(runner)
        else:
            self._draw(runner, 0, 0)

    def after_train_iter(self,
                         runner: Any,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: dict | None = None) -> None:
        """Draw, if it is time by iterations.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Not used.
            data_batch (Any): Not used.
            outputs (dict, optional): Not used.
        """
        if self.unit == 'iter' and self.every_n_train_iters(
                runner, self.interval):
            self._draw(runner, runner.iter + 1, runner.epoch + 1)

    def after_train_epoch(self, runner: Any) -> None:
        """Draw, if it is time by epochs.

        Args:
            runner (Runner): The runner.
        """
        if self.unit == 'epoch' and self.every_n_epochs(runner, self.interval):
            self._draw(runner, runner.iter, runner.epoch + 1)

    def after_train(self, runner: Any) -> None:
        """Show the strip.

        Args:
            runner (Runner): The runner.
        """
        if is_main_process() and self._chosen and self._history:
            with _tolerated(runner):
                runner.visualizer.add_image(
                    'masks_over_training', self._strip()[..., ::-1],
                    step=runner.iter)

    def _choose(self, runner: Any) -> list[_Box]:
        """Read the images of the boxes once."""
        dataset = runner.train_dataloader.dataset
        if not hasattr(_bare(runner.model), 'encode_maps'):
            raise UserError('MaskMosaicHook: the model is no labeller of this '
                            'package; leave the hook out of the config')
        if not hasattr(dataset, 'columns'):
            raise UserError(
                'MaskMosaicHook: train_dataloader.dataset must be a '
                f'mmdet_mal.BoxInstanceDataset, found {type(dataset).__name__}')
        pipeline = self.pipeline
        if pipeline is None:
            if not runner.cfg.get('test_dataloader'):
                raise UserError(
                    'MaskMosaicHook: the config has no test_dataloader, whose '
                    'pipeline makes the crops; give the hook a pipeline, or '
                    'leave it out')
            pipeline = runner.cfg.test_dataloader.dataset.pipeline
        pipeline = Compose(copy.deepcopy(list(pipeline)))
        chosen = []
        for row in _rows(dataset, self.boxes):
            info = dataset.get_data_info(row)
            try:
                img = info.get('img')
                if img is None:
                    img = read_image(info['img_path'],
                                     f"annotation {info['ann_id']}",
                                     backend_args=dataset.backend_args)
            except AnnotationError as error:
                runner.logger.warning(f'MaskMosaicHook: {error}')
                continue
            x0, y0, x1, y1 = info['bbox'].tolist()
            chosen.append(_Box(int(info['ann_id']), [x0, y0, x1 - x0, y1 - y0],
                               img, pipeline(dict(info, img=img))))
        return chosen

    def _take_over(self, runner: Any) -> None:
        """The history of the run that goes on, if it is of the same boxes."""
        kept = runner.message_hub.get_info(_HISTORY, None)
        ids = [box.ann_id for box in self._chosen]
        if kept and kept['ids'] == ids:
            self._history = [dict(moment) for moment in kept['moments']
                             if moment['iter'] <= runner.iter]

    def _draw(self, runner: Any, iteration: int, epoch: int) -> None:
        """Label the boxes, remember and show their masks."""
        if not (is_main_process() and self._chosen):
            return
        model = _bare(runner.model)
        with undisturbed(model):
            rles = _label(model, [box.packed for box in self._chosen])
        moment = dict(iter=iteration, epoch=epoch,
                      masks=[rle['counts'] for rle in rles])
        self._history = [m for m in self._history if m['iter'] < iteration]
        self._history.append(moment)
        if len(self._history) > _MAX_KEPT:
            self._history = [*self._history[:-1:2], moment]
        runner.message_hub.update_info(_HISTORY, dict(
            ids=[box.ann_id for box in self._chosen],
            moments=[dict(m) for m in self._history]))
        with _tolerated(runner):
            from mmdet_mal.visualization.grid import write_png
            mosaic = self._mosaic(moment)
            runner.visualizer.add_image('masks', mosaic[..., ::-1],
                                        step=iteration)
            folder = runner.work_dir
            write_png(os.path.join(folder, 'mask_mosaic.png'), mosaic)
            write_png(os.path.join(folder, 'mask_strip.png'), self._strip())

    def _mosaic(self, moment: dict) -> np.ndarray:
        """All boxes with their masks of one moment, BGR."""
        from mmdet_mal.visualization.mosaic import mosaic
        return mosaic(self._views(moment), _when(moment), self.cell)

    def _strip(self) -> np.ndarray:
        """A row a box, a column a moment, BGR."""
        from mmdet_mal.visualization.mosaic import strip
        return strip([self._views(None), *map(self._views, self._history)],
                     ['box', *map(_when, self._history)], self.cell)

    def _views(self, moment: dict | None) -> list[np.ndarray]:
        """The boxes with the masks of a moment, or without masks."""
        from mmdet_mal.visualization.mask_view import mask_view
        masks = [None] * len(self._chosen)
        if moment is not None:
            masks = [dict(size=list(box.img.shape[:2]), counts=counts)
                     for box, counts in zip(self._chosen, moment['masks'],
                                            strict=True)]
        return [mask_view(box.img, box.bbox_xywh, mask, self.cell)
                for box, mask in zip(self._chosen, masks, strict=True)]


def _rows(dataset: Any, boxes: int | Sequence[int]) -> list[int]:
    """Positions of the samples: by id, or spread evenly over the sizes."""
    ids = dataset.columns.ann_ids
    if not isinstance(boxes, int):
        place = {int(key): row for row, key in enumerate(ids.tolist())}
        absent = [key for key in boxes if key not in place]
        if absent:
            raise UserError(
                f'MaskMosaicHook: annotation {absent[0]} is not among the '
                f'{len(ids)} boxes that are trained on; name others, or a '
                'number of boxes')
        return [place[key] for key in boxes]
    # By area and then by id, so that the choice depends on the data alone.
    order = np.lexsort((ids, dataset.columns.areas))
    # The middles of equal shares: neither the smallest nor the largest box.
    count = min(boxes, len(order))
    middles = (np.arange(count) + .5) / count * len(order)
    return order[middles.astype(int)].tolist()


def _label(model: nn.Module, packed: Sequence[dict]) -> list[dict]:
    """Masks of crops, RLE of the full image each; the model in its mode of use."""
    model.eval()
    rles = []
    for start in range(0, len(packed), _BATCH):
        part = packed[start:start + _BATCH]
        # Copies, as preprocessing and prediction write into samples.
        samples = model.test_step(dict(
            inputs=[item['inputs'] for item in part],
            data_samples=[copy.deepcopy(item['data_samples']) for item in part]))
        rles += [sample.pred_instances.masks[0] for sample in samples]
    return rles


@contextlib.contextmanager
def _tolerated(runner: Any) -> Iterator[None]:
    """A picture that cannot be written does not end a training."""
    try:
        yield
    except (OSError, UserError) as error:
        runner.logger.warning(f'MaskMosaicHook: no picture: {error}')


def _bare(model: nn.Module) -> nn.Module:
    """The model without the wrapper of several processes."""
    return model.module if is_model_wrapper(model) else model


def _when(moment: dict) -> str:
    """What a drawing is called."""
    if not moment['iter']:
        return 'start'
    return f"ep {moment['epoch']}, it {moment['iter']}"

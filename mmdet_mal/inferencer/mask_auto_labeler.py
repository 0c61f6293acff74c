"""Masks from images and boxes in three lines of Python."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.infer import BaseInferencer
from torch import nn
from tqdm import tqdm

from mmdet_mal.machine.precision import precision_of
from mmdet_mal.registry import INFERENCERS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.shipped import shipped_configs
from mmdet_mal.utils.tool import load_config

from .batches import label_batches
from .build import build_labeler, build_pipeline, chunk_boxes, move_to_device
from .errors import InferenceInputError
from .input_boxes import check_boxes, pair_inputs
from .input_image import check_image, open_input
from .pictures import draw, output_names, save_pictures, show_pictures
from .results import decode_masks, gather_image, to_prediction

MASK_FORMATS = ('bool', 'rle')
_SECONDS_BEFORE_BAR = 3


@INFERENCERS.register_module()
class MaskAutoLabelerInferencer(BaseInferencer):
    """Labels boxes in images that a program has at hand.

    ::

        labeler = MaskAutoLabelerInferencer('instant_deit-ti', 'deit_tiny.pth')
        result = labeler('photo.jpg', [[10, 20, 200, 180]], bbox_format='xyxy')
        mask = result['predictions'][0]['masks'][0]  # bool (height, width)

    The masks are those of ``mal label``, to the bit on a CPU, when one call is
    given the images and boxes in the order of the annotation file.

    A call works in the thread of its caller (torch and OpenCV use the threads
    that they are set to) and keeps nothing for the next one, so several threads
    may share an inferencer.  No global state is changed: neither random
    numbers, nor MMEngine's default scope, nor the loggers' settings.  Only while
    it is being made does the default scope change for a moment; do not make two
    at the same time in two threads.

    Args:
        model (str | os.PathLike | Config | dict): Config of a labeller, or
            the name of a shipped one such as ``'instant_deit-ti'``
            (:meth:`list_models`).
        weights (str | os.PathLike, optional): Checkpoint of a trained
            labeller; of one that is not trained, the weights file of its
            encoder.  Defaults to what the config says.
        device (str, optional): Such as ``'cpu'`` or ``'cuda:0'``.  Defaults
            to the best there is.
        scope (str): Of the base class; not used.
        show_progress (bool): Show a bar when a call takes longer than three
            seconds.  Defaults to True.

    Raises:
        UserError: If config or weights are missing or do not fit.
    """

    preprocess_kwargs = {'bboxes', 'bbox_format', 'channel_order'}
    forward_kwargs: set = set()
    visualize_kwargs = {'return_vis', 'show', 'wait_time', 'out_dir'}
    postprocess_kwargs = {'mask_format'}

    def __init__(self,
                 model: str | os.PathLike | Config | dict,
                 weights: str | os.PathLike | None = None,
                 device: str | None = None,
                 scope: str | None = 'mmdet_mal',
                 show_progress: bool = True) -> None:
        if model is None:
            raise UserError(
                'model: name a config; that of a checkpoint is Python, which is '
                'not run from a file of weights')
        if isinstance(model, (str, os.PathLike)):
            model = load_config(os.fspath(model))
        elif isinstance(model, dict) and not isinstance(model, Config):
            model = Config(model)
        super().__init__(model, weights, device, scope, show_progress)

    @staticmethod
    def list_models() -> list[str]:
        """Names of the shipped configs; most need weights of your own."""
        return list(shipped_configs())

    def __call__(self,
                 inputs: Any,
                 bboxes: Any = None,
                 return_datasamples: bool = False,
                 batch_size: int | None = None,
                 *,
                 bbox_format: str,
                 channel_order: str | None = None,
                 mask_format: str = 'bool',
                 return_vis: bool = False,
                 show: bool = False,
                 wait_time: float = 0,
                 out_dir: str | os.PathLike | None = None) -> dict[str, list]:
        """Label boxes.

        Args:
            inputs: One image or a list of images: a path, a Pillow image, or
                a numpy array uint8 (H, W, 3) or grey (H, W).
            bboxes: Of one image: (n, 4) numbers in image px, n may be 0; of a
                list of images: a list with as many of these.  What lies outside
                the image is cut off.
            return_datasamples (bool): Give ``DetDataSample`` instead of dicts.
            batch_size (int, optional): Boxes that go through the network at
                once.  Defaults to the config's ``chunk_boxes``, with which
                masks are the label run's to the bit.
            bbox_format (str): ``'xyxy'`` or ``'xywh'``; never guessed.
            channel_order (str, optional): ``'rgb'`` or ``'bgr'``; needed for
                numpy arrays with three channels, never guessed.
            mask_format (str): ``'bool'``: an array (n, H, W) an image; or
                ``'rle'``: a list of COCO's compressed run lengths, which for
                many boxes in large images take far less memory.
            return_vis (bool): Also return pictures.
            show (bool): Show pictures in a window, one after the other.
            wait_time (float): Seconds that each is shown; 0 until a key.
            out_dir (str | os.PathLike, optional): Folder for
                ``vis/NAME.jpg`` and ``preds/NAME.json`` (run lengths).

        Returns:
            dict[str, list]: ``predictions``, one entry an image, each with
            one entry a box, in order: ``masks``, ``scores`` (see
            docs/quality.md), ``areas`` of the masks in px², ``bboxes`` (xyxy,
            clipped), ``components`` of the score (``fallback`` is there when the
            filled box stands in for an empty mask).  ``visualization``, RGB
            arrays uint8 (H, W, 3), empty unless ``return_vis``.

        Raises:
            InferenceInputError: If an image or a box cannot be used; it names
                it by its index.
        """
        if mask_format not in MASK_FORMATS:
            raise InferenceInputError(
                f"mask_format is {mask_format!r}, expected 'bool' or 'rle'")
        images, boxes = pair_inputs(inputs, bboxes)
        samples: list[list[DetDataSample]] = [[] for _ in images]
        batches = self.preprocess(images, batch_size, boxes, bbox_format,
                                  channel_order)
        total = sum(map(len, boxes))  # checked: each has a length
        with tqdm(total=total, desc='label', unit='box', delay=_SECONDS_BEFORE_BAR,
                  disable=not self.show_progress) as bar:
            for batch in batches:
                for sample in self.forward(batch):
                    samples[sample.img_id].append(sample)
                bar.update(len(batch['data_samples']))
        preds = [
            gather_image(index, labelled, self._shape_of(
                images[index], index, labelled, channel_order))
            for index, labelled in enumerate(samples)
        ]
        pictures = self.visualize(
            images, preds, return_vis=return_vis, show=show,
            wait_time=wait_time, out_dir=out_dir, channel_order=channel_order)
        return self.postprocess(preds, pictures, return_datasamples,
                                mask_format=mask_format)

    def preprocess(self, inputs: Sequence[Any], batch_size: int | None = None,
                   bboxes: Sequence[Any] = (), bbox_format: str = '',
                   channel_order: str | None = None) -> Iterator[dict]:
        """Cut crops, batch by batch, as a label run cuts its chunks.

        Everything that can be checked without decoding an image is checked
        before the first batch.

        Args:
            inputs (Sequence): Images.
            batch_size (int, optional): Largest number of boxes in a batch.
            bboxes (Sequence): Boxes of each image.
            bbox_format (str): As for :meth:`__call__`, like the next.
            channel_order (str, optional): Of numpy arrays.

        Returns:
            Iterator[dict]: ``inputs``, uint8 tensors (3, h, w), and
            ``data_samples``, whose ``img_id`` is the position of the image and
            ``ann_id`` that of the box.
        """
        limit = self.chunk_boxes if batch_size is None else batch_size
        if limit < 1:
            raise InferenceInputError(f'batch_size is {limit}, expected at least 1')
        for index, image in enumerate(inputs):
            check_image(image, index, channel_order)
        boxes = [check_boxes(b, bbox_format, i) for i, b in enumerate(bboxes)]
        return label_batches(inputs, boxes, limit, self.pipeline, channel_order)

    @torch.no_grad()
    def forward(self, inputs: dict) -> list[DetDataSample]:
        """Label a batch.

        Args:
            inputs (dict): From :meth:`preprocess`.

        Returns:
            list[DetDataSample]: One a box, with ``pred_instances``.
        """
        # As LabelLoop does it.
        with self.precision.autocast(self._device):
            return self.model.test_step(inputs)

    def visualize(self, inputs: Sequence[Any], preds: Sequence[DetDataSample],
                  return_vis: bool = False, show: bool = False,
                  wait_time: float = 0,
                  out_dir: str | os.PathLike | None = None,
                  channel_order: str | None = None) -> list[np.ndarray]:
        """Draw masks and boxes, if somebody wants them.

        Args:
            inputs (Sequence): Images; they are read a second time.
            preds (Sequence[DetDataSample]): One an image.
            return_vis (bool): As for :meth:`__call__`, like the following.
            show (bool): In a window.
            wait_time (float): In seconds.
            out_dir (str | os.PathLike, optional): Folder.
            channel_order (str, optional): Of numpy arrays.

        Returns:
            list[np.ndarray]: RGB, uint8 (H, W, 3); empty unless
            ``return_vis``.
        """
        kept = []
        if not (return_vis or show or out_dir):
            return kept
        names = output_names(inputs)
        for index, (image, sample) in enumerate(zip(inputs, preds, strict=True)):
            picture = draw(open_input(image, index, channel_order)[:, :], sample)
            if out_dir:
                save_pictures(out_dir, names[index:index + 1], [picture], [sample])
            if show:
                show_pictures(names[index:index + 1], [picture], wait_time)
            if return_vis:
                kept.append(picture)
        return kept

    def postprocess(self, preds: Sequence[DetDataSample],
                    visualization: list[np.ndarray],
                    return_datasamples: bool = False,
                    mask_format: str = 'bool') -> dict[str, list]:
        """Give the results the form that the caller asked for.

        Args:
            preds (Sequence[DetDataSample]): One an image.
            visualization (list[np.ndarray]): From :meth:`visualize`.
            return_datasamples (bool): Samples instead of dicts; their
                ``masks`` is a bool tensor (n, H, W), or a list of RLE.
            mask_format (str): ``'bool'`` or ``'rle'``.

        Returns:
            dict[str, list]: ``predictions`` and ``visualization``.
        """
        if not return_datasamples:
            predictions = [to_prediction(p, mask_format) for p in preds]
        else:
            predictions = list(preds)
            if mask_format == 'bool':
                for sample in predictions:
                    instances = sample.pred_instances
                    masks = decode_masks(instances.masks, sample.ori_shape)
                    instances.masks = torch.from_numpy(masks)
        return dict(predictions=predictions, visualization=visualization)

    def _shape_of(self, image: Any, index: int, labelled: list[DetDataSample],
                  channel_order: str | None) -> tuple[int, int]:
        """Height and width of an image, read again if it has no boxes."""
        if labelled:
            return tuple(labelled[0].ori_shape)
        return tuple(open_input(image, index, channel_order).shape[:2])

    def _init_model(self, cfg: Config, weights: str | None,
                    device: str = 'cpu') -> nn.Module:
        labeler = move_to_device(build_labeler(cfg, weights), device)
        self._device = str(device)
        self.precision = precision_of(cfg.get('test_cfg'), self._device)
        return labeler

    def _init_pipeline(self, cfg: Config) -> Callable:
        self.chunk_boxes = chunk_boxes(cfg)
        return build_pipeline(cfg)

    def _init_collate(self, cfg: Config) -> None:
        """None: batches are made as :meth:`preprocess` says."""

    def _init_visualizer(self, cfg: Config) -> None:
        """None: a visualizer of MMEngine is registered globally."""

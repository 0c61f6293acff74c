"""From a config and a box to the picture of its attention maps."""

import copy
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from mmengine.config import Config
from torch import nn

from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.datasets.images import read_image
from mmdet_mal.engine.checkpoint import load_strict, load_weights
from mmdet_mal.evaluation.cluster_run import find_encoder
from mmdet_mal.models.box_geometry import covered_cells
from mmdet_mal.registry import DATASETS, MODELS
from mmdet_mal.structures.crop import crop_and_resize, window_size
from mmdet_mal.utils.errors import UserError

from .maps import attention_maps, check_encoder
from .picture import attention_picture

# Longest side of the crop as shown, px.
_SHOWN = 320


def draw_attention(config: Config, ann_file: str, images: str, *,
                   checkpoint: str | None = None,
                   network: str = 'teacher',
                   ann_id: int | None = None,
                   blocks: Sequence[int] | None = None,
                   heads: Sequence[int] | str = 'all',
                   query: str = 'class') -> tuple[np.ndarray, dict[str, Any]]:
    """Draw the attention maps of one box.

    Args:
        config (Config): Of a labeller.
        ann_file (str): COCO JSON with boxes.
        images (str): Folder, archive or address of the images.
        checkpoint (str, optional): Of a training; by default the pretrained
            encoder that the config names, as it is.
        network (str): ``'teacher'`` or ``'student'`` of the checkpoint.
        ann_id (int, optional): The box; by default the largest.
        blocks (Sequence[int], optional): From 0; by default three, spread over
            the encoder.
        heads (Sequence[int] | str): ``'all'``, ``'mean'`` or some.
        query (str): ``'class'`` or ``'box'``, see :func:`.attention_maps`.

    Returns:
        tuple: The picture, uint8 BGR; and ``ann_id``, ``blocks``, ``file``
        and ``elsewhere``, the mean share that the patches do not get.

    Raises:
        UserError: a file, box, block or head is not there, or the encoder has
            no such attention.
    """
    encoder, preprocessor = _load(config, checkpoint, network)
    if blocks is None:
        depth = len(getattr(encoder, 'layers', ())) or 1
        blocks = sorted({0, depth // 2, depth - 1})
    check_encoder(encoder, blocks, query)
    sample, inputs, backend_args = _crop(config, ann_file, images, ann_id)
    batch = preprocessor(
        dict(inputs=[inputs], data_samples=[copy.deepcopy(sample)]), False)
    # Only now a plain tensor, not a box structure of MMDetection.
    bbox = batch['data_samples'][0].gt_instances.bboxes[0].tolist()
    size = tuple(batch['inputs'].shape[-2:])
    grid = tuple(encoder.patch_embed(batch['inputs'])[1])
    inside = covered_cells(torch.tensor([bbox]), grid, size)
    found = attention_maps(encoder, batch['inputs'], blocks, query,
                           inside if query == 'box' else None)
    img = read_image(sample.img_path, f'annotation {sample.ann_id}',
                     backend_args=backend_args)
    crop, bbox = _shown(img, sample.crop_window, bbox, size)
    try:
        picture = attention_picture(crop, bbox, found.maps[0].numpy(), blocks,
                                    heads)
    except ValueError as error:
        raise UserError(f'--heads: {error}') from error
    return picture, dict(
        ann_id=int(sample.ann_id), blocks=list(blocks), file=sample.img_path,
        elsewhere=float(found.elsewhere.mean()))


def _load(config: Config, checkpoint: str | None,
          network: str) -> tuple[nn.Module, nn.Module]:
    """The encoder with its weights, and what normalises crops."""
    encoder, pretrained, preprocessor = find_encoder(config)
    preprocessor = MODELS.build(preprocessor)
    if checkpoint is None:
        if not pretrained:
            raise UserError(f'{config.filename}: names no pretrained weights; '
                            'give a checkpoint')
        model = MODELS.build(dict(type='mmdet_mal.EncoderTokens',
                                  encoder=encoder, pretrained=pretrained))
        model.init_weights()
        return model.encoder, preprocessor
    settings = copy.deepcopy(config.model)
    model = MODELS.build(settings)
    if not hasattr(model, network):
        raise UserError(f'{config.filename}: its model has no {network}; leave '
                        'out the checkpoint to see the pretrained encoder')
    load_strict(model, load_weights(checkpoint), checkpoint)
    return getattr(model, network).encoder, preprocessor


def _crop(config: Config, ann_file: str, images: str,
          ann_id: int | None) -> tuple[Any, torch.Tensor, dict | None]:
    """The crop of one box as for labelling."""
    prefix, backend_args = image_source(images)
    settings = config.test_dataloader.dataset
    dataset = DATASETS.build(dict(
        type='mmdet_mal.LabelChunkDataset', ann_file=ann_file,
        data_prefix=dict(img=prefix), backend_args=backend_args,
        pipeline=copy.deepcopy(settings.pipeline), chunk_boxes=1))
    columns = dataset.boxes.columns
    if not len(columns):
        raise UserError(f'{ann_file}: has no sound box to look at')
    if ann_id is None:
        row = int(np.argmax(columns.areas))
    else:
        rows = np.flatnonzero(columns.ann_ids == ann_id)
        if not len(rows):
            raise UserError(f'{ann_file}: annotation {ann_id} is not among its '
                            f'{len(columns)} sound boxes')
        row = int(rows[0])
    chunk = dataset[row]
    if chunk['failed']:
        raise UserError(chunk['failed'][0][1])
    return chunk['data_samples'][0], chunk['inputs'][0], backend_args


def _shown(img: np.ndarray, window: np.ndarray, bbox: Sequence[float],
           size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The crop in the shape of its window, and the box in it."""
    height, width = window_size(window)
    scale = _SHOWN / max(height, width)
    shape = max(1, round(height * scale)), max(1, round(width * scale))
    crop, _ = crop_and_resize(img, window, shape)
    factor = np.array([shape[1] / size[1], shape[0] / size[0]] * 2)
    return cv2.resize(crop, shape[::-1]), np.asarray(bbox) * factor

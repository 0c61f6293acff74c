"""The clustering score of a config's encoder over a data set."""

import copy
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device

from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.registry import DATASETS, METRICS, MODELS
from mmdet_mal.utils.errors import UserError

_DATASET = 'mmdet_mal.LabelChunkDataset'


def score_encoder(config: Config, ann_file: str, images: str,
                  weights: str | None = None,
                  max_boxes: int | None = None,
                  crop_size: int | None = None,
                  blocks: list[int] | None = None,
                  progress: bool = False) -> dict[str, Any]:
    """Score the frozen pretrained encoder of a labeller's config.

    Crops are cut as for labelling, by the config's test pipeline.

    Args:
        config (Config): Of a labeller; not changed.
        ann_file (str): COCO JSON with human masks.
        images (str): Folder, archive or address of the images.
        weights (str, optional): Weights of the encoder, by default what the
            config names.
        max_boxes (int, optional): About so many boxes, whole chunks spread
            evenly over the file; by default all.
        crop_size (int, optional): Side of the crops in px instead of the
            config's.
        blocks (list[int], optional): Blocks of a plain ViT, from 0; by
            default all of the encoder that the config describes.
        progress (bool): Show a bar.

    Returns:
        dict: ``blocks``, a list of ``name``, ``score`` and ``one_centre``
        each; ``n``, ``n_left_out``, ``n_unreadable``; ``encoder``, ``weights``,
        ``crop_size``.

    Raises:
        UserError: if the config has no encoder or crops, a block or number is
            out of range, or a file cannot be used.
    """
    if max_boxes is not None and max_boxes < 1:
        raise UserError(f'--max-boxes {max_boxes}: expected at least 1')
    encoder, pretrained, preprocessor = find_encoder(config)
    pretrained = weights or pretrained
    if not pretrained:
        raise UserError(f'{config.filename}: names no pretrained weights, and '
                        "random tokens' score says nothing; give --weights")
    pipeline = copy.deepcopy(config.test_dataloader.dataset.pipeline)
    size = _set_crop_size(pipeline, encoder, crop_size)
    names = _choose_blocks(encoder, blocks)

    metric = METRICS.build(dict(
        type='mmdet_mal.ClusteringScoreMetric', ann_file=ann_file, names=names))
    prefix, backend_args = image_source(images)
    dataset = DATASETS.build(dict(
        type=_DATASET, ann_file=ann_file, data_prefix=dict(img=prefix),
        backend_args=backend_args, pipeline=pipeline,
        chunk_boxes=config.test_dataloader.dataset.get('chunk_boxes', 16)))
    model = MODELS.build(dict(
        type='mmdet_mal.EncoderTokens', encoder=encoder, pretrained=pretrained,
        data_preprocessor=preprocessor))
    model.init_weights()
    model.to(get_device()).eval()

    unreadable = _run(dataset, model, metric, max_boxes, progress)
    metrics = {key.partition('/')[2]: value
               for key, value in metric.evaluate(0).items()}
    if not metrics['n']:
        raise UserError(
            f"{ann_file}: no box could be scored: {metrics['n_left_out']} have a "
            'mask that covers no token of the grid or all of them, '
            f'{unreadable} an image that cannot be read; give larger crops or '
            'other data')
    return dict(
        blocks=[dict(name=name, score=metrics[f'score_{name}'],
                     one_centre=metrics[f'one_centre_{name}'])
                for name in names],
        n=metrics['n'], n_left_out=metrics['n_left_out'],
        n_unreadable=unreadable, encoder=str(encoder['type']),
        weights=str(pretrained), crop_size=list(size))


def cluster_rows(result: dict[str, Any]) -> list[list[str]]:
    """The result as rows of a table, the first of them the heading."""
    rows = [['block', 'clustering score', 'with one centre', 'ratio']]
    for block in result['blocks']:
        ratio = block['score'] / block['one_centre'] if block['one_centre'] else 0
        rows.append([block['name'], f"{block['score']:.3f}",
                     f"{block['one_centre']:.3f}", f'{ratio:.3f}'])
    return rows


def find_encoder(config: Config) -> tuple[dict, str | None, dict | None]:
    """The encoder of a labeller's config.

    Args:
        config (Config): Of a labeller, trained or instant.

    Returns:
        tuple: Config of the encoder (a copy), its weights file, and the data
        preprocessor of one view of the crops.

    Raises:
        UserError: if there is no encoder, or no test data to say how crops
            are made.
    """
    model = config.get('model') or {}
    owner = model.get('network', model)
    if 'encoder' not in owner or not config.get('test_dataloader'):
        raise UserError(f'{config.filename}: has no encoder or no '
                        'test_dataloader; the shipped configs are in configs/mal')
    preprocessor = copy.deepcopy(model.get('data_preprocessor'))
    if preprocessor and preprocessor.get('type', '').endswith(
            'MultiBranchDataPreprocessor'):
        preprocessor = preprocessor['data_preprocessor']
    return (copy.deepcopy(owner['encoder']), owner.get('pretrained'),
            preprocessor)


def _set_crop_size(pipeline: list, encoder: dict,
                   crop_size: int | None) -> tuple[int, int]:
    """Set the side of the crops where it is given; return their size."""
    for step in pipeline:
        if str(step['type']).endswith('CropBox'):
            if crop_size is not None:
                if crop_size < 1:
                    raise UserError(f'--crop-size {crop_size}: expected px')
                step['size'] = (crop_size, crop_size)
                if 'img_size' in encoder:
                    encoder['img_size'] = crop_size
            return tuple(step['size'])
    raise UserError('the test pipeline of the config has no mmdet_mal.CropBox, '
                    'so there are no crops to score')


def _choose_blocks(encoder: dict, blocks: list[int] | None) -> list[str]:
    """Make a plain ViT give the maps of blocks; return the maps' names."""
    cls = MODELS.get(encoder['type'])
    if not hasattr(cls, 'arch_zoo') or 'VisionTransformer' not in cls.__name__:
        if blocks is not None:
            raise UserError(
                f'--blocks: a {cls.__name__} has stages; set '
                'model.network.encoder.out_indices in a config of your own')
        indices = encoder.get('out_indices', (3, ))
        indices = [indices] if isinstance(indices, int) else indices
        return [f'stage {i}' for i in indices]
    arch = encoder.get('arch', 'base')
    arch = cls.arch_zoo[arch.lower()] if isinstance(arch, str) else arch
    depth = arch['num_layers']
    chosen = list(range(depth)) if blocks is None else blocks
    bad = [i for i in chosen if not 0 <= i < depth]
    if bad:
        raise UserError(f'--blocks {bad[0]}: the encoder of the config has blocks '
                        f'0 to {depth - 1}')
    encoder['out_indices'] = tuple(chosen)
    normed = encoder.get('final_norm', True)
    return [f'{i} (final norm)' if normed and i == depth - 1 else str(i)
            for i in chosen]


@torch.no_grad()
def _run(dataset: Any, model: Any, metric: Any, max_boxes: int | None,
         progress: bool) -> int:
    """Feed the metric; return the boxes whose image could not be read."""
    from mmdet_mal.labelling.box_bar import box_bar
    sizes = dataset.chunk_sizes
    chunks = np.arange(len(sizes))
    if max_boxes is not None and max_boxes < sizes.sum():
        share = max_boxes / sizes.sum()
        chunks = np.unique(np.linspace(
            0, len(sizes) - 1, max(1, round(share * len(sizes)))).astype(int))
    bar = box_bar(int(sizes[chunks].sum()), text='score', enabled=progress)
    unreadable = 0
    with bar:
        for index in chunks.tolist():
            chunk = dataset[index]
            unreadable += len(chunk['failed'])
            if chunk['data_samples']:
                samples = model.test_step(chunk)
                metric.process(chunk, [sample.to_dict() for sample in samples])
            bar.update(int(sizes[index]))
    return unreadable

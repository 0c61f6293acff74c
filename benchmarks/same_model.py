"""The textbook's twin of a config of ours: same weights, same constants."""

from pathlib import Path
from typing import Any

import mmdet_mal  # noqa: F401  its shields come before mmdet
import torch
from mmcv.transforms import TRANSFORMS
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import MODELS, init_default_scope
from torch import nn

from benchmarks.inputs import REPO, BoxFile, weights
from benchmarks.textbook.boxes import BoxesToLabel, BoxesToTrain
from benchmarks.textbook.instant import InstantMaps
from benchmarks.textbook.labelling import Rules
from benchmarks.textbook.network import Network, vision_transformer
from benchmarks.textbook.training import Recipe
from mmdet_mal.utils.tool import load_config

SMALL = REPO / 'configs/mal/mal_deit-ti_coco-mini.py'
VIT_B = REPO / 'configs/mal/mal_vit-mae-b_coco.py'
INSTANT = REPO / 'configs/mal/instant_deit-ti.py'

# What the textbook network does; a config with anything else has no twin.
_DECODER = dict(pool='max', key_layers=1, upsample_after=2, maps='concat',
                size_ranges='half_open', num_classes=0, neck=None)

# Transforms of ours that give a library's pixels faster.
_LIBRARY = {'mmdet_mal.ColorJitter': 'mmpretrain.ColorJitter',
            'mmdet_mal.RandomGrayscale': 'RandomGrayscale'}


def config_for(path: Path, data: BoxFile, workers: int) -> Config:
    """One of our configs, pointed at boxes and at the weights at hand.

    Args:
        path (Path): The config.
        data (BoxFile): What is trained on or labelled.
        workers (int): Of the data loaders; 0 reads in this process.

    Returns:
        Config: With random weights where no file is at hand.
    """
    config = load_config(str(path))
    own = config.model.get('network', config.model)
    # The file at hand is DeiT-Ti's; another encoder gets random weights.
    own.pretrained = (str(weights()) if weights() and path != VIT_B else None)
    for name in ('train_dataloader', 'test_dataloader'):
        loader = config.get(name)
        if loader is None:
            continue
        loader.num_workers = workers
        loader.persistent_workers = False
        loader.dataset.update(data_root='', ann_file=str(data.ann_file),
                              data_prefix=dict(img=str(data.images)))
    config.log_level = 'ERROR'
    MMLogger.get_current_instance().setLevel('ERROR')
    return config


def build_ours(config: Config, seed: int = 0) -> nn.Module:
    """The model of a config with its first weights."""
    init_default_scope(config.get('default_scope', 'mmdet'))
    torch.manual_seed(seed)
    model = MODELS.build(config.model)
    # An instant labeller refuses to start without weights; to time it, random
    # tokens do.
    if not (config.model.type == 'mmdet_mal.InstantLabeler'
            and not model.pretrained):
        model.init_weights()
    return model


def textbook_network(config: Config, ours: nn.Module) -> Network:
    """The textbook's network with the weights of one of ours.

    Args:
        config (Config): The config of ours.
        ours (nn.Module): Its student or teacher.

    Raises:
        ValueError: If the decoder is one that the textbook does not have.
    """
    parts = config.model.network
    decoder = dict(parts.decoder)
    if decoder.pop('type') != 'mmdet_mal.AttentionMaskHead' or not decoder.pop(
            'size_routing', True):
        raise ValueError('the textbook has the attention decoder with size '
                         f'routing, the config {parts.decoder}')
    for name, value in _DECODER.items():
        if decoder.pop(name, value) != value:
            raise ValueError(f'the textbook decoder has {name}={value!r}, the '
                             f'config {parts.decoder[name]!r}')
    network = Network(_encoder(parts.encoder),
                      dict(dict(channels=256), **decoder))
    network.load_state_dict(ours.state_dict())
    return network


def recipe_of(config: Config) -> Recipe:
    """The constants of a config's training."""
    model, optimizer = config.model, config.optim_wrapper.optimizer
    teacher = next(hook for hook in config.custom_hooks
                   if hook['type'].endswith('MeanTeacherHook'))
    facts: dict[str, Any] = dict(
        mil_weight=model.mil_loss.get('loss_weight', 4.),
        crf_weight=model.crf_loss.get('loss_weight', .5),
        crf_warmup=model.crf_loss.get('warmup_iters', 0),
        momentum=teacher['momentum'], lr=optimizer.lr, betas=optimizer.betas,
        encoder_lr_mult=config.optim_wrapper.get('paramwise_cfg', {}).get(
            'encoder_lr_mult', 1.),
        eps=optimizer.get('eps', 1e-8), weight_decay=optimizer.weight_decay,
        max_norm=config.optim_wrapper.clip_grad.max_norm,
        **_mean_field(model.crf_loss))
    warmup = config.param_scheduler[0]
    if not warmup.get('by_epoch', True):
        facts.update(lr_start=warmup.start_factor,
                     lr_rise=warmup.end - warmup.begin)
    if model.get('grouping_loss'):
        loss = model.grouping_loss
        facts.update(
            grouping=dict(ridge=loss.get('ridge', 10.),
                          rounds=loss.get('rounds', 4),
                          sharpness=loss.get('sharpness', 4.)),
            grouping_weight=loss.get('loss_weight', 1.),
            grouping_fade=loss.fade_iters)
    return Recipe(**facts)


def rules_of(config: Config) -> Rules:
    """How a config labels."""
    model = config.model
    post = dict(model.get('postprocess') or {})
    if not post.pop('clip_to_box', True):
        raise ValueError('the textbook clips masks to the box')
    field = None
    if model.type == 'mmdet_mal.InstantLabeler':
        field = _mean_field(model.mean_field)
    elif model.get('refine') == 'mean_field':
        field = _mean_field(model.crf_loss)
    grouping = model.get('label_grouping')
    if grouping is not None:
        grouping = dict(dict(ridge=10., rounds=4, sharpness=1.,
                             network_weight=.25), **grouping)
    return Rules(flip=model.get('flip', False), grouping=grouping,
                 mean_field=field, **post)


def instant_maps(config: Config, ours: nn.Module) -> InstantMaps:
    """The textbook's instant labeller with the encoder weights of ours."""
    encoder = vision_transformer(**_encoder(config.model.encoder))
    encoder.load_state_dict(ours.encoder.state_dict())
    grouping = config.model.grouping
    encoder.eval()  # mmpretrain's returns None
    return InstantMaps(encoder, grouping.get('ridge', 10.),
                       grouping.get('rounds', 4), config.model.sharpness,
                       rules_of(config))


def boxes_to_train(config: Config, data: BoxFile) -> BoxesToTrain:
    """The textbook's data set with the augmentations of a config."""
    dataset = config.train_dataloader.dataset
    by_name = {step['type'].rpartition('.')[2]: step
               for step in dataset.pipeline}
    # Colours are a library's transforms; which and how strong says the config.
    init_default_scope('mmdet')
    colours = [TRANSFORMS.build(_stock(step))
               for step in by_name['MultiBranch']['student'][:-1]]
    return BoxesToTrain(
        data.ann_file, data.images, by_name['CropBox']['size'],
        min_area=dataset.min_area, min_size=dataset.get('min_size', 2),
        colours=colours, max_rate=by_name['RandomBoxExpansion']['max_rate'],
        flip_prob=by_name['RandomCropFlip']['prob'])


def boxes_to_label(config: Config, data: BoxFile) -> BoxesToLabel:
    """The textbook's data set with the crops of a config."""
    expand, crop, _ = config.test_dataloader.dataset.pipeline
    return BoxesToLabel(data.ann_file, data.images, crop['size'],
                        rate=expand['rate'])


def _stock(step: dict) -> dict:
    """A transform of the library in place of our faster one.

    Raises:
        ValueError: If the library has none.
    """
    step = dict(step, type=_LIBRARY.get(step['type'], step['type']))
    if step['type'].startswith('mmdet_mal.'):
        raise ValueError(f"the textbook has no {step['type']}")
    if 'transforms' in step:
        step['transforms'] = [_stock(inner) for inner in step['transforms']]
    return step


def _encoder(config: dict) -> dict:
    """Arguments of the textbook's encoder."""
    kwargs = dict(config)
    kwargs.pop('type')
    return kwargs


def _mean_field(config: dict) -> dict:
    """Constants of the mean field; the textbook always runs all rounds."""
    if config.get('window', 'ring') != 'ring' or config.get(
            'box', 'labels') != 'labels':
        raise ValueError('the textbook has the mean field of the paper')
    return dict(zeta=config.get('zeta', .5), omega=config.get('omega', 2.),
                clamp=config.get('clamp', 1e-4),
                rounds=config.get('max_iters', 100))

"""Boxes of COCO 2017 as 512 px crops: training and labelling.

MAL_DATA_ROOT is the folder that holds `coco/` (default: `data`).  Another data
set overrides data_root, ann_file and data_prefix of both data loaders.
"""
data_root = '{{$MAL_DATA_ROOT:data}}/coco/'
crop_size = (512, 512)

# What the model, the hooks and the metric read from a sample.
_meta_keys = ('img_id', 'ann_id', 'img_path', 'ori_shape', 'img_shape',
              'crop_window', 'valid_bbox', 'box_area', 'bbox', 'sample_idx',
              'flip', 'flip_direction')
_pack = dict(type='mmdet.PackDetInputs', meta_keys=_meta_keys)

# Only the student sees changed colours (paper 4.2); the flip is shared.  Jitter
# and grey are mmpretrain's and mmcv's to the bit, computed faster.
_colour = [
    dict(
        type='RandomApply',
        prob=0.5,
        transforms=[
            dict(
                type='mmdet_mal.ColorJitter',
                brightness=0.4,
                contrast=0.4,
                saturation=0.2,
                hue=0.1,
                backend='cv2')
        ]),
    # prob=1 inside: mmcv's transform copies the image even when it does
    # nothing.  The weights are those of luma, in the order BGR.
    dict(
        type='RandomApply',
        prob=0.2,
        transforms=[
            dict(
                type='mmdet_mal.RandomGrayscale',
                prob=1.0,
                keep_channels=True,
                channel_weights=(0.114, 0.587, 0.299))
        ]),
    # 'inf' draws the sigma uniformly from the range.
    dict(
        type='mmpretrain.GaussianBlur',
        magnitude_range=(0.1, 2.0),
        magnitude_std='inf',
        prob=0.5),
]

train_pipeline = [
    dict(type='mmdet_mal.LoadBoxImage'),
    dict(type='mmdet_mal.RandomBoxExpansion', max_rate=1.2, rule='paper'),
    dict(type='mmdet_mal.CropBox', size=crop_size, padding='reflect'),
    dict(type='mmdet_mal.RandomCropFlip', prob=0.5),
    dict(
        type='mmdet.MultiBranch',
        branch_field=['student', 'teacher'],
        student=[*_colour, _pack],
        teacher=[_pack]),
]

# The image is loaded by LabelChunkDataset, once for all of its boxes.
test_pipeline = [
    dict(type='mmdet_mal.FixedBoxExpansion', rate=0.3),
    dict(type='mmdet_mal.CropBox', size=crop_size, padding='reflect'),
    _pack,
]

# 8 processes with 4 boxes each: a global batch of 32.
train_dataloader = dict(
    batch_size=4,
    num_workers='auto',  # by the cores; a number is taken as it is
    persistent_workers=True,
    sampler=dict(type='mmdet_mal.ResumableSampler', shuffle=True),
    collate_fn=dict(type='pseudo_collate'),
    dataset=dict(
        type='mmdet_mal.BoxInstanceDataset',
        data_root=data_root,
        ann_file='annotations/instances_train2017.json',
        data_prefix=dict(img='train2017/'),
        min_area=2048,
        min_size=2,
        # Boxes of height 0 in COCO 2017 itself; any other fault stops.
        known_faults=(918, 2206849),
        pipeline=train_pipeline))

# One item is one chunk of boxes, so batch_size stays 1.
test_dataloader = dict(
    batch_size=1,
    num_workers='auto',
    persistent_workers=False,
    sampler=dict(type='mmdet_mal.ChunkSampler'),
    collate_fn=dict(type='mmdet_mal.collate_chunk'),
    dataset=dict(
        type='mmdet_mal.LabelChunkDataset',
        data_root=data_root,
        ann_file='annotations/instances_train2017.json',
        data_prefix=dict(img='train2017/'),
        chunk_boxes=16,
        pipeline=test_pipeline))
test_cfg = dict(type='mmdet_mal.LabelLoop')
# Labelling measures nothing; a config whose boxes have human masks appends
# dict(type='mmdet_mal.MaskIoUMetric', ann_file=...).
test_evaluator = []

# Cascade Mask R-CNN, ConvNeXt-B: derived from the recipe of ConvNeXt-S (paper table 1).
#
# MMDetection ships T and S alone.  What differs in B, after the recipe of the ConvNeXt
# authors for B (ImageNet-1k):
# * the backbone is twice as wide at S's depths (3, 3, 27, 3), and so are the maps that
#   the neck reads;
# * stochastic depth .7 instead of .6, layer decay .8 instead of .7.  The number of
#   layers of the decay stays 12, since the depths are the same.
_base_ = './cascade-mask-rcnn_convnext-s-p4-w7_fpn_4conv1fc-giou_amp-ms-crop-3x_coco.py'

# The same kind of weights as S has: ImageNet-1k, without averaging.
checkpoint_file = (
    'https://download.openmmlab.com/mmclassification/v0/convnext/'
    'convnext-base_3rdparty_32xb128-noema_in1k_20220222-dba4f95f.pth')

model = dict(
    backbone=dict(
        arch='base',
        drop_path_rate=0.7,
        init_cfg=dict(
            type='Pretrained', checkpoint=checkpoint_file,
            prefix='backbone.')),
    neck=dict(in_channels=[128, 256, 512, 1024]))

optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.8))

# A labeller without learning: crops at the image's own scale, nothing to train.
_base_ = ['./default_runtime.py', './coco_boxes_512.py']

_pack = dict(
    type='mmdet.PackDetInputs',
    meta_keys=('img_id', 'ann_id', 'img_path', 'ori_shape', 'img_shape',
               'crop_window', 'box_area', 'bbox', 'sample_idx'))
test_pipeline = [dict(type='mmdet_mal.CutSurroundings', margin=0.0), _pack]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
custom_hooks = [dict(type='mmdet_mal.PseudoLabelHook')]

train_dataloader = None

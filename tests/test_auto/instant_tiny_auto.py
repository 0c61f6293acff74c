"""As configs/mal/instant_deit-ti.py, on a network of 32 channels."""
_base_ = '../../configs/mal/instant_deit-ti.py'
_size = (64, 64)
model = dict(
    encoder=dict(
        arch=dict(embed_dims=32, num_layers=2, num_heads=2,
                  feedforward_channels=64, _delete_=True),
        img_size=64,
        out_indices=(0, 1)))
test_pipeline = [
    dict(type='mmdet_mal.FixedBoxExpansion', rate=0.4),
    dict(type='mmdet_mal.CropBox', size=_size, padding='reflect'),
    _base_.test_pipeline[-1],
]
test_dataloader = dict(dataset=dict(chunk_boxes=4, pipeline=test_pipeline))

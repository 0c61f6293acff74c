"""The paper's decoder with the finest score map for boxes of any size."""
_base_ = './attention.py'

model = dict(network=dict(decoder=dict(size_routing=False)))

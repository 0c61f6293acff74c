"""The paper's decoder: attention, with size routing (paper 3.2, A.2).

Each file of this folder takes the place of `./_base_/mal_vit.py` in the
`_base_` of a config and brings it along with another decoder.  A config that
has another encoder than ViT-B sets `in_channels`, as with `mal_vit.py`.
"""
_base_ = '../mal_vit.py'

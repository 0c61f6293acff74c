"""What travels from the network half to the half that encodes."""

import torch

from mmdet_mal.models.crop_maps import CropMaps


def test_bare_maps_have_no_components():
    prob = torch.rand(2, 3, 3)
    maps = CropMaps.of(prob)
    assert maps.prob is prob and maps.parts == {}
    assert CropMaps.of(maps) is maps
    assert maps.cpu().parts_of(1) == {}


def test_components_of_a_crop_keep_name_and_value():
    parts = dict(stability=torch.tensor([.25, .5], dtype=torch.float64),
                 entropy=torch.tensor([1., 0.], dtype=torch.float64))
    maps = CropMaps(torch.zeros(2, 3, 3), parts).cpu()
    assert maps.parts_of(0) == dict(stability=.25, entropy=1.)
    assert maps.parts_of(1) == dict(stability=.5, entropy=0.)

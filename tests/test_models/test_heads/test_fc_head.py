"""Fully connected decoder: known values, layout, the tie to the crop size."""
import pytest
import torch

from mmdet_mal.models.heads import FCMaskHead
from mmdet_mal.models.heads.errors import DecoderError


@pytest.fixture
def head():
    """Doubles the pooled value; pixel i has the weight i and the bias 1."""
    head = FCMaskHead([1], crop_size=(32, 64), hidden_channels=1, grid=1)
    with torch.no_grad():
        head.hidden.weight.fill_(2.)
        head.hidden.bias.zero_()
        for layer in head.scores:
            layer.weight.copy_(torch.arange(len(layer.weight))[:, None])
            layer.bias.fill_(1.)
    return head


@pytest.mark.parametrize('peak, expected', [
    (3., [[1., 7., 13., 19.], [25., 31., 37., 43.]]),
    (-3., [[1.] * 4] * 2)], ids=['positive', 'cut off by the ReLU'])
def test_known_scores(head, peak, expected):
    feat = torch.full((1, 1, 2, 4), -9.)
    feat[..., 1, 2] = peak
    scores, hidden = head.score_map(feat, (2, 4))
    assert scores[0].tolist() == expected
    assert hidden.item() == max(0., 2 * peak)


def test_the_hidden_layer_sees_the_cells_of_the_grid():
    head = FCMaskHead([2], crop_size=(32, 32), hidden_channels=8, grid=2)
    with torch.no_grad():
        head.hidden.weight.copy_(torch.eye(8))
        head.hidden.bias.zero_()
    feat = torch.arange(32.).view(1, 2, 4, 4)
    _, hidden = head.score_map(feat, (2, 2))
    # Maximum of each quarter: the lower right corner of it.
    assert hidden[0].tolist() == [5., 7., 13., 15., 21., 23., 29., 31.]


def test_each_stride_has_its_outputs():
    head = FCMaskHead([1], crop_size=(64, 32), hidden_channels=2)
    assert [layer.out_features for layer in head.scores] == [
        4 * 2, 8 * 4, 16 * 8]
    fixed = FCMaskHead([1], crop_size=(64, 32), hidden_channels=2,
                       size_routing=False)
    assert [layer.out_features for layer in fixed.scores] == [16 * 8]


def test_crops_of_another_size_are_refused_with_the_setting_to_make(head):
    with pytest.raises(DecoderError, match='crop_size'):
        head((torch.randn(1, 1, 4, 4), ), torch.tensor([1e5]), (64, 64))


def test_an_empty_grid_is_refused():
    with pytest.raises(ValueError, match='grid'):
        FCMaskHead([1], crop_size=(32, 32), grid=0)

"""Narrower views of a crop, and their maps back in its frame."""

import pytest
import torch

from mmdet_mal.models.expansion_views import (average_expansions, cut_views,
                                              paste_views, view_windows)

BOXES = torch.tensor([[16., 16., 48., 40.]])


def test_windows_by_hand():
    assert view_windows(BOXES, .25, (64, 64)).tolist() == [[12, 13, 52, 43]]
    assert view_windows(BOXES, 0., (64, 64)).tolist() == BOXES.tolist()
    # A view shows no more than its crop.
    assert view_windows(BOXES, 3., (64, 64)).tolist() == [[0, 0, 64, 64]]


def ramp():
    """Each pixel holds its own centre: channel 0 x, channel 1 y."""
    axis = torch.arange(64.) + .5
    return torch.stack([axis.expand(64, 64), axis[:, None].expand(64, 64)])[None]


def test_a_cut_shows_its_window():
    windows = view_windows(BOXES, 0., (64, 64))
    view = cut_views(ramp(), windows)
    assert view.shape == (1, 2, 64, 64)
    torch.testing.assert_close(view[0, 0, 0],
                               16 + (torch.arange(64.) + .5) * 32 / 64)
    torch.testing.assert_close(view[0, 1, :, 0],
                               16 + (torch.arange(64.) + .5) * 24 / 64)


def test_the_whole_crop_is_itself():
    whole = torch.tensor([[0., 0., 64., 64.]])
    torch.testing.assert_close(cut_views(ramp(), whole), ramp(), atol=1e-4, rtol=0)


def test_a_map_goes_back_where_it_came_from():
    """The map of a view, pasted, has the ramp's values at the crop's cells."""
    windows = view_windows(BOXES, 0., (64, 64))
    x = cut_views(ramp(), windows)[:, 0]
    cells = torch.nn.functional.avg_pool2d(x[:, None], 4)[:, 0]
    pasted, shown = paste_views(cells, windows, (64, 64))
    assert pasted.shape == shown.shape == (1, 16, 16)
    # Cells of 4 px whose centres lie in the box.
    expected = torch.zeros(16, 16)
    expected[4:10, 4:12] = 1
    assert torch.equal(shown[0], expected)
    centres = torch.arange(4, 12) * 4. + 2
    torch.testing.assert_close(pasted[0, 5, 4:12], centres, atol=1.01, rtol=0)
    torch.testing.assert_close(pasted[0, 5, 5:11], centres[1:-1], atol=1e-3, rtol=0)
    assert (pasted[0][shown[0] == 0] == 0).all()


def test_the_mean_is_over_the_views_that_show_a_cell():
    crops, areas = torch.zeros(1, 3, 64, 64), torch.ones(1)
    calls = []

    def predict(views, given):
        assert torch.equal(given, areas)
        calls.append(views.shape)
        return dict(plain=torch.full((1, 16, 16), .8), other=torch.ones(1, 16, 16))

    start = dict(plain=torch.full((1, 16, 16), .2), other=torch.ones(1, 16, 16))
    found = average_expansions(predict, start, crops, areas, BOXES, (0., .25))
    assert len(calls) == 2
    torch.testing.assert_close(found['plain'][0, 0, 0].item(), .2)
    torch.testing.assert_close(found['plain'][0, 5, 5].item(), .6, atol=1e-6, rtol=0)
    torch.testing.assert_close(found['other'], torch.ones(1, 16, 16))
    assert (start['plain'] == torch.tensor(.2)).all()  # not changed in place


def test_boxes_of_a_batch_have_views_of_their_own():
    boxes = torch.tensor([[0., 0., 32., 32.], [32., 32., 64., 64.]])
    crops = ramp().repeat(2, 1, 1, 1)
    views = cut_views(crops, view_windows(boxes, 0., (64, 64)))
    assert views[0].max() < 33 and views[1].min() > 31


@pytest.mark.parametrize('box', [[5., 5., 5., 5.], [63.9, 0., 64., .1]])
def test_a_box_of_no_size_still_gives_a_view(box):
    windows = view_windows(torch.tensor([box]), 0., (64, 64))
    assert (windows[0, 2:] - windows[0, :2] >= 1).all()
    assert torch.isfinite(cut_views(ramp(), windows)).all()

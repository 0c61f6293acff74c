import numpy as np
import pytest

from mmdet_mal.visualization import draw_boxes, instance_colours, overlay_masks


def grey(height=10, width=12):
    return np.full((height, width, 3), 100, np.uint8)


def rectangle_mask(left, top, right, bottom):
    mask = np.zeros((10, 12), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_mask_is_blended_inside_and_opaque_at_its_outline():
    mask = rectangle_mask(2, 2, 7, 7)
    painted = overlay_masks(grey(), [mask], np.array([[0, 200, 0]]), opacity=.5)
    assert painted[4, 4].tolist() == [50, 150, 50]
    assert painted[2, 4].tolist() == [0, 200, 0]
    assert (painted[~mask] == 100).all()


def test_outline_follows_the_border_of_the_image():
    painted = overlay_masks(grey(), [np.ones((10, 12), bool)],
                            np.array([[0, 200, 0]]))
    assert painted[0, 5].tolist() == [0, 200, 0]
    assert painted[5, 5].tolist() == [50, 150, 50]


def test_later_masks_lie_over_earlier_ones():
    masks = [rectangle_mask(0, 0, 8, 8), rectangle_mask(4, 4, 10, 10)]
    colours = np.array([[250, 0, 0], [0, 0, 250]])
    painted = overlay_masks(grey(), masks, colours, opacity=1.)
    assert painted[6, 6].tolist() == [0, 0, 250]
    assert painted[1, 1].tolist() == [250, 0, 0]


def test_box_is_drawn_on_its_outermost_pixels():
    painted = draw_boxes(grey(), [[2, 3, 8, 9]], np.array([[0, 0, 255]]))
    changed = (painted != 100).any(-1)
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max() + 1) == (3, 9)
    assert (columns.min(), columns.max() + 1) == (2, 8)
    assert not changed[5, 5]


def test_a_box_that_overhangs_the_image_is_cut_off():
    assert draw_boxes(grey(), [[-5, -5, 100, 6]]).shape == (10, 12, 3)


def test_the_image_is_not_changed():
    img = grey()
    overlay_masks(img, [rectangle_mask(1, 1, 5, 5)])
    draw_boxes(img, [[1, 1, 5, 5]])
    assert (img == 100).all()


def test_nothing_to_paint_gives_the_image():
    assert np.array_equal(overlay_masks(grey(), []), grey())
    assert np.array_equal(draw_boxes(grey(), []), grey())


def test_colours_differ_and_do_not_depend_on_the_number():
    colours = instance_colours(12)
    assert colours.dtype == np.uint8 and colours.shape == (12, 3)
    assert len({tuple(colour) for colour in colours.tolist()}) == 12
    assert np.array_equal(colours[:5], instance_colours(5))
    assert instance_colours(0).shape == (0, 3)


@pytest.mark.parametrize('arguments,message', [
    pytest.param((grey().astype(float), []), 'uint8', id='float image'),
    pytest.param((grey()[..., 0], []), 'uint8', id='grey image'),
    pytest.param((grey(), [np.ones((5, 5), bool)]), 'mask of shape', id='mask'),
    pytest.param((grey(), [rectangle_mask(0, 0, 1, 1)], np.zeros((2, 3))),
                 '2 colours for 1', id='colours'),
    pytest.param((grey(), [], None, 1.5), 'opacity', id='opacity')])
def test_bad_input_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        overlay_masks(*arguments)

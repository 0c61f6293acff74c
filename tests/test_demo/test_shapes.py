import numpy as np
import pytest

from mmdet_mal.demo.shapes import SHAPES, shape_mask


@pytest.mark.parametrize('name', list(SHAPES))
@pytest.mark.parametrize('size', [12, 37.5, 160])
def test_a_shape_fills_its_box(name, size):
    for seed in range(10):
        cover = shape_mask(name, size, np.random.default_rng(seed))
        assert cover.dtype == np.float32 and 0 <= cover.min() <= cover.max() <= 1
        assert max(cover.shape) == pytest.approx(size, abs=1)
        for side in (cover[0], cover[-1], cover[:, 0], cover[:, -1]):
            assert side.any()


def test_ellipses_fill_pi_quarters_of_their_box_when_round():
    rng = np.random.default_rng(0)
    shares = [shape_mask('ellipse', 100, rng).mean() for _ in range(50)]
    assert max(shares) == pytest.approx(np.pi / 4, abs=.02)


def test_bows_and_bars_leave_much_of_their_box_free():
    rng = np.random.default_rng(0)
    for name in ('bow', 'bar'):
        shares = [shape_mask(name, 80, rng).mean() for _ in range(50)]
        assert np.mean(shares) < .7


def test_a_ring_has_a_hole():
    rng = np.random.default_rng(0)
    centres = [cover[cover.shape[0] // 2, cover.shape[1] // 2] for cover in
               (shape_mask('bow', 80, rng) for _ in range(20))]
    assert min(centres) == 0


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="no shape 'heart'"):
        shape_mask('heart', 20, np.random.default_rng(0))
    with pytest.raises(ValueError, match='too small'):
        shape_mask('star', 3, np.random.default_rng(0))

"""Label Studio's bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from mmdet_mal.formats.brush_rle import decode_brush, encode_brush


def test_a_mask_of_two_pixels_by_hand():
    # 2 x 1 px, the right one set: 8 values; widths 3, 4, 8, 16; then a run of
    # four times 0 and one of four times 255.
    bits = (f'{8:032b}' '00111' '0010' '0011' '0111' '1111'
            '1' '00' '011' '00000000' '1' '00' '011' '11111111')
    bits += '0' * (-len(bits) % 8)
    data = [int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)]
    assert encode_brush(np.array([[True]]), 1, 0, (2, 1)) == data
    assert decode_brush(data, (2, 1)).tolist() == [[False, True]]


@settings(max_examples=100, deadline=None)
@given(arrays.arrays(bool, arrays.array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_what_is_encoded_is_decoded(mask):
    size = mask.shape[::-1]
    assert (decode_brush(encode_brush(mask, 0, 0, size), size) == mask).all()


def test_long_runs_and_windows():
    mask = np.zeros((300, 400), bool)
    mask[20:200, 30:390] = True
    data = encode_brush(mask[20:200, 30:390], 30, 20, (400, 300))
    assert (decode_brush(data, (400, 300)) == mask).all()
    full = encode_brush(np.ones((300, 400), bool), 0, 0, (400, 300))
    assert decode_brush(full, (400, 300)).all() and len(full) < 40


def test_literal_values_are_read_too():
    # As the encoder of Label Studio's own library writes a run of one value.
    bits = (f'{4:032b}' '00111' '0010' '0011' '0111' '1111' '0' '00' '011'
            '00000001' '00000010' '00000011' '11111111')
    bits += '0' * (-len(bits) % 8)
    data = [int(bits[i:i + 8], 2) for i in range(0, len(bits), 8)]
    assert decode_brush(data, (1, 1)).all()


def test_broken_bits_are_refused():
    data = encode_brush(np.ones((2, 2), bool), 0, 0, (2, 2))
    with pytest.raises(ValueError, match='cut off'):
        decode_brush(data[:-2], (2, 2))
    with pytest.raises(ValueError, match='has 16 values, expected 24'):
        decode_brush(data, (3, 2))

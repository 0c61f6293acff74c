"""Images of a call: what is refused, and how it is named."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmdet_mal.inferencer.errors import InferenceInputError
from mmdet_mal.inferencer.input_image import open_input

COLOUR = np.zeros((4, 5, 3), np.uint8)


@pytest.mark.parametrize(('image', 'order', 'message'), [
    ('gone/<b>.jpg', None, r'inputs\[2\]: gone/<b>.jpg: no such image'),
    ('.', None, r'inputs\[2\]: \. is a folder'),
    (COLOUR, None, r"inputs\[2\].*channel_order='rgb' or 'bgr'"),
    (COLOUR, 'RGB', "channel_order is 'RGB'"),
    (COLOUR.astype(np.float32), 'rgb', r'inputs\[2\]: an array of float32'),
    (COLOUR.astype(np.uint16), 'rgb', r'inputs\[2\]: an array of uint16'),
    (np.zeros((4, 5, 4), np.uint8), 'rgb', r'inputs\[2\].*\(4, 5, 4\).*alpha'),
    (COLOUR[None], 'rgb', r'inputs\[2\].*\(1, 4, 5, 3\).*batch'),
    (COLOUR[:0], 'rgb', r'inputs\[2\].*\(0, 5, 3\)'),
    (torch.zeros(3, 4, 5), None, r'inputs\[2\]: is a Tensor'),
    (None, None, r'inputs\[2\]: is a NoneType'),
    (Image.new('I;16', (4, 4)), None, r"inputs\[2\].*'I;16'.*8 bits"),
    (Image.new('F', (4, 4)), None, r"inputs\[2\].*'F'"),
], ids=['missing', 'folder', 'order not said', 'order unknown', 'float', '16 bit',
        'alpha', 'batch', 'empty', 'tensor', 'none', 'pil 16 bit', 'pil float'])
def test_an_image_that_cannot_be_used_is_named(image, order, message):
    with pytest.raises(InferenceInputError, match=message):
        open_input(image, 2, order)


def test_a_broken_file_is_named(tmp_path):
    path = tmp_path / 'broken.jpg'
    path.write_bytes(b'no image at all')
    with pytest.raises(InferenceInputError, match=r'broken.jpg.*inputs\[1\]'):
        open_input(path, 1, None)


@pytest.mark.parametrize('mode', ['1', 'L', 'P', 'RGBA', 'CMYK'])
def test_pillow_images_become_three_channels(mode):
    image = open_input(Image.new('RGB', (5, 4), (200, 0, 0)).convert(mode), 0, None)
    assert image.shape == (4, 5, 3) and image.dtype == np.uint8
    assert image[0, 0, 2] >= image[0, 0, 0]  # BGR


def test_the_callers_array_is_not_shared_when_turned():
    image = COLOUR.copy()
    opened = open_input(image, 0, 'rgb')
    opened[:] = 9
    assert not image.any()

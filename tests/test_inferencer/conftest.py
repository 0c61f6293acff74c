"""An inferencer of a tiny network with random weights, and its data."""

import sys
from pathlib import Path

import cv2
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'test_tools'))
from label_data import CONFIG, make_checkpoint, make_label_data

from mmdet_mal import MaskAutoLabelerInferencer


@pytest.fixture(scope='session')
def tiny_root(tmp_path_factory):
    """boxes.json, images/0.png to 3.png, tiny.pth."""
    root = tmp_path_factory.mktemp('tiny')
    make_label_data(root, 4)
    make_checkpoint(root / 'tiny.pth')
    return root


@pytest.fixture(scope='session')
def tiny(tiny_root):
    return MaskAutoLabelerInferencer(
        CONFIG, tiny_root / 'tiny.pth', device='cpu', show_progress=False)


@pytest.fixture(scope='session')
def photo_path(tiny_root):
    return str(tiny_root / 'images' / '0.png')


@pytest.fixture
def photo(photo_path):
    """BGR, uint8 (96, 128, 3)."""
    return cv2.imread(photo_path)

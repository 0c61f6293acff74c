"""Fixtures of the tests of the hook that labels."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from label_helpers import label, write_boxes


@pytest.fixture
def boxes(tmp_path):
    """12 boxes in 4 images; one image is missing, one box is NaN, one crowd."""
    return write_boxes(tmp_path)


@pytest.fixture
def expected(boxes, tmp_path):
    """What an undisturbed run writes."""
    return label(boxes, tmp_path / 'whole')

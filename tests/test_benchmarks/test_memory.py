"""The benchmark labels sound data and counts what it says."""

import importlib.util
import json
from pathlib import Path

import pytest

from mmdet_mal.datasets import AnnotationFile, find_faults

_PATH = Path(__file__).parents[2] / 'benchmarks' / 'memory.py'
_spec = importlib.util.spec_from_file_location('memory', _PATH)
memory = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(memory)


def test_generated_boxes_are_sound_and_always_the_same(tmp_path):
    for name in 'ab':
        memory.write_boxes(tmp_path / name, 730)
    assert (tmp_path / 'a').read_bytes() == (tmp_path / 'b').read_bytes()
    source = AnnotationFile(str(tmp_path / 'a'))
    assert source.count('annotations') == 730
    assert source.count('images') == 100
    assert find_faults(source) == []


@pytest.mark.full
def test_a_run_gives_masks_and_figures(tmp_path):
    row = memory.label(tmp_path, 100)
    masks = json.loads((tmp_path / 'masks100.json').read_text())
    assert len(masks['annotations']) == 100
    assert all(a['area'] > 0 for a in masks['annotations'])
    assert row['peak'] >= row['peaks']['imports'] > 100 << 20
    # 31 bytes a box, 4 to 8 a chunk border, 40 an image.
    assert 31 <= row['index'] / 100 < 45
    assert 22 + 5 == row['parts']['merge'] / 100
    text = memory.table([{**row, 'growth': 1.}])
    assert text.splitlines()[-1].startswith('| 100 | ')

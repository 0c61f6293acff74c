"""The readers that are compared read the same."""

import importlib.util
from pathlib import Path

import pytest

from mmdet_mal.datasets.coco_records import BoxRecord

_PATH = Path(__file__).parents[2] / 'benchmarks' / 'json_readers.py'
_spec = importlib.util.spec_from_file_location('json_readers', _PATH)
json_readers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(json_readers)
INSTALLED = [name for name, (package, _) in json_readers.READERS.items()
             if importlib.util.find_spec(package) is not None]


@pytest.mark.parametrize('points', [0, 3])
@pytest.mark.parametrize('reader', INSTALLED)
def test_every_reader_gives_the_same_annotations(tmp_path, reader, points):
    path = tmp_path / 'x.json'
    json_readers.write_file(path, 50, points)
    expected = json_readers.read_json(str(path))
    if 'dropped' in reader:
        for entry in expected:
            entry.pop('segmentation', None)
    entries = list(json_readers.READERS[reader][1](str(path)))
    if 'records' in reader:
        assert entries == list(map(BoxRecord.of, expected)) and len(entries) == 50
        return
    assert entries == expected and len(entries) == 50
    assert ('segmentation' in entries[0]) == (points > 0
                                              and 'dropped' not in reader)

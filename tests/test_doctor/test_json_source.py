"""Files that are broken as a whole are named for what they are."""

import json
import random

import pytest

from mmdet_mal.datasets import AnnotationError
from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.doctor import Diagnosis, diagnose
from mmdet_mal.doctor.json_source import JsonSource


@pytest.mark.parametrize('document, message', [
    ([{'bbox': [], 'score': 1, 'image_id': 1}], 'a list of predictions'),
    ([{'segmentation': {}, 'score': 1}], 'a list of predicted masks'),
    ([{'bbox': [], 'image_id': 1}], 'the bare list of annotations'),
    ([{'file_name': 'a'}], 'the bare list of images'),
    ([{'zzz': 'a'}], 'a list of objects with zzz'),
    ([3], 'first entry is a int'), ([], 'an empty list'), ('x', 'a str'),
    ({'shapes': []}, 'labelme'), ({'_via_img_metadata': {}}, 'VIA'),
    ({'features': []}, 'GeoJSON'), ({}, 'the object is empty'),
    ({'videos': [], 'annotations': [], 'categories': []}, 'YT-VIS'),
    ({'images': [], 'categories': []}, 'test set'),
    ({'images': [], 'annotations': []}, 'without its classes'),
])
def test_foreign_formats_are_named(tmp_path, document, message):
    path = tmp_path / 'x.json'
    path.write_text(json.dumps(document))
    diagnosis = diagnose(str(path))
    assert any(message in str(finding) for finding in diagnosis.fatal)
    assert diagnosis.exit_code == 2 and message in str(diagnosis)


def test_every_cut_and_every_stray_byte_is_fatal_or_harmless(world):
    """What the data set refuses as a whole is fatal, and only that."""
    world.data['images'] = world.data['images'][:1]
    content = json.dumps(world.data).encode()
    draw = random.Random(0)
    for turn in range(150):
        place = draw.randrange(len(content))
        broken = content[:place]
        if turn % 2:
            broken += bytes([draw.randrange(256)]) + content[place + 1:]
        world.path.write_bytes(broken)
        try:
            load_annotation_file(str(world.path))
            refused = False
        except AnnotationError:
            refused = True
        diagnosis = diagnose(str(world.path))
        assert bool(diagnosis.fatal) == refused, broken
        if not turn % 2:
            assert diagnosis.counts == {'json_truncated': 1}


def test_a_file_in_utf_16_is_read_from_a_copy_that_goes_away(world):
    world.raw = json.dumps(world.data).encode('utf-16')
    world.write()
    source = JsonSource(str(world.path), Diagnosis(str(world.path)))
    assert source.usable and source.value('info') == {'year': 2024}
    assert [entry['id'] for entry in source.entries('annotations')] == [11, 12, 13]
    copy = source._copy.name
    source.close()
    with pytest.raises(FileNotFoundError):
        open(copy)


def test_words_are_found_across_blocks(world, monkeypatch):
    world.first['x'] = float('nan')
    world.write()
    for block in (1, 2, 3, 7, 1000):
        monkeypatch.setattr('mmdet_mal.doctor.json_source._BLOCK', block)
        source = JsonSource(str(world.path), Diagnosis(str(world.path)))
        assert source.mentions(b'NaN', b'Infinity')
        assert not source.mentions(b'NaM')

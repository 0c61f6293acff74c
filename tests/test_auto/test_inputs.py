"""Another input has another hash; the same one elsewhere has the same."""

import hashlib
import shutil

import pytest

from mmdet_mal.auto.inputs import hash_boxes


def test_a_file_is_hashed_by_its_bytes(tmp_path):
    (tmp_path / 'a.json').write_bytes(b'abc')
    assert hash_boxes(str(tmp_path / 'a.json')) == hashlib.sha256(
        b'abc').hexdigest()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'labels' / 'sub').mkdir(parents=True)
    (tmp_path / 'labels' / 'a.txt').write_text('0 .5 .5 .1 .1')
    (tmp_path / 'labels' / 'sub' / 'b.txt').write_text('')
    (tmp_path / 'labels' / 'a.jpg').write_bytes(b'12345')
    return tmp_path / 'labels'


def test_a_folder_may_be_moved(folder, tmp_path):
    before = hash_boxes(str(folder))
    shutil.copytree(folder, tmp_path / 'elsewhere')
    assert hash_boxes(str(tmp_path / 'elsewhere')) == before


@pytest.mark.parametrize('change', [
    pytest.param(lambda f: (f / 'a.txt').write_text('0 .5 .5 .1 .2'), id='box'),
    pytest.param(lambda f: (f / 'a.txt').rename(f / 'c.txt'), id='name'),
    pytest.param(lambda f: (f / 'sub' / 'b.txt').unlink(), id='file less'),
    pytest.param(lambda f: (f / 'new.xml').write_text(''), id='file more'),
    pytest.param(lambda f: (f / 'a.jpg').write_bytes(b'1'), id='image size'),
])
def test_a_changed_folder_has_another_hash(change, folder):
    before = hash_boxes(str(folder))
    change(folder)
    assert hash_boxes(str(folder)) != before


def test_of_images_only_name_and_size_count(folder):
    """Hashing gigabytes of them would take longer than labelling a few."""
    before = hash_boxes(str(folder))
    (folder / 'a.jpg').write_bytes(b'54321')
    assert hash_boxes(str(folder)) == before

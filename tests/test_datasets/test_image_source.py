"""What people give as --images."""

import tarfile
import zipfile

import pytest

from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.utils.errors import UserError


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with a folder and archives."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'photos').mkdir()
    (tmp_path / 'odd.zip').mkdir()
    (tmp_path / 'db.lmdb').mkdir()
    (tmp_path / 'flat.lmdb').write_bytes(b'')
    zipfile.ZipFile('a.zip', 'w').close()
    zipfile.ZipFile('photos/B.ZIP', 'w').close()
    tarfile.open('a.tar', 'w').close()
    tarfile.open('a.tar.gz', 'w:gz').close()
    return tmp_path


@pytest.mark.parametrize('images, expected', [
    pytest.param('photos', ('photos', None), id='folder'),
    pytest.param('odd.zip', ('odd.zip', None), id='folder_called_zip'),
    pytest.param('a.zip', ('', dict(backend='mal_zip', archive='a.zip')),
                 id='zip'),
    pytest.param('photos/B.ZIP',
                 ('', dict(backend='mal_zip', archive='photos/B.ZIP')),
                 id='upper_case'),
    pytest.param('a.zip/train/big/',
                 ('train/big', dict(backend='mal_zip', archive='a.zip')),
                 id='folder_inside'),
    pytest.param('a.tar', ('', dict(backend='mal_tar', archive='a.tar')),
                 id='tar'),
    pytest.param('db.lmdb', ('', dict(backend='mal_lmdb', db_path='db.lmdb')),
                 id='lmdb'),
    pytest.param('flat.lmdb',
                 ('', dict(backend='mal_lmdb', db_path='flat.lmdb',
                           subdir=False)), id='lmdb_of_one_file'),
    pytest.param('https://x.org/p', ('https://x.org/p', None), id='https'),
    pytest.param('s3://bucket/p', ('s3://bucket/p', None), id='s3'),
    pytest.param('north:s3://bucket/p', ('north:s3://bucket/p', None),
                 id='cluster'),
])
def test_every_kind_of_source(place, images, expected):
    assert image_source(images) == expected


@pytest.mark.parametrize('images, message', [
    pytest.param('nowhere', 'nowhere: no such folder of images', id='folder'),
    pytest.param('b.zip', 'b.zip: no such archive', id='zip'),
    pytest.param('b.tar/train', 'b.tar: no such archive', id='folder_inside'),
    pytest.param('a.tar.gz', 'cannot be read by random access; unpack it',
                 id='compressed_tar'),
    pytest.param('gs://bucket', 'kind gs:// are not known, these are: http://',
                 id='unknown_address'),
])
def test_what_is_not_there_is_named_in_one_line(place, images, message):
    with pytest.raises(UserError, match=message) as error:
        image_source(images)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('image_dir, name, path', [
    ('', 'a/1.jpg', 'a/1.jpg'),
    ('photos', 'a/1.jpg', 'photos/a/1.jpg'),
    ('photos', '/data/1.jpg', '/data/1.jpg'),
    ('http://x.org/p/', '1.jpg', 'http://x.org/p/1.jpg'),
    ('s3://bucket', '1.jpg', 's3://bucket/1.jpg'),
    ('photos', 'http://x.org/1.jpg', 'http://x.org/1.jpg'),
], ids=['none', 'folder', 'absolute', 'http', 's3', 'name_is_an_address'])
def test_join(image_dir, name, path):
    assert join_image_path(image_dir, name) == path

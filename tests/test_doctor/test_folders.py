"""The search for files whose name is off."""

import os

import pytest

from mmdet_mal.doctor.folders import Folders, is_absolute


@pytest.fixture
def folders(tmp_path):
    (tmp_path / 'train').mkdir()
    for name in ('a.jpg', 'B.JPG', 'c.png', 'd.jpg', 'd.png', 'notes.txt',
                 'train/x.jpeg'):
        (tmp_path / name).touch()
    return Folders(str(tmp_path))


@pytest.mark.parametrize('name, kind, found', [
    ('b.jpg', 'file_name_case', 'B.JPG'),
    ('B.jpg', 'file_name_case', 'B.JPG'),
    ('c.jpg', 'file_name_extension', 'c.png'),
    ('b.png', 'file_name_extension', 'B.JPG'),
    ('train\\x.jpeg', 'file_name_backslash', 'train/x.jpeg'),
    ('val/a.jpg', 'file_name_elsewhere', 'a.jpg'),
    ('/data/photos/train/x.jpeg', 'file_name_elsewhere', 'train/x.jpeg'),
    ('C:\\photos\\a.jpg', 'file_name_elsewhere', 'a.jpg'),
    ('Train/x.JPG', None, None),  # one folder name and extension off: no guess
    ('d.bmp', None, None),  # two files fit
    ('notes.jpg', None, None),  # a text is no image
    ('e.jpg', None, None),
    ('..', None, None),
])
def test_search(folders, name, kind, found):
    assert not folders.exists(name)
    result = folders.search(name)
    assert result == (None if kind is None else (kind, found))


def test_each_folder_is_listed_once(folders, monkeypatch):
    listed = []
    listdir = os.listdir
    monkeypatch.setattr(os, 'listdir',
                        lambda path: listed.append(path) or listdir(path))
    for name in ('a.jpg', 'no.jpg', 'train/x.jpeg', 'train/y.jpeg', 'b.jpg'):
        folders.exists(name)
        folders.search(name)
    assert len(listed) == len(set(listed))


def test_others_are_images_only(folders, tmp_path):
    folders.exists('a.jpg')
    others = {os.path.basename(path)
              for path in folders.others({str(tmp_path / 'a.jpg')})}
    assert others == {'B.JPG', 'c.png', 'd.jpg', 'd.png'}


@pytest.mark.parametrize('name, absolute', [
    ('/a/b.jpg', True), ('C:\\a.jpg', True), ('d:/a.jpg', True),
    ('a/b.jpg', False), ('c:a.jpg', False), ('', False)])
def test_is_absolute(name, absolute):
    assert is_absolute(name) == absolute

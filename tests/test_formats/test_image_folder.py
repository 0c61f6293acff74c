"""Finding and measuring images by the names that labels use."""

import pytest

from mmdet_mal.formats.image_folder import ImageFolder, look_at
from mmdet_mal.utils.errors import UserError


@pytest.fixture
def folder(tmp_path, photo):
    photo(tmp_path / 'train' / 'a.jpg', (8, 6))
    photo(tmp_path / 'val' / 'a.jpg', (9, 6))
    photo(tmp_path / 'val' / 'b.PNG', (10, 6))
    (tmp_path / 'val' / 'b.txt').write_text('no image')
    return ImageFolder(str(tmp_path))


@pytest.mark.parametrize('name, found', [
    ('train/a.jpg', 'train/a.jpg'), ('C:\\data\\val\\a.jpg', 'val/a.jpg'),
    ('/other/machine/train/a.jpg', 'train/a.jpg'), ('b.PNG', 'val/b.PNG'),
    ('./train/../val/b.PNG', 'val/b.PNG'), ('images/train/a.jpg', 'train/a.jpg')])
def test_foreign_folders_are_looked_through(folder, name, found):
    assert folder.find(name, 'here') == found


def test_a_stem_finds_its_image(folder):
    assert folder.find_stem('x/val/a', 'here') == 'val/a.jpg'
    assert folder.find('b.jpg', 'here', stem='b') == 'val/b.PNG'


@pytest.mark.parametrize('name, words', [
    ('a.jpg', 'several images .* fit .*train/a.jpg, val/a.jpg'),
    ('c.jpg', "here: no image 'c.jpg' below"),
    ('../secret.jpg', "no image '../secret.jpg'")])
def test_what_is_not_found_or_not_clear_is_said(folder, name, words):
    with pytest.raises(UserError, match=words):
        folder.find(name, 'here')


def test_a_stated_size_must_be_right(folder):
    assert folder.look('train/a.jpg', 'here', (8, 6)).width == 8
    with pytest.raises(UserError, match=r'here: says that train/a.jpg is 6 x 8 .* '
                       r'is 8 x 6'):
        folder.look('train/a.jpg', 'here', (6, 8))


def test_a_stated_size_tells_which_way_a_picture_was_shown(tmp_path, photo):
    photo(tmp_path / 'turned.jpg', (40, 30), orientation=6)
    folder = ImageFolder(str(tmp_path))
    assert folder.look('turned.jpg', 'here', (30, 40)).turn == 6
    assert folder.look('turned.jpg', 'here', (40, 30)).turn == 1


@pytest.mark.parametrize('orientation, size', [(3, (40, 30)), (6, (30, 30))])
def test_where_the_size_does_not_tell_the_person_must(tmp_path, photo, orientation,
                                                      size):
    photo(tmp_path / 'turned.jpg', size, orientation)
    folder = ImageFolder(str(tmp_path))
    with pytest.raises(UserError, match=f'orientation {orientation}.*--exif stored'):
        folder.look('turned.jpg', 'here', size)
    assert folder.look('turned.jpg', 'here', size, 'turned').turn == orientation
    assert folder.look('turned.jpg', 'here', size, 'stored').turn == 1


def test_no_folder_no_image(tmp_path):
    with pytest.raises(UserError, match='no such folder of images'):
        ImageFolder(str(tmp_path / 'none'))
    (tmp_path / 'a.zip').write_bytes(b'')
    with pytest.raises(UserError, match='is a file; unpack it'):
        ImageFolder(str(tmp_path / 'a.zip'))
    (tmp_path / 'broken.jpg').write_bytes(b'no picture')
    with pytest.raises(UserError, match='broken.jpg: cannot be read as an image '
                       r'\(needed by here'):
        ImageFolder(str(tmp_path)).look('broken.jpg', 'here')


def test_without_a_folder_the_labels_are_believed():
    picture = look_at(None, 'x\\a.jpg', 'here', (4, 3), None)
    assert (picture.file_name, picture.width, picture.height) == ('x/a.jpg', 4, 3)
    with pytest.raises(UserError, match="nothing of the size of 'a.jpg'.*--images"):
        look_at(None, 'a.jpg', 'here', None, None)

"""Images in folders and in archives."""

import re
import zipfile

import pytest

from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.doctor import diagnose, image_files
from mmdet_mal.utils.errors import UserError


@pytest.fixture
def archive(world):
    """The world's images in a zip, in its folder 'train'."""
    world.write()
    path = world.root / 'photos.zip'
    with zipfile.ZipFile(path, 'w') as file:
        for name, content in world.files.items():
            file.writestr(f'train/{name}', content)
    return path


def _diagnose(world, source, check):
    image_dir, backend_args = image_source(str(source))
    return diagnose(str(world.path), image_dir, check, backend_args).counts


@pytest.mark.parametrize('check', ['exists', 'headers', 'decode'])
def test_an_archive_is_looked_at_like_a_folder(world, archive, check):
    assert _diagnose(world, f'{archive}/train', check) == {}
    assert _diagnose(world, archive, check) == {
        'images_all_missing': 1, 'image_missing': 3}


def test_faults_inside_an_archive(world):
    world.files['1.png'] = world.encode(mode='RGBA')
    world.files['2.png'] = world.encode((50, 120))
    world.files['3.png'] = world.files['3.png'][:99]
    world.write()
    path = world.root / 'photos.zip'
    with zipfile.ZipFile(path, 'w') as file:
        for name, content in world.files.items():
            file.writestr(name, content)
    for check in ('headers', 'decode'):
        assert _diagnose(world, path, check) == {
            'image_truncated': 1, 'image_size': 1, 'image_alpha': 1}
    assert _diagnose(world, path, 'exists') == {}


def test_a_broken_archive_is_an_error_in_one_line(world):
    world.write()
    path = world.root / 'photos.zip'
    path.write_bytes(b'no zip at all')
    with pytest.raises(UserError) as error:
        _diagnose(world, path, 'exists')
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('folder, hint', [
    ('nowhere', 'there is no such folder'), ('empty', 'the folder is empty'),
    ('', 'images/1.png is there: give .*images/'),
    ('other', 'there lie 0.txt, 1.txt, 2.txt, …'),
    ('boxes.json', 'the folder cannot be read'),
    ('photos.zip', 'photos.zip, which has 3 files, the first train/1.png')])
def test_a_wrong_place_of_all_images_is_fatal_and_says_what_lies_there(
        world, archive, folder, hint):
    (world.root / 'empty').mkdir()
    for i in range(5):
        path = world.root / 'other' / f'{i}.txt'
        path.parent.mkdir(exist_ok=True)
        path.touch()
    path, args = str(world.root / folder), None
    if folder.endswith('.zip'):
        path, args = image_source(path)
    diagnosis = diagnose(str(world.path), path, backend_args=args)
    assert diagnosis.counts == {'images_all_missing': 1, 'image_missing': 3}
    assert diagnosis.exit_code == 2
    [finding] = diagnosis.fatal
    assert re.match('none of 3 image files is in .*, such as .*1.png; .*'
                    f'{hint}.*; correct the place of the images$', str(finding))
    assert folder in str(finding)


def test_one_image_that_is_there_is_enough(world):
    del world.files['1.png'], world.files['3.png']
    world.write()
    assert world.examine().diagnosis.counts == {'image_missing': 2}


def test_images_that_are_all_found_under_other_names_can_be_mended(world):
    for image in world.data['images']:
        image['file_name'] = f"train/{image['file_name']}"
    world.write()
    examination = world.examine()
    assert examination.diagnosis.counts == {
        'images_all_missing': 1, 'file_name_elsewhere': 3}
    assert '3 of them are found' in str(examination.diagnosis.fatal[0])
    out, repair = world.fix(examination)
    assert repair.fixes['images_all_missing'] == {'repaired': 1}
    assert world.examine(path=out).diagnosis.counts == {}


def test_an_archive_is_asked_for_its_images_in_blocks(
        world, archive, monkeypatch):
    monkeypatch.setattr(image_files, '_ASKED', 2)
    world.data['images'].append(
        dict(id=9, file_name='9.png', height=120, width=160))
    world.write()
    assert _diagnose(world, f'{archive}/train', 'exists') == {
        'image_missing': 1, 'image_without_boxes': 1}


def test_broken_links_and_folders_are_no_images(world):
    world.write()
    (world.images_dir / '1.png').unlink()
    (world.images_dir / '1.png').symlink_to('nowhere.png')
    (world.images_dir / '2.png').unlink()
    (world.images_dir / '2.png').mkdir()
    diagnosis = world.examine('headers').diagnosis
    assert diagnosis.counts == {'image_unreadable': 2}


def test_case_and_folder_are_mended_together(world):
    world.files['sub/Photo.PNG'] = world.files.pop('1.png')
    world.image['file_name'] = 'E:\\data\\sub\\photo.png'
    world.write()
    examination = world.examine('headers')
    assert examination.diagnosis.counts == {'file_name_case': 1}
    assert examination.images.name(0) == 'sub/Photo.PNG'

"""Reading of image files."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmdet_mal.datasets import AnnotationError, images
from mmdet_mal.datasets.image_access import missing_files
from mmdet_mal.datasets.images import (check_size, find_truncation,
                                       look_at_file, read_image)


@pytest.fixture
def noise():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (40, 60, 3)).astype(np.uint8)


def test_png_is_read_as_bgr(tmp_path, noise):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, noise)
    assert np.array_equal(read_image(path, 'annotation 1'), noise)


def test_grey_jpeg_becomes_three_equal_channels(tmp_path, noise):
    path = str(tmp_path / 'a.jpg')
    cv2.imwrite(path, noise[..., 0])
    img = read_image(path, 'annotation 1')
    assert img.shape == (40, 60, 3)
    assert (img == img[..., :1]).all()


def test_exif_orientation_is_ignored_unless_asked_for(tmp_path, noise):
    path = str(tmp_path / 'a.jpg')
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees to view
    Image.fromarray(noise).save(path, exif=exif)
    assert read_image(path, 'x').shape == (40, 60, 3)
    assert read_image(path, 'x', color_type='color').shape == (60, 40, 3)
    with pytest.raises(AnnotationError, match="color_type='color'"):
        check_size(path, 'x', (40, 60), (60, 40))


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
@pytest.mark.parametrize('keep', [.3, .9, .99])
def test_truncated_images_are_found(tmp_path, noise, suffix, keep):
    path = tmp_path / f'a{suffix}'
    cv2.imwrite(str(path), noise)
    content = path.read_bytes()
    path.write_bytes(content[:int(len(content) * keep)])
    with pytest.raises(AnnotationError, match='truncated') as error:
        read_image(str(path), 'annotation 5')
    text = str(error.value)
    assert text.startswith(f'{path}: ') and 'annotation 5' in text
    assert '\n' not in text
    with pytest.raises(AnnotationError) as error:
        look_at_file(str(path), 'annotation 5', (40, 60))
    assert str(error.value) == text


def test_truncated_jpeg_with_thumbnail_is_found(tmp_path, noise):
    thumb = tmp_path / 'thumb.jpg'
    cv2.imwrite(str(thumb), noise[:8, :8])
    cv2.imwrite(str(tmp_path / 'a.jpg'), noise)
    content = (tmp_path / 'a.jpg').read_bytes()
    small = thumb.read_bytes()
    app1 = b'\xff\xe1' + (len(small) + 2).to_bytes(2, 'big') + small
    whole = content[:2] + app1 + content[2:]
    assert find_truncation(whole) == ''
    assert find_truncation(whole + b'\0' * 100) == ''
    assert 'truncated' in find_truncation(whole[:-20])


@pytest.mark.parametrize('content, message', [
    pytest.param(None, 'image not found', id='absent'),
    pytest.param(b'', 'image is empty', id='empty'),
    pytest.param(b'hello', 'cannot be decoded', id='text'),
    pytest.param(b'\xff\xd8\xff\xd9', 'broken or of', id='markers_only'),
])
def test_bad_files_name_file_and_annotation(tmp_path, content, message):
    path = tmp_path / 'a.jpg'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnnotationError, match=message) as error:
        read_image(str(path), 'annotation 5')
    text = str(error.value)
    assert str(path) in text and 'annotation 5' in text and '\n' not in text


def test_missing_files_lists_each_folder_once(tmp_path, monkeypatch):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'a' / '1').touch()
    listed = []
    listdir = images.os.listdir
    monkeypatch.setattr(images.os, 'listdir',
                        lambda path: listed.append(path) or listdir(path))
    paths = [f'{tmp_path}/a/1', f'{tmp_path}/a/2', f'{tmp_path}/b/1',
             f'{tmp_path}/a/1']
    assert missing_files(paths) == [1, 2]
    assert listed == [f'{tmp_path}/a', f'{tmp_path}/b']


def test_a_look_at_header_and_end_suffices_to_judge_a_file(tmp_path, noise):
    path = tmp_path / 'a.jpg'
    for suffix in ('.jpg', '.png', '.bmp', '.webp', '.tif', '.ppm', '.pfm'):
        path = tmp_path / f'a{suffix}'
        img = noise.astype(np.float32) if suffix == '.pfm' else noise
        cv2.imwrite(str(path), img)
        look_at_file(str(path), 'x', (40, 60))
        # Some cameras pad their files.
        path.write_bytes(path.read_bytes() + b'\0' * 9999)
        look_at_file(str(path), 'x', (40, 60))
    with pytest.raises(AnnotationError, match='60 x 40 .*says 61 x 40'):
        look_at_file(str(tmp_path / 'a.png'), 'x', (40, 61))
    path.write_bytes(b'this is not an image')
    with pytest.raises(AnnotationError, match='no known format'):
        look_at_file(str(path), 'x', (40, 60))
    path.write_bytes(b'')
    with pytest.raises(AnnotationError, match='image is empty'):
        look_at_file(str(path), 'x', (40, 60))

"""Which images are decoded as a whole and which by region."""

import cv2
import numpy as np
import pytest

from mmdet_mal.datasets import AnnotationError, image_opening, images, region_image
from mmdet_mal.datasets.image_opening import open_image
from mmdet_mal.datasets.images import look_at_image, read_image
from mmdet_mal.datasets.region_image import RegionImage
from mmdet_mal.structures.crop import crop_and_resize

pyvips = pytest.importorskip('pyvips')


@pytest.fixture
def tiff(tmp_path):
    rng = np.random.default_rng(0)
    img = rng.integers(0, 256, (300, 400, 3), dtype=np.uint8)
    path = str(tmp_path / 'a.tif')
    pyvips.Image.new_from_array(img, interpretation='srgb').tiffsave(
        path, tile=True, compression='lzw')
    return path


@pytest.fixture
def without_pyvips(monkeypatch):
    for module in (image_opening, images, region_image):
        monkeypatch.setattr(module, 'import_pyvips', lambda: None)
    monkeypatch.setattr(image_opening, '_advised', [])


@pytest.mark.parametrize('window', [
    (10, 20, 210, 220), (-30, -20, 170, 180), (390, 290, 420, 330)],
    ids=['inside', 'overhangs', 'corner'])
def test_crops_by_region_equal_crops_of_the_whole(tiff, window):
    whole = open_image(tiff, 'x')
    region = open_image(tiff, 'x', region_pixels=100_000)
    assert isinstance(whole, np.ndarray) and isinstance(region, RegionImage)
    for a, b in zip(crop_and_resize(whole, window, (64, 96)),
                    crop_and_resize(region, window, (64, 96)), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize('options', [
    dict(color_type='color'), dict(backend='pillow'),
    dict(region_pixels=120_000)], ids=['exif', 'pillow', 'not_that_large'])
def test_decoded_as_a_whole(tiff, options):
    img = open_image(tiff, 'x', **dict(dict(region_pixels=1), **options))
    assert isinstance(img, np.ndarray) and img.shape == (300, 400, 3)


def test_without_libvips_the_whole_is_decoded_and_the_log_says_so_once(
        tiff, without_pyvips, caplog):
    from mmengine.logging import MMLogger
    MMLogger.get_current_instance().addHandler(caplog.handler)
    for _ in range(2):
        img = open_image(tiff, 'x', region_pixels=1)
        assert np.array_equal(img, read_image(tiff, 'x'))
    assert caplog.text.count('pip install mmdet-mal[large]') == 1


@pytest.fixture(params=['a.png', 'a.jpg'])
def too_large(request, tmp_path, monkeypatch):
    """An image that OpenCV refuses: the limit is made small for it."""
    path = str(tmp_path / request.param)
    img = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    cv2.imwrite(path, cv2.GaussianBlur(img, (0, 0), 3))
    whole = read_image(path, 'x')

    def refuse(*args, **kwargs):
        raise cv2.error('pixels <= CV_IO_MAX_IMAGE_PIXELS')

    monkeypatch.setattr(images.mmcv, 'imfrombytes', refuse)
    monkeypatch.setattr(images, 'OPENCV_PIXELS', 10_000)
    return path, whole


def test_what_opencv_refuses_is_read_in_little_memory(too_large):
    path, whole = too_large
    img = open_image(path, 'x')
    assert isinstance(img, RegionImage) and img.shape == whole.shape
    part = img[20:60, 30:90].astype(int)
    # Lossless is equal; two JPEG decoders may round apart.
    bound = 0 if path.endswith('.png') else 3
    assert abs(part - whole[20:60, 30:90]).max() <= bound


def test_too_large_without_libvips_says_what_to_install(
        too_large, without_pyvips):
    path, _ = too_large
    with pytest.raises(AnnotationError) as error:
        open_image(path, 'annotation 5')
    text = str(error.value)
    assert text.startswith(f'{path}: image is 120 x 90 (w x h), more than')
    assert 'pip install mmdet-mal[large]' in text and '\n' not in text
    with pytest.raises(AnnotationError, match='mmdet-mal.large'):
        look_at_image(path, 'image 1', (90, 120))


def test_a_missing_image_is_reported_as_ever(tmp_path):
    with pytest.raises(AnnotationError, match='image not found'):
        open_image(str(tmp_path / 'none.tif'), 'x')

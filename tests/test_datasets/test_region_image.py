"""Parts of large images, equal to the image decoded as a whole."""

import io
import multiprocessing
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from mmdet_mal.datasets import AnnotationError
from mmdet_mal.datasets.region_image import (RegionImage, equal_regions,
                                             image_header)

pyvips = pytest.importorskip('pyvips')

SIZE = (150, 220)
TILES = dict(tile=True, tile_width=64, tile_height=32)


def pixels(kind):
    """A picture with shapes and noise, RGB or grey, 8 or 16 bits."""
    rng = np.random.default_rng(0)
    img = cv2.GaussianBlur(rng.random((*SIZE, 3)), (0, 0), 5)
    img = cv2.normalize(img, None, 0, 1, cv2.NORM_MINMAX)
    img = (img * .9 + rng.random(img.shape) * .1)
    interpretation = dict(rgb='srgb', grey='b-w', rgb16='rgb16', grey16='grey16',
                          rgba='srgb')[kind]
    top = 65535 if '16' in kind else 255
    img = (img * top).round().astype(np.uint16 if top > 255 else np.uint8)
    if kind.startswith('grey'):
        img = img[..., :1]
    if kind == 'rgba':
        img = np.concatenate([img, img[..., :1]], axis=-1)
    return pyvips.Image.new_from_array(img, interpretation=interpretation)


def save(path, kind='rgb', **options):
    pixels(kind).write_to_file(str(path), **options)
    return str(path)


def opencv(path):
    return cv2.imread(path, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)


WINDOWS = [(0, 0, 220, 150), (0, 0, 1, 1), (219, 149, 220, 150),
           (60, 30, 70, 40), (63, 31, 65, 33), (5, 100, 200, 101)]


@pytest.mark.parametrize('compression',
                         ['none', 'lzw', 'deflate', 'packbits', 'jpeg'])
@pytest.mark.parametrize('kind', ['rgb', 'grey', 'rgb16'])
@pytest.mark.parametrize('bigtiff', [False, True], ids=['tiff', 'bigtiff'])
def test_tiled_tiffs_are_bit_equal_to_opencv(tmp_path, kind, compression, bigtiff):
    path = save(tmp_path / 'a.tif', kind, compression=compression,
                bigtiff=bigtiff, **TILES)
    whole = opencv(path)
    with open(path, 'rb') as file:
        assert equal_regions(file, more_than=1000) == 'random'
    img = RegionImage(path, path, 'x')
    assert img.shape == whole.shape == (*SIZE, 3)
    for x0, y0, x1, y1 in WINDOWS:
        part = img[y0:y1, x0:x1]
        assert part.dtype == np.uint8 and part.flags.c_contiguous
        assert np.array_equal(part, whole[y0:y1, x0:x1])
    assert np.array_equal(np.asarray(img), whole)


@pytest.mark.parametrize('name, kind, options', [
    pytest.param('a.tif', 'rgba', TILES, id='alpha'),
    pytest.param('a.tif', 'grey16', TILES, id='grey_of_16_bits'),
    pytest.param('a.png', 'rgb16', {}, id='png_of_16_bits'),
    pytest.param('a.png', 'rgb', dict(interlace=True), id='interlaced_png'),
    pytest.param('a.png', 'rgb', dict(palette=True), id='palette'),
    pytest.param('a.jpg', 'rgb', {}, id='jpeg'),
])
def test_other_images_are_left_to_opencv(tmp_path, name, kind, options):
    with open(save(tmp_path / name, kind, **options), 'rb') as file:
        assert not equal_regions(file, more_than=1000)


@pytest.mark.filterwarnings('ignore:Corrupt EXIF data')
def test_small_broken_and_turned_tiffs_are_left_to_opencv(tmp_path):
    path = save(tmp_path / 'a.tif', **TILES)
    with open(path, 'rb') as file:
        assert not equal_regions(file, more_than=150 * 220)
    content = (tmp_path / 'a.tif').read_bytes()
    assert not equal_regions(io.BytesIO(content[:40]), 1000)
    assert not equal_regions(io.BytesIO(b''), 1000)
    turned = pixels('rgb').copy()
    turned.set_type(pyvips.GValue.gint_type, 'orientation', 6)
    turned.tiffsave(path, **TILES)
    with open(path, 'rb') as file:
        assert not equal_regions(file, 1000)


@pytest.mark.parametrize('name, kind, options', [
    pytest.param('a.png', 'rgb', {}, id='png'),
    pytest.param('a.png', 'grey', {}, id='grey_png'),
    pytest.param('a.png', 'rgba', {}, id='png_with_alpha'),
    pytest.param('a.png', 'rgb', dict(filter='all', compression=9), id='filters'),
    pytest.param('a.tif', 'rgb', {}, id='tiff_of_strips'),
    pytest.param('a.tif', 'grey', dict(compression='lzw', predictor='horizontal'),
                 id='grey_tiff_lzw'),
    pytest.param('a.tif', 'rgb16', dict(compression='deflate', bigtiff=True),
                 id='bigtiff_of_16_bits'),
])
def test_sequential_reading_is_bit_equal_in_any_order(
        tmp_path, name, kind, options):
    path = save(tmp_path / name, kind, **options)
    with open(path, 'rb') as file:
        assert equal_regions(file, more_than=1000) == 'sequential'
    img = RegionImage(path, path, 'x', access='sequential')
    whole = opencv(path)
    for x0, y0, x1, y1 in reversed(WINDOWS):
        assert np.array_equal(img[y0:y1, x0:x1], whole[y0:y1, x0:x1])


def test_a_png_that_is_broken_in_the_middle_has_an_upper_part(tmp_path):
    path = save(tmp_path / 'a.png')
    content = bytearray((tmp_path / 'a.png').read_bytes())
    middle = len(content) // 2
    content[middle:middle + 200] = 200 * b'\xff'
    (tmp_path / 'a.png').write_bytes(content)
    img = RegionImage(path, path, 'x', access='sequential')
    assert img[:9, :9].shape == (9, 9, 3)
    for _ in range(2):
        with pytest.raises(AnnotationError, match='cannot be decoded'):
            img[140:, :9]


def test_a_file_in_memory(tmp_path):
    path = save(tmp_path / 'a.tif', **TILES)
    content = (tmp_path / 'a.tif').read_bytes()
    img = RegionImage(content, 'b/a.tif', 'x')
    assert np.array_equal(img[10:90, 20:70], opencv(path)[10:90, 20:70])


def test_slices_follow_numpy(tmp_path):
    img = RegionImage(save(tmp_path / 'a.tif', **TILES), 'a', 'x')
    whole = np.asarray(img)
    assert np.array_equal(img[-20:, :7], whole[-20:, :7])
    assert np.array_equal(img[140:999, 50:50], whole[140:999, 50:50])
    for key in (3, slice(0, 3), (slice(0, 9, 2), slice(0, 9)), (0, slice(3))):
        with pytest.raises(TypeError, match='top:bottom'):
            img[key]


def _slice(path, queue):
    img = RegionImage(path, path, 'x')
    queue.put(int(np.asarray(img).astype(int).sum()))


def test_a_fork_after_use_reads_as_well(tmp_path):
    path = save(tmp_path / 'a.tif', **TILES)
    total = int(np.asarray(RegionImage(path, path, 'x')).astype(int).sum())
    context = multiprocessing.get_context('fork')
    queue = context.Queue()
    workers = [context.Process(target=_slice, args=(path, queue))
               for _ in range(2)]
    for worker in workers:
        worker.start()
    assert [queue.get(timeout=60) for _ in workers] == [total, total]
    for worker in workers:
        worker.join()


def test_a_file_that_is_replaced_is_read_anew(tmp_path):
    path = save(tmp_path / 'a.tif', **TILES)
    before = np.asarray(RegionImage(path, path, 'x'))
    pixels('rgb').invert().tiffsave(path, **TILES)
    assert np.array_equal(np.asarray(RegionImage(path, path, 'x')), 255 - before)


def test_a_broken_part_is_an_error_in_one_line(tmp_path):
    path = save(tmp_path / 'a.tif', compression='deflate', **TILES)
    content = bytearray((tmp_path / 'a.tif').read_bytes())
    content[8:40] = 32 * b'\xff'  # the first tile
    (tmp_path / 'a.tif').write_bytes(content)
    img = RegionImage(path, path, 'annotation 5')
    assert img[100:120, 100:120].shape == (20, 20, 3)
    for _ in range(2):  # not black pixels at the second try
        with pytest.raises(AnnotationError, match='annotation 5') as error:
            img[0:9, 0:9]
    assert str(error.value).startswith(f'{path}: image cannot be decoded')
    assert '\n' not in str(error.value)


def test_no_image_is_an_error(tmp_path):
    (tmp_path / 'a.tif').write_bytes(b'none')
    with pytest.raises(AnnotationError, match='cannot be decoded'):
        RegionImage(str(tmp_path / 'a.tif'), 'a.tif', 'x')


def huge_png(side=40_000):
    """A PNG's header and an end, far beyond what anyone decodes."""
    def chunk(kind, data):
        return (struct.pack('>I', len(data)) + kind + data
                + struct.pack('>I', zlib.crc32(kind + data)))
    return (b'\x89PNG\r\n\x1a\n'
            + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(bytes(100))) + chunk(b'IEND', b''))


def test_headers_of_images_that_pillow_would_not_decode():
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(huge_png()))
    assert image_header(io.BytesIO(huge_png())).size == (40_000, 40_000)

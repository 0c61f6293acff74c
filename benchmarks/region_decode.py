"""Time and memory of small boxes in a large image: by region and as a whole.

    python benchmarks/region_decode.py [--side 12000] [--boxes 1 16]

Draws one image, stores it as tiled TIFF (.tiff), TIFF of strips (.tif), PNG and
JPEG, and crops boxes of 200 px from each, every measurement in a process of its
own.  Memory is the peak beyond that of the imports (VmHWM of /proc/self/status:
Linux).
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_BOX = 200
_CROP = (512, 512)
_FORMATS = {
    'tiff': dict(tile=True, tile_width=256, tile_height=256,
                 compression='deflate'),
    'tif': dict(compression='deflate'),
    'png': dict(compression=3),
    'jpg': dict(Q=90),
}
# 'sequential' decodes all rows above a box, in little memory: what PNGs and
# TIFFs of strips get, and JPEGs only if they are too large for OpenCV.
_WAYS = dict(tiff=('whole', 'region'), tif=('whole', 'sequential'),
             png=('whole', 'sequential'), jpg=('whole', 'sequential'))


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Small boxes in a large image, by region and as a whole')
    parser.add_argument('--side', type=int, default=12_000,
                        help='of the square image in pixels (%(default)s)')
    parser.add_argument('--boxes', type=int, nargs='+', default=[1, 16],
                        help='boxes of 200 px cut from it (%(default)s)')
    parser.add_argument('--out', help='JSON file for the figures')
    parser.add_argument('--measure', nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        path, way, boxes = args.measure
        print(json.dumps(measure(path, way, int(boxes))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        run('--draw', folder, args.side)
        for suffix, ways in _WAYS.items():
            path = Path(folder) / f'image.{suffix}'
            for boxes in args.boxes:
                for way in ways:
                    row = dict(format=suffix, way=way, boxes=boxes,
                               megabytes=round(path.stat().st_size / 1e6, 1))
                    row |= run('--measure', path, way, boxes)
                    rows.append(row)
                    print('{format:>5} ({megabytes} MB on disk) {way:>10}, '
                          '{boxes:>3} boxes: {seconds:7.3f} s, {peak_mb:6.0f} '
                          'MB'.format(**row), flush=True)
    if args.out:
        Path(args.out).write_text(json.dumps(rows, indent=1) + '\n')


def run(*arguments: object) -> dict:
    """Run this file in a new process and read the JSON that it prints."""
    if arguments[0] == '--draw':
        code = (f'import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})'
                f'; import region_decode; region_decode.draw'
                f'({str(arguments[1])!r}, {arguments[2]}); print("{{}}")')
        command = [sys.executable, '-c', code]
    else:
        command = [sys.executable, __file__, *(str(a) for a in arguments)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def draw(folder: str, side: int) -> None:
    """Store one image, soft shapes with a little noise, in every format."""
    import cv2
    import numpy as np
    import pyvips
    rng = np.random.default_rng(0)
    tile = cv2.GaussianBlur(
        rng.integers(0, 256, (1000, 1000, 3), dtype=np.uint8), (0, 0), 9)
    tile = cv2.normalize(tile, None, 0, 252, cv2.NORM_MINMAX)
    tile += rng.integers(0, 4, tile.shape, dtype=np.uint8)
    count = -(-side // 1000)
    image = pyvips.Image.new_from_array(tile, interpretation='srgb')
    image = image.replicate(count, count).crop(0, 0, side, side)
    for suffix, options in _FORMATS.items():
        image.write_to_file(str(Path(folder) / f'image.{suffix}'), **options)


def measure(path: str, way: str, boxes: int) -> dict:
    """Crop boxes from an image; seconds, and peak memory beyond the imports."""
    import numpy as np

    from mmdet_mal.datasets.image_opening import open_image
    from mmdet_mal.datasets.images import read_image
    from mmdet_mal.datasets.region_image import RegionImage, import_pyvips
    from mmdet_mal.structures.crop import crop_and_resize
    import_pyvips()
    before = peak_bytes()
    start = time.perf_counter()
    if way == 'whole':
        img = read_image(path, 'the benchmark')
    elif way == 'region':
        img = open_image(path, 'the benchmark', region_pixels=0)
        assert isinstance(img, RegionImage)
    else:
        img = RegionImage(path, path, 'the benchmark', access='sequential')
    rng = np.random.default_rng(1)
    total = 0
    for _ in range(boxes):
        x, y = rng.integers(0, img.shape[0] - _BOX, 2)
        crop, _ = crop_and_resize(img, (x, y, x + _BOX, y + _BOX), _CROP)
        total += int(crop.sum())
    return dict(seconds=time.perf_counter() - start, checksum=total,
                peak_mb=(peak_bytes() - before) / 1e6)


def peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM'):
            return int(line.split()[1]) * 1024
    raise RuntimeError('this system has no VmHWM in /proc/self/status')


if __name__ == '__main__':
    main()

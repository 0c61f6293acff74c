"""Seconds and peak memory of readers of a COCO file.

    python benchmarks/json_readers.py [--boxes 100000]

Generates a file of boxes, with and without polygons, and reads all of its
annotations with each reader in a process of its own.  Memory is the peak
beyond that before the file is opened (VmHWM of /proc/self/status: Linux).
Readers that are not installed are left out with a message.
"""

import argparse
import importlib.util
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

_MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Seconds and peak memory of readers of a COCO file')
    parser.add_argument('--boxes', type=int, default=100_000,
                        help='annotations in the file (%(default)s)')
    parser.add_argument('--out', help='JSON file for the figures')
    parser.add_argument('--measure', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(*args.measure)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for points in (0, 24):
            path = Path(folder) / f'{points}.json'
            write_file(path, args.boxes, points)
            name = f'{path.stat().st_size / _MIB:.0f} MiB, ' + (
                f'polygons of {points} points' if points else 'boxes only')
            for reader, (package, _) in READERS.items():
                if importlib.util.find_spec(package.partition('.')[0]) is None:
                    print(f'{reader}: {package} is not installed, left out')
                    continue
                result = subprocess.run(
                    [sys.executable, __file__, '--measure', reader, path],
                    stdout=subprocess.PIPE, check=True)
                rows.append(dict(file=name, reader=reader,
                                 **json.loads(result.stdout.splitlines()[-1])))
                print('{file} | {reader} | {seconds:.2f} s | {cpu_seconds:.2f} s '
                      'CPU | {peak_mib:.0f} MiB'.format(**rows[-1]), flush=True)
    if args.out:
        Path(args.out).write_text(json.dumps(rows, indent=2) + '\n')


def write_file(path: Path, boxes: int, points: int) -> None:
    """Write a COCO file of random boxes, each with a polygon of some points."""
    rng = random.Random(0)
    with open(path, 'w') as file:
        file.write('{"info": {}, "images": [], "categories": [], '
                   '"annotations": [')
        for i in range(boxes):
            entry = dict(area=round(rng.uniform(0, 9999), 4), iscrowd=0,
                         image_id=i // 7, category_id=i % 80 + 1, id=i,
                         bbox=[round(rng.uniform(0, 600), 2) for _ in range(4)])
            if points:
                entry['segmentation'] = [[round(rng.uniform(0, 600), 2)
                                          for _ in range(2 * points)]]
            file.write(', ' * (i > 0) + json.dumps(entry))
        file.write(']}')


def read_stream(path: str) -> Iterable[dict]:
    """Our own reader, the scan of the whole file included."""
    from mmdet_mal.datasets.annotation_file import AnnotationFile
    return AnnotationFile(path).entries('annotations')


def read_stream_dropping(path: str) -> Iterable[dict]:
    """Our own reader as labelling and training use it."""
    from mmdet_mal.datasets.annotation_file import AnnotationFile
    return AnnotationFile(path, segmentation='drop').entries('annotations')


def read_records(path: str) -> Iterable[object]:
    """Our own reader as the columns use it."""
    from mmdet_mal.datasets.annotation_file import AnnotationFile
    from mmdet_mal.datasets.coco_records import BoxRecord
    return AnnotationFile(path).records('annotations', BoxRecord)


def read_ijson(path: str) -> Iterable[dict]:
    """One pass of ijson over the annotations."""
    from ijson.backends import yajl2_c
    with open(path, 'rb') as file:
        yield from yajl2_c.items(file, 'annotations.item', use_float=True)


def read_json(path: str) -> Iterable[dict]:
    """The whole file at once, by the standard library."""
    with open(path, encoding='utf-8') as file:
        return json.load(file)['annotations']


def read_msgspec(path: str) -> Iterable[dict]:
    """The whole file at once, by msgspec."""
    import msgspec
    return msgspec.json.decode(Path(path).read_bytes())['annotations']


# By name: the package that is needed, and what reads.
READERS: dict[str, tuple[str, Callable[[str], Iterable[dict]]]] = {
    'AnnotationFile': ('mmdet_mal', read_stream),
    'AnnotationFile, segmentation dropped': ('mmdet_mal', read_stream_dropping),
    'AnnotationFile, records': ('mmdet_mal', read_records),
    'ijson (yajl2_c)': ('ijson', read_ijson),
    'json.load': ('json', read_json),
    'msgspec': ('msgspec', read_msgspec),
}


def measure(reader: str, path: str) -> dict:
    """Read a file; seconds and MiB beyond those of the imports."""
    if reader.startswith('AnnotationFile'):
        import mmdet_mal.datasets.annotation_file  # noqa: F401
    elif READERS[reader][0] != 'json':
        importlib.import_module(READERS[reader][0])
    before = peak_bytes()
    begin, cpu = time.perf_counter(), time.process_time()
    total = sum(1 for _ in READERS[reader][1](path))
    return dict(seconds=round(time.perf_counter() - begin, 2),
                cpu_seconds=round(time.process_time() - cpu, 2),
                peak_mib=round((peak_bytes() - before) / _MIB, 1),
                total=total)


def peak_bytes() -> int:
    """Largest resident memory of this process so far."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM:'):
            return int(line.split()[1]) * 1024
    raise OSError('/proc/self/status has no VmHWM; this benchmark needs Linux')


if __name__ == '__main__':
    main()

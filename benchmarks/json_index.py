"""Loading the index of a COCO file: time, and bytes a box.

    python -m benchmarks.json_index [--boxes 30000 300000]

Writes files of random boxes, with and without polygons, and loads each with
mmdet's CocoDataset (the baseline), with our training set and with our set for
labelling.  Memory is what the loaded index holds, counted by sizes for ours, and
as growth of the resident memory for all.
"""

import argparse
import gc
import random
import tempfile
from collections.abc import Callable
from json import dumps
from pathlib import Path

import mmdet_mal  # noqa: F401  its shields come before mmdet
from mmdet.datasets import CocoDataset

from benchmarks.commandline import make_parser, run
from benchmarks.machine import MIB, give_back_freed, status_bytes
from benchmarks.side_by_side import side_by_side
from mmdet_mal.datasets import BoxInstanceDataset, LabelChunkDataset

ROUNDS = 5
BOXES_PER_IMAGE = 7.3  # as COCO has
POINTS = 24            # of a polygon, about COCO's mean
SIZE = (480, 640)
CLASSES = [f'class {i + 1}' for i in range(80)]
TARGET = 3.


def write_file(path: Path, boxes: int, points: int) -> None:
    """Write a COCO file of random boxes, always the same one.

    Args:
        path (Path): Where.
        boxes (int): How many.
        points (int): Of the polygon of each; 0 leaves polygons out.
    """
    rng = random.Random(0)
    height, width = SIZE
    images = round(boxes / BOXES_PER_IMAGE) or 1
    with open(path, 'w', encoding='utf-8') as file:
        file.write('{"images": [' + ', '.join(dumps(dict(
            id=i, file_name=f'{i:012d}.jpg', height=height, width=width))
            for i in range(images)))
        file.write('], "categories": ' + dumps([
            dict(id=i + 1, name=name) for i, name in enumerate(CLASSES)]))
        file.write(', "annotations": [')
        for i in range(boxes):
            w, h = rng.uniform(60, 200), rng.uniform(60, 200)
            x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
            entry = dict(id=900_000 + i, image_id=rng.randrange(images),
                         category_id=rng.randrange(80) + 1, iscrowd=0,
                         area=round(w * h, 4),
                         bbox=[round(v, 2) for v in (x, y, w, h)])
            if points:
                entry['segmentation'] = [[
                    round(rng.uniform(0, 400), 2) for _ in range(2 * points)]]
            file.write(', ' * (i > 0) + dumps(entry))
        file.write(']}')


def loaders(path: Path) -> dict[str, Callable[[], object]]:
    """By name: what loads the index of a file and returns it."""
    def stock() -> CocoDataset:
        return CocoDataset(ann_file=str(path), data_prefix=dict(img=''),
                           metainfo=dict(classes=CLASSES), pipeline=[])

    return {
        'mmdet.CocoDataset': stock,
        'ours, training': lambda: BoxInstanceDataset(
            ann_file=str(path), min_area=0, check_images='none'),
        'ours, labelling': lambda: LabelChunkDataset(ann_file=str(path)),
    }


def resident_growth(load: Callable[[], object]) -> tuple[object, int]:
    """What is loaded, and the resident memory that it keeps in bytes."""
    gc.freeze()  # only what is loaded need be looked through below
    give_back_freed()
    before = status_bytes('VmRSS')
    loaded = load()
    gc.collect()
    gc.unfreeze()
    give_back_freed()
    return loaded, status_bytes('VmRSS') - before


def index_bytes(dataset: object) -> int | None:
    """Bytes of the arrays of one of our data sets, the image table apart."""
    if isinstance(dataset, LabelChunkDataset):
        return dataset.nbytes
    if isinstance(dataset, BoxInstanceDataset):
        return dataset.columns.nbytes
    return None


def measure(args: argparse.Namespace) -> list[dict]:
    """Time each file and weigh what was loaded."""
    results = []
    with tempfile.TemporaryDirectory() as temporary:
        for boxes in args.boxes:
            for points in (0, POINTS):
                path = Path(temporary) / f'{boxes}_{points}.json'
                write_file(path, boxes, points)
                size = path.stat().st_size / MIB
                kind = f'polygons of {points} points' if points else 'boxes only'
                paths = loaders(path)
                result = side_by_side(f'index of {boxes} boxes', paths,
                                      args.rounds,
                                      inputs=f'{size:.1f} MiB, {kind}')
                result['bytes_a_box'] = {}
                notes = []
                for name, load in paths.items():
                    loaded, grown = resident_growth(load)
                    own = index_bytes(loaded)
                    del loaded
                    result['bytes_a_box'][name] = dict(
                        resident=round(grown / boxes, 1),
                        arrays=None if own is None else round(own / boxes, 2))
                    arrays = '' if own is None else (
                        f' (arrays of the boxes: {own / boxes:.1f})')
                    notes.append(f'{kind}: {name} keeps {grown / boxes:.0f} '
                                 f'bytes a box{arrays}')
                result.update(target=TARGET, notes=notes)
                results.append(result)
                path.unlink()
    return results


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options beside the common ones."""
    parser.add_argument('--boxes', type=int, nargs='+',
                        default=[30_000, 300_000],
                        help='in the files (default: 30000 300000)')


def main() -> None:
    parser = make_parser(__doc__, ROUNDS)
    add_arguments(parser)
    run(parser, measure, quick=dict(boxes=[3_000]))


if __name__ == '__main__':
    main()

"""Peak memory of a label run against the number of boxes.

    python benchmarks/memory.py [--boxes 1000 30000 1000000]

Generates boxes like those of COCO (7.3 an image), labels them through the parts
of a real label run (doctor, chunks, shards, merge, validation; torch and mmdet
imported) with a model that needs no pixels, each size in a process of its own,
and prints the peak of the resident memory, the bytes of all that may grow with
the number of boxes, and seconds by stage.  The target: index aside, the peak
grows at most 1.1 times.  Linux: the peak is VmHWM of /proc/self/status,
reset before each stage.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

_BOXES_PER_IMAGE = 7.3
_SIZE = (480, 640)
_MIB = 1 << 20


def main() -> None:
    parser = argparse.ArgumentParser(
        description='Peak memory of a label run against the number of boxes')
    parser.add_argument('--boxes', type=int, nargs='+',
                        default=[1_000, 30_000, 1_000_000],
                        help='sizes of the data sets; growth is told against '
                        'the first (%(default)s)')
    parser.add_argument('--folder', help='where the files go and stay; by '
                        'default a temporary folder (1 GB for a million boxes)')
    parser.add_argument('--out', help='JSON file for the figures')
    parser.add_argument('--measure', nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        print(json.dumps(measure(*map(Path, args.measure))))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(args.folder or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [label(folder, count) for count in args.boxes]
    first = rows[0]['peak'] - rows[0]['index']
    for row in rows:
        row['growth'] = round((row['peak'] - row['index']) / first, 3)
    print(table(rows))
    if args.out:
        Path(args.out).write_text(json.dumps(rows, indent=2) + '\n')


def label(folder: Path, count: int) -> dict:
    """Generate a data set and label it in a fresh process."""
    boxes, masks = folder / f'boxes{count}.json', folder / f'masks{count}.json'
    write_boxes(boxes, count)
    print(f'{count} boxes, {boxes.stat().st_size / _MIB:.1f} MiB …', flush=True)
    result = subprocess.run(
        [sys.executable, __file__, '--measure', boxes, masks],
        stdout=subprocess.PIPE, check=True)
    return dict(boxes=count, file_bytes=boxes.stat().st_size,
                **json.loads(result.stdout.splitlines()[-1]))


def write_boxes(path: Path, count: int) -> None:
    """Write a COCO file of random boxes, always the same ones."""
    rng = random.Random(0)
    height, width = _SIZE
    images = round(count / _BOXES_PER_IMAGE) or 1
    with open(path, 'w') as file:
        file.write('{"info": {"year": 2017}, "images": [')
        for i in range(images):
            file.write(', ' * (i > 0) + json.dumps(dict(
                license=3, file_name=f'{i:012d}.jpg', height=height, width=width,
                date_captured='2013-11-14 11:18:45', id=i)))
        file.write('], "annotations": [')
        for i in range(count):
            w, h = rng.uniform(8, 200), rng.uniform(8, 200)
            bbox = (rng.uniform(0, width - w), rng.uniform(0, height - h), w, h)
            file.write(', ' * (i > 0) + json.dumps(dict(
                area=round(w * h, 4), iscrowd=0, image_id=rng.randrange(images),
                bbox=[round(v, 2) for v in bbox],
                category_id=rng.randrange(80) + 1, id=900_000 + i)))
        file.write('], "categories": ' + json.dumps(
            [dict(supercategory='thing', id=i + 1, name=f'class {i + 1}')
             for i in range(80)]) + '}')


def measure(boxes: Path, masks: Path) -> dict:
    """Label one data set; seconds, peaks and bytes of what grows."""
    seconds, peaks = {}, {}

    @contextmanager
    def stage(name: str):
        # The peak of each stage is its own; that of the run is the largest.
        Path('/proc/self/clear_refs').write_text('5')
        begin = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - begin, 2)
        peaks[name] = peak_bytes()

    with stage('imports'):
        import mmdet_mal.models  # noqa: F401 (what a real run has in memory)

        from mmdet_mal.datasets import LabelChunkDataset
        from mmdet_mal.doctor import diagnose
        from mmdet_mal.labelling.manifest import LabelManifest, hash_file
        from mmdet_mal.labelling.run import LabelRun
    with stage('doctor'):
        diagnose(str(boxes), check_images='none')
    with stage('columns and chunks'):
        dataset = LabelChunkDataset(str(boxes))
    index = dict(columns=dataset.nbytes, images=dataset.boxes.images.nbytes)
    run = LabelRun(str(boxes), str(masks))
    done = set(run.prepare(LabelManifest(
        '0', '0', hash_file(str(boxes)), len(dataset))).tolist())
    run.open_shard(0)
    with stage('label'):
        # Started again with the same --folder it goes on, as a real run does.
        for chunk in sorted(set(range(len(dataset))) - done):
            run.add(chunk, trivial_records(dataset, chunk))
    run.close()
    dataset.release()
    index['merge'] = merge_bytes(boxes, run.run_dir)
    with stage('merge and validate'):
        run.finish()
    # The columns of the label run are dropped before the merge.
    largest = max(index['columns'] + index['images'], index['merge'])
    return dict(peak=max(peaks.values()), index=largest, parts=index,
                seconds=seconds, peaks=peaks)


def trivial_records(dataset, chunk: int) -> list[dict]:
    """Records of a chunk by a model that fills every box."""
    from mmdet_mal.labelling.records import make_record
    from mmdet_mal.structures.rle import bbox_rle
    first, last = dataset._chunks[chunk].tolist()
    infos = map(dataset.boxes.get_data_info, range(first, last))
    return [make_record(info['ann_id'], bbox_rle(
        info['bbox'], (info['height'], info['width'])), .5,
        dict(mask_score=.5, box_fill=1., tightness=1.)) for info in infos]


def merge_bytes(boxes: Path, run_dir: str) -> int:
    """Bytes that the merge holds a box, counted in a process of its own so
    that the peak of this one stays that of a label run."""
    code = ('import sys\n'
            'from mmdet_mal.datasets import AnnotationFile\n'
            'from mmdet_mal.labelling.input_rows import InputRows\n'
            'from mmdet_mal.labelling.shard_index import ShardIndex\n'
            'rows = InputRows(AnnotationFile(sys.argv[1]))\n'
            'with ShardIndex(sys.argv[2]) as index:\n'
            '    print(rows.nbytes + index.nbytes)\n')
    result = subprocess.run([sys.executable, '-c', code, boxes, run_dir],
                            stdout=subprocess.PIPE, check=True)
    return int(result.stdout.splitlines()[-1])


def peak_bytes() -> int:
    """Largest resident memory of this process since it was last reset."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM:'):
            return int(line.split()[1]) * 1024
    raise OSError('/proc/self/status has no VmHWM; this benchmark needs Linux')


def table(rows: list[dict]) -> str:
    """The figures for people."""
    lines = ['| boxes | peak MiB | index MiB | a box | growth, index aside | '
             + ' | '.join(f'{name} s' for name in rows[0]['seconds']) + ' |',
             '| ' + '--- | ' * (5 + len(rows[0]['seconds']))]
    for row in rows:
        seconds = ' | '.join(f'{s:.1f}' for s in row['seconds'].values())
        lines.append(
            f"| {row['boxes']} | {row['peak'] / _MIB:.0f} | "
            f"{row['index'] / _MIB:.1f} | {row['index'] / row['boxes']:.1f} B | "
            f"{row['growth']:.3f} | {seconds} |")
    lines += ['', 'Peak of each stage in MiB:', '',
              '| boxes | ' + ' | '.join(rows[0]['peaks']) + ' |',
              '| ' + '--- | ' * (1 + len(rows[0]['peaks']))]
    lines += [f"| {row['boxes']} | " + ' | '.join(
        f'{peak / _MIB:.0f}' for peak in row['peaks'].values()) + ' |'
        for row in rows]
    return '\n'.join(lines)


if __name__ == '__main__':
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    main()

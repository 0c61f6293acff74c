"""A small input, the records a labeller would write for it, and a run."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mmdet_mal.labelling.manifest import LabelManifest, hash_file
from mmdet_mal.labelling.records import make_record
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.structures.rle import encode_window

CHUNK_BOXES = 4


@dataclass
class ToyInput:
    """An input file with its chunks and what a labeller says about them."""
    path: Path
    data: dict
    chunks: list

    def manifest(self, **changes):
        values = dict(checkpoint_sha256='c' * 64, config_sha256='d' * 64,
                      input_sha256=hash_file(str(self.path)),
                      num_chunks=len(self.chunks),
                      options=dict(chunk_boxes=CHUNK_BOXES))
        return LabelManifest(**{**values, **changes})

    def run(self, folder, **options):
        return LabelRun(str(self.path), str(Path(folder, 'masks.json')), **options)

    def label(self, folder, ranks=1, **options):
        """A whole undisturbed run; returns the bytes it wrote."""
        run = self.run(folder, **options)
        done = set(run.prepare(self.manifest()).tolist())
        left = [i for i in range(len(self.chunks)) if i not in done]
        for rank in range(ranks):
            run.open_shard(rank)
            for chunk in np.array_split(np.array(left, int), ranks)[rank]:
                run.add(int(chunk), self.chunks[chunk])
            run.close()
        run.finish()
        return Path(run.out_file).read_bytes()


def _annotation(ann_id, image_id, bbox, **more):
    return dict(id=ann_id, image_id=image_id, category_id=1 + ann_id % 3,
                bbox=bbox, **more)


def _record(rng, annotation, size):
    x, y, w, h = annotation['bbox']
    window = (int(x), int(y), int(np.ceil(x + w)), int(np.ceil(y + h)))
    mask = rng.random((window[3] - window[1], window[2] - window[0])) < .7
    mask[0, 0] = True
    return make_record(annotation['id'], encode_window(mask, window, size),
                       rng.random(), dict(fallback=None, mask_score=rng.random()))


@pytest.fixture
def toy(tmp_path):
    """40 boxes in 6 images, interleaved, with crowds and foreign keys."""
    rng = np.random.default_rng(3)
    images = [dict(id=10 + i, file_name=f'{i}.png', height=20 + i, width=30,
                   neg_category_ids=[3], license=2) for i in range(6)]
    annotations, records = [], []
    for ann_id in rng.permutation(np.arange(100, 140)).tolist():
        image = images[ann_id % 5]  # the sixth image has no box
        annotation = _annotation(
            ann_id, image['id'], [float(rng.integers(0, 20)), 2.5, 6.25, 9.],
            iscrowd=int(ann_id % 10 == 0), note=f'ümlaut {ann_id}')
        if ann_id % 4 == 0:  # human masks are in some inputs
            annotation.update(segmentation=[[1, 1, 5, 1, 5, 5]], area=8.)
        annotations.append(annotation)
        if not annotation['iscrowd']:
            records.append(
                _record(rng, annotation, (image['height'], image['width'])))
    # Chunks go by image, not by the order of the file.
    image_of = {a['id']: a['image_id'] for a in annotations}
    records.sort(key=lambda record: image_of[record['id']])
    chunks = [records[i:i + CHUNK_BOXES]
              for i in range(0, len(records), CHUNK_BOXES)]
    data = dict(info=dict(year=2026), licenses=[dict(id=2)], images=images,
                annotations=annotations,
                categories=[dict(id=i, name=f'c{i}', frequency='r')
                            for i in (1, 2, 3)],
                foreign=dict(kept=[1.5, None]))
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1))
    return ToyInput(path, data, chunks)

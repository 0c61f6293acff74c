"""Boxes and photographs to measure on: those at hand, else drawn ones."""

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

REPO = Path(__file__).resolve().parents[1]
# Height and width of drawn photographs of 12, 24 and 48 megapixels: what is
# saved per image shows more the larger it is.
LARGE = dict(drawn=(3000, 4000), drawn_24=(4000, 6000), drawn_48=(6000, 8000))


@dataclass(frozen=True)
class BoxFile:
    """A COCO file of boxes with its images.

    Attributes:
        ann_file: the file.
        images: folder of the images.
        name: what it is, for the reader of a table.
        boxes: number of boxes that are no crowd region.
    """

    ann_file: Path
    images: Path
    name: str
    boxes: int


def data_root() -> Path:
    """Folder of coco_mini and nuclei; MAL_DATA_ROOT, as in the configs."""
    return Path(os.environ.get('MAL_DATA_ROOT', REPO.parent / 'shared/data'))


def weights() -> Path | None:
    """Official DeiT-Ti weights, if they are at hand (MAL_WEIGHTS)."""
    path = Path(os.environ.get(
        'MAL_WEIGHTS', REPO.parent / 'shared/weights/deit_tiny_patch16_224.pth'))
    return path if path.is_file() else None


def fullest_images(name: str, folder: Path, boxes: int) -> BoxFile:
    """Training photographs of a set with the most boxes; drawn ones without.

    Args:
        name (str): ``'coco_mini'`` or ``'nuclei'``.
        folder (Path): Where the file is written.
        boxes (int): Images are added until there are so many boxes.
    """
    source = data_root() / name / 'annotations/boxes_train.json'
    if not source.is_file():
        return drawn_images(folder, images=max(1, boxes // 20), boxes=20,
                            size=(480, 640))
    data = json.loads(source.read_text())
    counts = Counter(a['image_id'] for a in data['annotations']
                     if not a['iscrowd'])
    chosen: set[int] = set()
    for image, _ in counts.most_common():
        if sum(counts[i] for i in chosen) >= boxes:
            break
        chosen.add(image)
    data['images'] = [i for i in data['images'] if i['id'] in chosen]
    data['annotations'] = [a for a in data['annotations']
                           if a['image_id'] in chosen]
    total = sum(counts[i] for i in chosen)
    path = folder / f'{name}_{boxes}.json'
    path.write_text(json.dumps(data))
    return BoxFile(path, source.parents[1] / 'images',
                   f'{total} boxes on {len(chosen)} images of {name}', total)


def first_boxes(data: BoxFile, folder: Path, count: int) -> BoxFile:
    """The first boxes of a file, with their images.

    Args:
        data (BoxFile): The file; as it is if it has no more boxes.
        folder (Path): Where the smaller file is written.
        count (int): How many boxes, at least 1; crowd regions are left out.

    Raises:
        ValueError: If the count is less than 1.
    """
    if count < 1:
        raise ValueError(f'boxes must be at least 1, got {count}')
    if count >= data.boxes:
        return data
    content = json.loads(data.ann_file.read_text())
    content['annotations'] = [a for a in content['annotations']
                              if not a['iscrowd']][:count]
    used = {a['image_id'] for a in content['annotations']}
    content['images'] = [i for i in content['images'] if i['id'] in used]
    path = folder / f'first_{count}_{data.ann_file.name}'
    path.write_text(json.dumps(content))
    return BoxFile(path, data.images, f'the first {count} of {data.name}', count)


def drawn_images(folder: Path, images: int, boxes: int,
                 size: tuple[int, int], seed: int = 0) -> BoxFile:
    """Draw ellipses on cloudy ground as JPEG, with their boxes.

    Args:
        folder (Path): Where file and images are written.
        images (int): How many.
        boxes (int): On each.
        size (tuple[int, int]): Height and width in pixels.
        seed (int): Of the drawing.
    """
    rng = np.random.default_rng(seed)
    height, width = size
    where = folder / f'drawn_{images}x{height}x{width}'
    where.mkdir(parents=True, exist_ok=True)
    data = dict(images=[], annotations=[], categories=[dict(id=1, name='thing')])
    for i in range(images):
        image = cv2.resize(rng.integers(0, 255, (30, 40, 3), np.uint8),
                           (width, height), interpolation=cv2.INTER_CUBIC)
        for _ in range(boxes):
            w, h = (int(v) for v in rng.uniform(.02, .15, 2) * (width, height))
            x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
            cv2.ellipse(image, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0,
                        360, rng.integers(0, 255, 3).tolist(), -1)
            data['annotations'].append(dict(
                id=len(data['annotations']) + 1, image_id=i + 1, category_id=1,
                iscrowd=0, bbox=[x, y, w, h], area=w * h))
        # Grain, so that it takes as long to decode as a photograph.
        grain = rng.integers(0, 24, (height, width, 1), np.uint8)
        cv2.imwrite(str(where / f'{i}.jpg'), cv2.add(image, np.repeat(grain, 3, 2)))
        data['images'].append(dict(id=i + 1, file_name=f'{i}.jpg',
                                   height=height, width=width))
    path = where / 'boxes.json'
    path.write_text(json.dumps(data))
    megapixels = height * width / 1e6
    count = images * boxes
    return BoxFile(path, where, f'{count} boxes on {images} drawn image'
                   f"{'s' if images > 1 else ''} of {megapixels:.2g} megapixels",
                   count)

"""COCO detection JSON."""

from collections.abc import Sequence
from typing import Any, ClassVar

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import finite
from .image_folder import ImageFolder
from .picture import UPRIGHT
from .probe import Probe
from .progress import watch
from .tally import Tally


class CocoReader(BoxReader):
    """COCO detection JSON: masks are dropped, everything else is kept.

    Ids, order and unknown keys stay.  Faulty boxes stay too; the doctor lists
    and repairs them.
    """

    name = 'coco'
    summary = 'COCO detection JSON; masks in it are dropped'
    # Where an image's name may stand.
    address_key: ClassVar[str | None] = None

    def recognise(self, probe: Probe) -> bool:
        outline = probe.json_outline
        return ({'images', 'annotations'} <= outline.keys()
                and 'videos' not in outline)

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             **options: Any) -> dict[str, Any]:
        from mmdet_mal.datasets.annotations import load_annotation_file
        data = load_annotation_file(path, segmentation='drop')
        data = {**data, 'annotations': [
            _as_box(entry) for entry in data['annotations']
            if _scores_enough(entry, min_box_score, path, tally)]}
        self._name_images(data['images'])
        if classes is not None:
            _renumber(data, classes, path)
        if images is not None:
            check_images(data, images, path, exif, tally)
        return data

    def _name_images(self, entries: Sequence[dict[str, Any]]) -> None:
        """Give images a ``file_name`` that have it elsewhere."""


def _as_box(entry: dict[str, Any]) -> dict[str, Any]:
    """An annotation whose area is that of its box."""
    entry.setdefault('iscrowd', 0)
    bbox = entry.get('bbox')
    try:
        entry['area'] = float(bbox[2] * bbox[3])
    except (TypeError, IndexError, KeyError):
        pass  # no box: the doctor says so
    return entry


def _scores_enough(entry: dict[str, Any], limit: float | None, path: str,
                   tally: Tally) -> bool:
    """Whether a box is to be kept; its score becomes ``box_score``."""
    where = f"{path}: annotation {entry.get('id')}"
    # A score beside 'mal' is that of a mask that a label run made.
    if 'score' in entry and 'mal' not in entry:
        entry.setdefault('box_score', entry.pop('score'))
    if limit is None:
        return True
    if 'box_score' not in entry:
        raise UserError(f'{where}: this box has no score, and --min-box-score '
                        'asks for one; leave it out')
    if finite(entry['box_score'], where, 'the score') >= limit:
        return True
    tally.add(f'boxes have a score below --min-box-score {limit:g} and are left '
              'out', where)
    return False


def _renumber(data: dict[str, Any], classes: Sequence[str], path: str) -> None:
    """Give classes the ids 1 to N in the order that was asked for."""
    names = {entry.get('id'): entry.get('name') for entry in data['categories']}
    ids = {name: number for number, name in enumerate(classes, 1)}
    old = {entry.get('name'): entry for entry in data['categories']}
    for entry in data['annotations']:
        name = names.get(entry.get('category_id'))
        if name not in ids:
            raise UserError(
                f"{path}: annotation {entry.get('id')}: class {name!r} is not "
                f"among the classes given ({', '.join(classes):.200}); add it "
                'there or correct it')
        entry['category_id'] = ids[name]
    data['categories'] = [{**old.get(name, {}), 'id': number, 'name': name}
                          for name, number in ids.items()]


def check_images(data: dict[str, Any], images: ImageFolder, path: str,
                  exif: str | None, tally: Tally) -> None:
    """Find each image, check its size, and turn boxes back by EXIF."""
    turned = {}
    for entry in watch(data['images'], 'images', 'image'):
        where = f"{path}: image {entry.get('id')}"
        name = entry.get('file_name')
        if not isinstance(name, str) or not name:
            raise UserError(f'{where}: has no file_name; add it')
        stated = (entry.get('width'), entry.get('height'))
        picture = images.look(images.find(name, where), where,
                              stated if all(stated) else None, exif)
        entry.update(file_name=picture.file_name, width=picture.width,
                     height=picture.height)
        if picture.turn != UPRIGHT:
            turned[entry.get('id')] = picture
            tally.add('images are turned by EXIF; their boxes are turned back',
                      where)
    for entry in data['annotations']:
        if picture := turned.get(entry.get('image_id')):
            where = f"{path}: annotation {entry.get('id')}"
            bbox = entry.get('bbox')
            if not isinstance(bbox, list) or len(bbox) != 4:
                raise UserError(f'{where}: bbox is {bbox!r:.80}, expected x, y, '
                                'width and height')
            entry['bbox'] = picture.to_stored(
                [finite(value, where, 'a coordinate') for value in bbox])

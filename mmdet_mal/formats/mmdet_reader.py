"""Predictions of mmdet's DetInferencer."""

import os
from collections.abc import Sequence
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import BoxReader
from .box_table import BoxTable, finite
from .image_folder import ImageFolder
from .json_file import load_json
from .probe import Probe, walk_files
from .progress import watch
from .tally import Tally


class MmdetReader(BoxReader):
    """``preds/*.json`` of DetInferencer, one file an image."""

    name = 'mmdet'
    summary = ('folder preds/ of mmdet\'s DetInferencer (or one file of it); '
               'needs --images and --classes')

    def recognise(self, probe: Probe) -> bool:
        if probe.is_folder:
            path = probe.first_file('.json')
            return path is not None and self.recognise(Probe(path))
        return {'labels', 'scores', 'bboxes'} <= probe.json_outline.keys()

    def read(self, path: str, images: ImageFolder | None, tally: Tally,
             classes: Sequence[str] | None = None,
             min_box_score: float | None = None, exif: str | None = None,
             **options: Any) -> dict[str, Any]:
        if images is None or classes is None:
            raise UserError(
                f'{path}: names neither images nor classes; give the folder of the '
                "images with --images and the detector's classes, in its order, "
                'with --classes A,B,…')
        files = [path]
        if os.path.isdir(path):
            files = [file for file in walk_files(path)
                     if file.lower().endswith('.json')]
        table = BoxTable(tally, classes, min_box_score, path)
        for file in watch(files, 'read', 'file'):
            data = load_json(file)
            rows = _rows(data, file)
            stem = os.path.splitext(os.path.relpath(file, path) if file != path
                                    else os.path.basename(file))[0]
            # Without a box, it does not matter what EXIF says.
            picture = images.look(images.find_stem(stem, file), file, None,
                                  exif if rows else 'stored')
            image_id = table.add_image(picture.file_name, picture.width,
                                       picture.height, file)
            for number, (label, score, bbox) in enumerate(rows, 1):
                where = f'{file}: prediction {number}'
                if (not isinstance(label, int) or isinstance(label, bool)
                        or not 0 <= label < len(classes)):
                    raise UserError(f'{where}: label is {label!r}, expected 0 to '
                                    f'{len(classes) - 1} (--classes)')
                if not isinstance(bbox, list) or len(bbox) != 4:
                    raise UserError(f'{where}: box is {bbox!r:.80}, expected two '
                                    'corners (rotated boxes are not read)')
                left, top, right, bottom = (
                    finite(value, where, 'a coordinate') for value in bbox)
                table.add_box(
                    image_id, classes[label], picture.to_stored(
                        [left, top, right - left, bottom - top]), where, score)
        return table.to_coco()


def _rows(data: Any, file: str) -> list[tuple]:
    """Label, score and box of each prediction."""
    lists = [data.get(key) if isinstance(data, dict) else None
             for key in ('labels', 'scores', 'bboxes')]
    if (not all(isinstance(values, list) for values in lists)
            or len({len(values) for values in lists}) != 1):
        raise UserError(f'{file}: expected lists labels, scores and bboxes of one '
                        'length, as DetInferencer writes them')
    return list(zip(*lists, strict=True))

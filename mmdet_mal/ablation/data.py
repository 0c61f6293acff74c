"""What a grid trains on, and what its masks are scored on."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.evaluation.mask_iou import human_rles, naming
from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.utils.errors import UserError


@dataclass(frozen=True)
class AblationData:
    """Files of a grid's trainings and scores.

    Attributes:
        boxes: COCO JSON with the boxes to train on; masks in it are not read.
        images: folder, archive or address of its images.
        human: COCO JSON with human masks of the boxes that are labelled and
            scored; only scores read the masks.
        score_images: where its images are.
        score_number: label and score about so many of its images, evenly
            spread; None takes all.
    """

    boxes: str
    images: str
    human: str
    score_images: str
    score_number: int | None = None

    @classmethod
    def from_options(cls, boxes: str | None = None, images: str | None = None,
                     human: str | None = None, score_images: str | None = None,
                     score_number: int | None = None) -> 'AblationData':
        """Fill in ``coco_mini`` (below ``MAL_DATA_ROOT``) for what is not given.

        Raises:
            UserError: a file is missing, or other boxes come without images.
        """
        root = Path(os.environ.get('MAL_DATA_ROOT', '../shared/data')) / 'coco_mini'
        mini = root / 'annotations'
        if boxes is None and not (mini / 'boxes_train.json').is_file():
            raise UserError(
                f'{mini}: no boxes_train.json; set MAL_DATA_ROOT to the folder '
                'that holds coco_mini/, or give --boxes, --images and --human')
        if (boxes is None) != (images is None):
            raise UserError('--boxes and --images belong together: give both, or '
                            'none for coco_mini')
        if human is None and boxes is not None:
            raise UserError('--boxes without --human: give the COCO JSON with '
                            'human masks that the labels are scored on')
        if human is not None and score_images is None and images is None:
            score_images = str(root / 'images')
        data = cls(
            boxes or str(mini / 'boxes_train.json'), images or str(root / 'images'),
            human or str(mini / 'instances_train.json'),
            score_images or images or str(root / 'images'), score_number)
        for path in (data.boxes, data.human):
            if not os.path.isfile(path):
                raise UserError(f'{path}: no such file')
        for path in (data.images, data.score_images):
            if '://' not in path and not os.path.exists(path):
                raise UserError(f'{path}: no such folder or archive of images')
        if score_number is not None and score_number < 1:
            raise UserError(f'--score-number {score_number}: expected 1 or more')
        return data

    def manifest(self) -> dict[str, Any]:
        """What decides results, for the folder's manifest."""
        return dict(boxes_sha256=hash_file(self.boxes),
                    human_sha256=hash_file(self.human),
                    score_number=self.score_number)

    def scored(self) -> dict:
        """The human COCO dictionary, cut to the images that are scored.

        Raises:
            UserError: it has no human masks, or is no COCO file.
        """
        return read_scored(self.human, self.score_number)

    def write_score_boxes(self, path: str | Path) -> None:
        """Write the boxes of :meth:`scored` without any mask.

        Args:
            path (str | Path): JSON file; kept as it is if it is there.
        """
        if os.path.exists(path):
            return
        data = self.scored()
        annotations = []
        for ann in data['annotations']:
            ann = {k: v for k, v in ann.items() if k != 'segmentation'}
            # The area of a human mask says something about that mask.
            ann['area'] = float(ann['bbox'][2] * ann['bbox'][3])
            annotations.append(ann)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with write_then_rename(str(path)) as file:
            json.dump(dict(images=data['images'], annotations=annotations,
                           categories=data['categories']), file)


def read_scored(human: str, number: int | None = None) -> dict:
    """A human COCO dictionary, cut to an even choice of its images.

    Args:
        human (str): COCO JSON with human masks.
        number (int, optional): about so many images; None takes all.

    Raises:
        UserError: it has no human masks, or is no COCO file.
    """
    data = load_annotation_file(human)
    if number is not None and number < len(data['images']):
        chosen = np.linspace(0, len(data['images']) - 1, number)
        images = [data['images'][i] for i in np.unique(chosen.round().astype(int))]
        ids = {image.get('id') for image in images}
        data = dict(data, images=images, annotations=[
            a for a in data['annotations'] if a.get('image_id') in ids])
    with naming(human):
        targets = human_rles(data)
    if not targets:
        raise UserError(f'{human}: has no boxes to be scored')
    return data

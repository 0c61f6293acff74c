"""COCO JSON: the masks JSON itself, chosen and reshaped."""

import json
from collections.abc import Iterator
from typing import Any

from mmdet_mal.utils.errors import UserError

from .base import MaskWriter
from .coco_file import write_lines
from .fidelity import Fidelity
from .mask import Annotation, read_mask
from .mask_set import MaskSet
from .polygon_options import shapes_option, simplify_option
from .tally import Tally


class CocoWriter(MaskWriter):
    """COCO JSON with run lengths or polygons, written as a stream.

    Nothing but what was asked for changes: order, ids and unknown keys stay.
    """

    name = 'coco'
    summary = 'COCO JSON with masks (RLE) or polygons'
    out_kind = 'file'
    options = (shapes_option('masks'), simplify_option(0.))

    def write(self, masks: MaskSet, out: str, tally: Tally,
              shapes: str = 'masks', simplify: float = 0.,
              **options: Any) -> None:
        fidelity = Fidelity(tally)
        annotations = masks.annotations()
        if shapes == 'polygons':
            annotations = _as_polygons(annotations, masks, fidelity, simplify)
        with open(out, 'w', encoding='utf-8') as file:
            separator = '{'
            for key in masks.source.keys():
                file.write(f'{separator}{json.dumps(key)}: ')
                separator = ',\n'
                if key == 'annotations':
                    write_lines(file, annotations)
                elif masks.source.is_list(key):
                    write_lines(file, masks.source.entries(key))
                else:
                    value = masks.source.value(key)
                    file.write(json.dumps(masks.annotate(key, value)))
            file.write('}\n')
        fidelity.report()


def _as_polygons(annotations: Iterator[Annotation], masks: MaskSet,
                 fidelity: Fidelity, simplify: float) -> Iterator[Annotation]:
    """Annotations with polygons; crowd regions stay run lengths, as in COCO."""
    from mmdet_mal.datasets.annotation_reader import is_crowd
    sizes = {entry.get('id'): (entry.get('height'), entry.get('width'))
             for entry in masks.source.entries('images')}
    for annotation in annotations:
        if not annotation.get('segmentation') or is_crowd(annotation):
            yield annotation
            continue
        where = f"{masks.path}: annotation {annotation.get('id')}"
        size = sizes.get(annotation.get('image_id'))
        if size is None or not all(size):
            raise UserError(f"{where}: image {annotation.get('image_id')!r} is not "
                            'among the images, or has no size')
        polygons = fidelity.polygons(read_mask(annotation, size, where), simplify)
        # An empty mask stays as it is: an empty list would be no segmentation.
        yield {**annotation, 'segmentation': [
            ring.reshape(-1).astype(float).tolist() for ring in polygons]
            } if polygons else annotation

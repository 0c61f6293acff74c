"""LabelMe: one JSON file an image."""

import base64
import io
import json
import os
from typing import Any

import numpy as np
from PIL import Image

from .base import MaskWriter
from .fidelity import Fidelity
from .mask import Mask
from .mask_set import MaskSet
from .output_names import OutputNames, open_output
from .polygon_options import shapes_option, simplify_option
from .progress import watch_images
from .tally import Tally

# Of LabelMe, whose layout this is.
_VERSION = '5.5.0'


class LabelmeWriter(MaskWriter):
    """LabelMe JSON files, to be put beside the images."""

    name = 'labelme'
    summary = 'folder of LabelMe JSON files (polygons or masks)'
    options = (shapes_option('polygons'), simplify_option(1.))

    def write(self, masks: MaskSet, out: str, tally: Tally,
              shapes: str = 'polygons', simplify: float = 1.,
              **options: Any) -> None:
        names, fidelity = OutputNames(), Fidelity(tally)
        for found in watch_images(masks.by_image(), masks.num_images):
            entries: list[dict[str, Any]] = []
            for group, mask in enumerate(found.masks, 1):
                entries += (_as_mask(mask, tally) if shapes == 'masks' else
                            _as_polygons(mask, simplify, group, fidelity, tally))
            for mask in found.regions:
                tally.add('crowd and ignored regions are left out: LabelMe has '
                          'none', f'annotation {mask.id}')
            file_name = found.image['file_name'].replace('\\', '/')
            content = dict(
                version=_VERSION, flags={}, shapes=entries,
                imagePath=os.path.basename(file_name), imageData=None,
                imageHeight=found.image['height'], imageWidth=found.image['width'])
            with open_output(out, f'{names.stem(file_name)}.json') as file:
                json.dump(content, file, indent=2)
        tally.note('put the JSON files beside their images, where LabelMe looks')
        fidelity.report()


def _shape(mask: Mask, kind: str, points: list) -> dict[str, Any]:
    """A shape; LabelMe keeps the score and does not show it."""
    shape = dict(label=mask.label, points=points, group_id=None, description='',
                 shape_type=kind, flags={}, mask=None)
    if mask.score is not None:
        shape['score'] = mask.score
    return shape


def _as_polygons(mask: Mask, simplify: float, group: int, fidelity: Fidelity,
                 tally: Tally) -> list[dict[str, Any]]:
    """Polygons of a mask; several of them share a group."""
    polygons = fidelity.polygons(mask, simplify)
    if len(polygons) > 1:
        tally.add('masks have several parts or holes and become several polygons '
                  'of one group', f'annotation {mask.id}')
    shapes = [_shape(mask, 'polygon', ring.astype(float).tolist())
              for ring in polygons]
    if len(shapes) > 1:
        shapes = [{**shape, 'group_id': group} for shape in shapes]
    return shapes


def _as_mask(mask: Mask, tally: Tally) -> list[dict[str, Any]]:
    """A shape of the kind 'mask': its first and last pixel, and a PNG."""
    pixels, left, top = mask.window()
    if not pixels.size:
        tally.add('masks are empty and are left out', f'annotation {mask.id}')
        return []
    png = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(png, 'PNG')
    height, width = pixels.shape
    shape = _shape(mask, 'mask',
                   [[float(left), float(top)],
                    [float(left + width - 1), float(top + height - 1)]])
    return [{**shape, 'mask': base64.b64encode(png.getvalue()).decode('ascii')}]

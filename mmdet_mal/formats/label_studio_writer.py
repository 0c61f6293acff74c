"""Label Studio JSON: masks as predictions, to be looked at by people."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from .base import MaskWriter
from .brush_rle import encode_brush
from .fidelity import Fidelity
from .mask import Mask
from .mask_set import ImageMasks, MaskSet
from .option import Option
from .output_names import open_output
from .polygon_options import shapes_option, simplify_option
from .progress import watch_images
from .tally import Tally

_PREFIX = '/data/local-files/?d='
_CONTROL = re.compile(r'[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')


class LabelStudioWriter(MaskWriter):
    """Tasks with predictions, and the labelling interface that shows them."""

    name = 'label-studio'
    summary = 'folder with tasks.json (brush masks or polygons) and label_config.xml'
    options = (
        shapes_option('masks'), simplify_option(1.),
        Option('image_prefix', 'what stands before the file name in the address of '
               f'an image (default: {_PREFIX}, Label Studio\'s local storage)',
               metavar='ADDRESS', default=_PREFIX))

    def write(self, masks: MaskSet, out: str, tally: Tally, shapes: str = 'masks',
              simplify: float = 1., image_prefix: str = _PREFIX,
              **options: Any) -> None:
        fidelity = Fidelity(tally)
        with open_output(out, 'tasks.json') as file:
            separator = '[\n'
            for found in watch_images(masks.by_image(), masks.num_images):
                task = _as_task(found, shapes, simplify, image_prefix, fidelity,
                                tally)
                file.write(separator + json.dumps(task))
                separator = ',\n'
            file.write('[]\n' if separator == '[\n' else '\n]\n')
        kind = 'Brush' if shapes == 'masks' else 'Polygon'
        with open_output(out, 'label_config.xml') as file:
            file.write('<View>\n  <Image name="image" value="$image" zoom="true"/>\n'
                       f'  <{kind}Labels name="label" toName="image">\n')
            for name in masks.class_names:
                value = quoteattr(_CONTROL.sub('\N{REPLACEMENT CHARACTER}', name))
                file.write(f'    <Label value={value}/>\n')
            file.write(f'  </{kind}Labels>\n</View>\n')
        tally.note('label_config.xml is the labelling interface for a new project; '
                   'then import tasks.json')
        fidelity.report()


def _as_task(found: ImageMasks, shapes: str, simplify: float, prefix: str,
             fidelity: Fidelity, tally: Tally) -> dict[str, Any]:
    """An image with its masks as one prediction."""
    for mask in found.regions:
        tally.add('crowd and ignored regions are left out: Label Studio has none',
                  f'annotation {mask.id}')
    results = [
        {**region, 'to_name': 'image', 'from_name': 'label', 'image_rotation': 0,
         'original_width': found.size[0], 'original_height': found.size[1],
         **({} if mask.score is None else {'score': mask.score})}
        for mask in found.masks
        for region in _regions(mask, shapes, simplify, found.size, fidelity, tally)]
    scores = [mask.score for mask in found.masks if mask.score is not None]
    prediction = dict(model_version='mmdet-mal', result=results)
    if scores:  # of the whole image, for sorting: its worst mask
        prediction['score'] = min(scores)
    name = found.image['file_name'].replace('\\', '/')
    return dict(data=dict(image=prefix + quote(name)), predictions=[prediction])


def _regions(mask: Mask, shapes: str, simplify: float, size: tuple[int, int],
             fidelity: Fidelity, tally: Tally) -> Iterator[dict[str, Any]]:
    """Regions of a mask, without what all regions of the image share."""
    if shapes == 'masks':
        if not mask.runs[1::2].sum():
            tally.add('masks are empty and are left out', f'annotation {mask.id}')
            return
        yield dict(id=f'm{mask.id}', type='brushlabels', value=dict(
            format='rle', rle=encode_brush(*mask.window(), size),
            brushlabels=[mask.label]))
        return
    polygons = fidelity.polygons(mask, simplify)
    if len(polygons) > 1:
        tally.add('masks have several parts or holes and become several polygons, '
                  'which Label Studio does not group', f'annotation {mask.id}')
    for number, ring in enumerate(polygons):
        percent = (ring * 100 / size).round(5).tolist()
        yield dict(id=f'm{mask.id}p{number}', type='polygonlabels', value=dict(
            points=percent, closed=True, polygonlabels=[mask.label]))

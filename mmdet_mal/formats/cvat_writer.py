"""CVAT for images 1.1 (XML)."""

import re
from collections.abc import Iterator
from typing import Any, TextIO
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from .base import MaskWriter
from .fidelity import Fidelity
from .mask import Mask
from .mask_set import MaskSet
from .polygon_options import shapes_option, simplify_option
from .progress import watch_images
from .tally import Tally

# Characters that XML 1.0 cannot hold, escaped or not.
_FORBIDDEN = re.compile('[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]')


class CvatWriter(MaskWriter):
    """CVAT's XML of an image task, written as a stream."""

    name = 'cvat'
    summary = "XML to be imported as 'CVAT 1.1' (masks or polygons)"
    out_kind = 'file'
    options = (shapes_option('masks'), simplify_option(1.))

    def write(self, masks: MaskSet, out: str, tally: Tally,
              shapes: str = 'masks', simplify: float = 1.,
              **options: Any) -> None:
        fidelity = Fidelity(tally)
        with open(out, 'w', encoding='utf-8') as file:
            _write_head(file, masks)
            images = watch_images(masks.by_image(), masks.num_images)
            for number, found in enumerate(images):
                width, height = found.size
                file.write(f'  <image id="{number}" name='
                           f'{_attribute(found.image["file_name"])} '
                           f'width="{width}" height="{height}">\n')
                for group, mask in enumerate(found.masks, 1):
                    file.writelines(
                        _as_mask(mask, tally) if shapes == 'masks' else
                        _as_polygons(mask, simplify, group, fidelity, tally))
                    if mask.score is not None:
                        tally.add("scores are left out: CVAT's labels have none",
                                  f'annotation {mask.id}')
                for mask in found.regions:
                    tally.add('crowd and ignored regions are left out: CVAT has '
                              'none', f'annotation {mask.id}')
                file.write('  </image>\n')
            file.write('</annotations>\n')
        fidelity.report()


def _write_head(file: TextIO, masks: MaskSet) -> None:
    """Write what comes before the images."""
    file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n'
               '  <version>1.1</version>\n  <meta>\n    <task>\n'
               f'      <size>{masks.num_images}</size>\n'
               '      <mode>annotation</mode>\n      <labels>\n')
    for name in masks.class_names:
        file.write('        <label>\n'
                   f'          <name>{escape(_clean(name))}</name>\n'
                   '          <attributes></attributes>\n        </label>\n')
    file.write('      </labels>\n    </task>\n  </meta>\n')


def _clean(text: str) -> str:
    return _FORBIDDEN.sub('\N{REPLACEMENT CHARACTER}', text)


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


def window_runs(pixels: np.ndarray) -> list[int]:
    """Lengths of alternating runs of a window, row by row, 0 first.

    Args:
        pixels: (h, w) bool.
    """
    flat = np.concatenate([[False], pixels.reshape(-1)])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return np.diff(np.concatenate([[0], edges, [pixels.size]])).tolist()


def _as_mask(mask: Mask, tally: Tally) -> Iterator[str]:
    pixels, left, top = mask.window()
    if not pixels.size:
        tally.add('masks are empty and are left out', f'annotation {mask.id}')
        return
    rle = ', '.join(map(str, window_runs(pixels)))
    yield (f'    <mask label={_attribute(mask.label)} source="auto" occluded="0" '
           f'rle="{rle}" left="{left}" top="{top}" width="{pixels.shape[1]}" '
           f'height="{pixels.shape[0]}" z_order="0">\n    </mask>\n')


def _as_polygons(mask: Mask, simplify: float, group: int, fidelity: Fidelity,
                 tally: Tally) -> Iterator[str]:
    """Polygons of a mask; several of them share a group."""
    polygons = fidelity.polygons(mask, simplify)
    grouped = f' group_id="{group}"' if len(polygons) > 1 else ''
    if grouped:
        tally.add('masks have several parts or holes and become several polygons '
                  'of one group', f'annotation {mask.id}')
    for ring in polygons:
        points = ';'.join(f'{x:.2f},{y:.2f}' for x, y in ring)
        yield (f'    <polygon label={_attribute(mask.label)} source="auto" '
               f'occluded="0" points="{points}" z_order="0"{grouped}>\n'
               '    </polygon>\n')

"""One PNG a mask."""

import csv
import os
from typing import Any

from PIL import Image

from mmdet_mal.structures.rle import rle_to_mask

from .base import MaskWriter
from .mask_set import MaskSet
from .output_names import OutputNames
from .progress import watch_images
from .tally import Tally


class PngWriter(MaskWriter):
    """A black and white PNG of the image's size a mask, and a CSV of all."""

    name = 'png'
    summary = 'folder with a PNG of the image\'s size a mask, and masks.csv'

    def write(self, masks: MaskSet, out: str, tally: Tally,
              **options: Any) -> None:
        names = OutputNames()
        with open(os.path.join(out, 'masks.csv'), 'w', encoding='utf-8',
                  newline='') as file:
            table = csv.writer(file)
            table.writerow(['file', 'image', 'annotation', 'class', 'score',
                            'area', 'iscrowd'])
            for found in watch_images(masks.by_image(), masks.num_images):
                stem = names.stem(found.image['file_name'])
                os.makedirs(os.path.join(out, stem), exist_ok=True)
                for number, mask in enumerate(found.masks + found.regions, 1):
                    # A number where an id could be any text.
                    own = mask.id if type(mask.id) is int else f'n{number}'
                    name = f'{stem}/{own}.png'
                    Image.fromarray(rle_to_mask(mask.rle)).save(
                        os.path.join(out, name), 'PNG')
                    table.writerow([
                        name, found.image['file_name'], mask.id, mask.label,
                        '' if mask.score is None else mask.score,
                        int(mask.runs[1::2].sum()),
                        int(number > len(found.masks))])

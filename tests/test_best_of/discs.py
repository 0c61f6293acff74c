"""Pictures of discs, and files of masks for their boxes."""

import json

import cv2
import numpy as np

from mmdet_mal.structures.rle import encode_window

SIZE = (90, 120)
# Centre and radius of each disc; two in image 1, one in image 2.
DISCS = {11: (1, 30, 40, 16), 12: (1, 85, 50, 20), 21: (2, 60, 45, 25)}
NOISE_SEED = 3


def disc(x, y, radius, shape=SIZE):
    rows, columns = np.mgrid[:shape[0], :shape[1]]
    return (rows + .5 - y)**2 + (columns + .5 - x)**2 <= radius**2


def rle_of(mask):
    return encode_window(mask, (0, 0, mask.shape[1], mask.shape[0]), mask.shape)


def picture(discs):
    """Orange discs on a blue-grey ground with noise."""
    rng = np.random.default_rng(NOISE_SEED)
    image = np.full((*SIZE, 3), (150, 110, 90), np.int64)
    for x, y, radius in discs:
        image[disc(x, y, radius)] = (40, 120, 220)
    return np.clip(image + rng.integers(-12, 13, image.shape), 0, 255
                   ).astype(np.uint8)


class World:
    """A folder with two images and masks files made by functions."""

    def __init__(self, root):
        self.root = root
        self.images = str(root / 'images')
        (root / 'images').mkdir()
        for image in (1, 2):
            cv2.imwrite(f'{self.images}/{image}.png', picture(
                [d[1:] for d in DISCS.values() if d[0] == image]))

    def data(self, mask_of, **more):
        """COCO JSON; ``mask_of(ann_id, x, y, radius)`` gives a bool mask."""
        annotations = [dict(
            id=number, image_id=image, category_id=1, iscrowd=0,
            bbox=[x - r, y - r, 2. * r, 2. * r], score=.5,
            segmentation=rle_of(mask_of(number, x, y, r)),
            area=int(mask_of(number, x, y, r).sum()), note='kept', **more)
            for number, (image, x, y, r) in DISCS.items()]
        annotations.append(dict(
            id=99, image_id=2, category_id=1, iscrowd=1, area=90,
            bbox=[0, 0, 1, 90], segmentation=dict(
                size=list(SIZE), counts=[0, 90, 90 * 119])))
        return dict(
            info=dict(year=2020), annotations=annotations,
            images=[dict(id=i, file_name=f'{i}.png', height=SIZE[0],
                         width=SIZE[1]) for i in (1, 2)],
            categories=[dict(id=1, name='disc')])

    def write(self, name, data):
        path = self.root / f'{name}.json'
        path.write_text(json.dumps(data))
        return str(path)

    def good(self, name='good'):
        """The discs themselves."""
        return self.write(name, self.data(lambda _, x, y, r: disc(x, y, r)))

    def boxes(self, name='boxes'):
        """Filled boxes."""

        def fill(_, x, y, r):
            mask = np.zeros(SIZE, bool)
            mask[y - r:y + r, x - r:x + r] = True
            return mask

        return self.write(name, self.data(fill))

    def halves(self, name='halves'):
        """The left halves of the discs."""

        def half(_, x, y, r):
            return disc(x, y, r) & (np.arange(SIZE[1]) < x)[None]

        return self.write(name, self.data(half))

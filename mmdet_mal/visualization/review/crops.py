"""Pictures of a page: each image is read once, and cut up for all its masks."""

import os
from collections.abc import Iterator, Sequence

from mmdet_mal.datasets.image_opening import open_image
from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.datasets.images import check_size
from mmdet_mal.utils.errors import UserError

from .view_window import Window, crop_jpeg

# Pictures a folder: some file systems and file managers are slow beyond that.
_IN_A_FOLDER = 1000
_JOURNAL = 'crops.log'


def crop_path(slot: int) -> str:
    """Return where the picture of a mask lies in the page's folder.

    Args:
        slot: position of the mask in the order of the images.
    """
    return f'crops/{slot // _IN_A_FOLDER}/{slot}.jpg'


class CropWriter:
    """Writes the pictures, and remembers which images are done.

    Args:
        folder: of the page, as it is being made.  A journal in it says which
            images are done, so that an interrupted build goes on.
        images: a folder, archive or address.
        names: file names of the images.
        shapes: (height, width) as stated, None if unknown.

    Attributes:
        problems (list[str]): One line for each image that cannot be shown.
        reused (int): Pictures that were there already.

    Raises:
        UserError: if there is no such folder or archive.
    """

    def __init__(self, folder: str, images: str, names: Sequence[str],
                 shapes: Sequence[tuple[int, int] | None]) -> None:
        self._folder = folder
        self._image_dir, self._backend_args = image_source(images)
        self._names = names
        self._shapes = shapes
        self.problems: list[str] = []
        self.reused = 0
        path = os.path.join(folder, _JOURNAL)
        self._done = set(_whole_numbers(path))
        # A torn last line must not swallow the next one.
        self._journal = open(path, 'a', encoding='ascii')
        self._journal.write('\n')

    def __enter__(self) -> 'CropWriter':
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._journal.close()

    def remove_journal(self) -> None:
        """Forget what was done; for a page that is complete."""
        self._journal.close()
        os.remove(os.path.join(self._folder, _JOURNAL))

    def write(self, image: int, slots: Sequence[int],
              windows: Sequence[Window | None], who: str) -> bool:
        """Write the pictures of all masks of an image.

        Args:
            image: position of the image; -1 for one that is not listed.
            slots: of its masks.
            windows: what each of them shows; None for nothing.
            who: whom the image is read for, for messages.

        Returns:
            Whether there are pictures; if not, ``problems`` says why.
        """
        if image in self._done:
            self.reused += len(slots)
            return True
        if image < 0:
            self.problems.append(f'{who} names an image that is not listed')
            return False
        if self._shapes[image] is None or not self._names[image]:
            self.problems.append(
                f'{self._names[image] or who}: the entry of the image has no '
                'file name, height or width')
            return False
        path = join_image_path(self._image_dir, self._names[image])
        try:
            img = open_image(path, who, backend_args=self._backend_args)
            check_size(path, who, img.shape[:2], self._shapes[image])
            for slot, window in zip(slots, windows, strict=True):
                if window is not None:
                    self._write_file(slot, crop_jpeg(img, window))
        except UserError as error:
            self.problems.append(' '.join(str(error).split()))
            return False
        self._journal.write(f'{image}\n')
        self._journal.flush()
        return True

    def _write_file(self, slot: int, content: bytes) -> None:
        path = os.path.join(self._folder, crop_path(slot))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content)


def _whole_numbers(path: str) -> Iterator[int]:
    """Numbers of the whole lines of a file, none if it is not there."""
    try:
        with open(path, encoding='ascii', errors='replace') as file:
            for line in file:
                if line.endswith('\n') and line.strip().isdigit():
                    yield int(line)
    except FileNotFoundError:
        return

"""Pictures and label files in the layouts that tools really write."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

_ORIENTATION = 0x0112


@pytest.fixture
def photo() -> Callable[..., Path]:
    """Writes an image of a size (w, h), with an EXIF orientation if asked."""

    def write(path: Path, size: tuple[int, int], orientation: int = 1) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new('RGB', size)
        exif = image.getexif()
        if orientation != 1:
            exif[_ORIENTATION] = orientation
        image.save(path, exif=exif)
        return path

    return write


@pytest.fixture
def write(tmp_path) -> Callable[[str, str], Path]:
    """Writes a text file below the temporary folder."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')
        return path

    return put


@pytest.fixture
def boxes() -> Callable[[dict], list[tuple]]:
    """What matters of a COCO dict: file name, class and box, sorted."""

    def pick(data: dict) -> list[tuple]:
        names = {image['id']: image['file_name'] for image in data['images']}
        classes = {entry['id']: entry['name'] for entry in data['categories']}
        return sorted((names[entry['image_id']], classes[entry['category_id']],
                       *entry['bbox']) for entry in data['annotations'])

    return pick

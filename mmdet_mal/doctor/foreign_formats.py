"""Names what a JSON file is that is not a COCO detection file."""

from collections.abc import Iterable
from itertools import islice

from mmdet_mal.datasets.json_stream import JsonStream

# Keys that give a format away, and what to do with such a file.
_LIST_ENTRIES = (
    ({'bbox', 'score'}, 'a list of predictions (COCO or LVIS results): give '
     'the annotations that they belong to'),
    ({'segmentation', 'score'}, 'a list of predicted masks: give the boxes '
     'that they belong to'),
    ({'bbox', 'image_id'}, 'the bare list of annotations: wrap it into an '
     'object with images, annotations and categories'),
    ({'file_name'}, 'the bare list of images: wrap it into an object with '
     'images, annotations and categories'),
)
_OBJECT_KEYS = (
    ({'shapes'}, 'a labelme file of one image: convert all of them'),
    ({'_via_img_metadata'}, 'a VIA project: export it as COCO'),
    ({'features'}, 'a GeoJSON file: convert it'),
    ({'videos', 'annotations'}, 'a video data set (YT-VIS): convert it to '
     'one entry an image'),
    ({'images', 'categories'}, 'the list of images of a test set, without '
     'boxes'),
    ({'images', 'annotations'}, 'a file without its classes: add them under '
     "'categories' as objects with id and name"),
)


def name_format(content: JsonStream | Iterable[str]) -> str:
    """Say what a file seems to be.

    Args:
        content (JsonStream | Iterable[str]): A stream at the beginning of a
            document that is no object, or the top-level keys of one.

    Returns:
        str: A phrase for a message.
    """
    if isinstance(content, JsonStream):
        return _name_document(content)
    keys = set(content)
    for marks, name in _OBJECT_KEYS:
        if marks <= keys:
            return f'it seems to be {name}'
    found = ', '.join(sorted(keys)[:10])
    return f'found {found:.200}' if found else 'the object is empty'


def _name_document(stream: JsonStream) -> str:
    """Say what a document that is no object seems to be."""
    if stream.peek() != '[':
        value = stream.value()
        stream.end()
        return f'it is nothing but a {type(value).__name__}'
    for entry in islice(stream.items(), 1):
        if isinstance(entry, dict):
            for marks, name in _LIST_ENTRIES:
                if marks <= entry.keys():
                    return f'it seems to be {name}'
            found = ', '.join(sorted(entry)[:10])
            return f'it is a list of objects with {found:.200}'
        return f'it is a list whose first entry is a {type(entry).__name__}'
    return 'it is an empty list'

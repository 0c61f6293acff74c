"""What an input is, so that another one is noticed."""

import hashlib
import os

from mmdet_mal.labelling.manifest import hash_file

# Files of a folder that hold boxes; of others (images) only name and size count.
_BOX_SUFFIXES = ('.txt', '.xml', '.json', '.csv', '.yaml', '.yml', '.names')


def hash_boxes(path: str) -> str:
    """SHA-256 of a file, or of all files with boxes in a folder.

    Args:
        path: Of the boxes, in any format.

    Raises:
        LabelRunError: If a file cannot be read.
    """
    if not os.path.isdir(path):
        return hash_file(path)
    digest = hashlib.sha256()
    for folder, subfolders, files in os.walk(path):
        subfolders.sort()
        for name in sorted(files):
            file = os.path.join(folder, name)
            if name.lower().endswith(_BOX_SUFFIXES):
                content = hash_file(file)
            else:
                content = str(os.stat(file).st_size)
            # NUL: the one character that is in no file name.
            digest.update(os.fsencode(os.path.relpath(file, path)) + b'\0'
                          + content.encode() + b'\0')
    return digest.hexdigest()

"""Where images come from: a folder, an archive, a database or an address."""

import os
import os.path as osp

from mmengine.fileio.backends import prefix_to_backends

from mmdet_mal.utils.errors import UserError

# What tar calls its compressed forms; in none of them can one file be read
# without unpacking everything before it.
_PACKED_TARS = ('.tar.gz', '.tgz', '.tar.bz2', '.tbz2', '.tar.xz', '.txz',
                '.tar.zst')
_ARCHIVES = ('.zip', '.tar', '.lmdb') + _PACKED_TARS


def image_source(images: str) -> tuple[str, dict | None]:
    """Turn what a person gives as ``--images`` into mmengine's terms.

    Args:
        images (str): One of

            * a folder,
            * ``photos.zip`` or ``photos.tar``; ``photos.zip/train`` names a
              folder inside it,
            * ``photos.lmdb``, whose keys are the file names (again with
              ``/prefix`` where the keys have one),
            * an address: ``http://…``, ``https://…``, ``s3://…`` or
              ``petrel://…``.

    Returns:
        tuple[str, dict | None]: What file names are joined to (folder,
        address, or the folder inside the archive; '' for none), and
        ``backend_args``; None where mmengine finds the backend by itself.

    Raises:
        UserError: If there is no such folder or archive, its kind cannot be
            read by random access, or the address is of an unknown kind.
    """
    if '://' in images:
        return _address(images), None
    archive, inside = _split_archive(images)
    if archive is None:
        if not osp.isdir(images):
            raise UserError(
                f'{images}: no such folder of images (working directory '
                f'{os.getcwd()}); give a folder, a .zip, .tar or .lmdb, or '
                'an address such as https://…')
        return images, None
    kind = archive.lower()
    if kind.endswith(_PACKED_TARS):
        raise UserError(
            f'{archive}: a compressed tar cannot be read by random access; '
            'unpack it, or repack it as a plain .tar or a .zip (images hardly '
            'shrink by compression)')
    if kind.endswith('.zip'):
        return inside, dict(backend='mal_zip', archive=archive)
    if kind.endswith('.tar'):
        return inside, dict(backend='mal_tar', archive=archive)
    args = dict(backend='mal_lmdb', db_path=archive)
    if not osp.isdir(archive):  # a database of a single file
        args['subdir'] = False
    return inside, args


def join_image_path(image_dir: str, file_name: str) -> str:
    """Path of an image: folder and file name, or the name if absolute.

    Args:
        image_dir (str): Folder, address or folder inside an archive; '' for
            none.
        file_name (str): As in the annotation file.

    Returns:
        str: What a file backend takes.  mmengine's ``join_path`` would need
        the backend's client for that, and has none for HTTP.
    """
    if not image_dir or osp.isabs(file_name) or '://' in file_name:
        return file_name
    if '://' in image_dir:
        return f"{image_dir.rstrip('/')}/{file_name}"
    return osp.join(image_dir, file_name)


def _address(images: str) -> str:
    """Check the kind of an address."""
    kind = images.partition('://')[0].rpartition(':')[2]
    if kind not in prefix_to_backends:
        known = ', '.join(f'{k}://' for k in sorted(prefix_to_backends) if k)
        raise UserError(
            f'{images}: addresses of the kind {kind}:// are not known, these '
            f'are: {known}; mount the storage as a folder, or register a file '
            'backend with mmengine.fileio.register_backend')
    return images


def _split_archive(images: str) -> tuple[str | None, str]:
    """Split 'a/photos.zip/train' into archive and folder inside it.

    A folder that happens to be called x.zip is a folder.  An archive that
    does not exist is told from a folder by its name.
    """
    head, inside = images.rstrip('/'), ''
    while head and head != osp.dirname(head):
        name = head.lower()
        is_folder = osp.isdir(head) and not name.endswith('.lmdb')
        if name.endswith(_ARCHIVES) and not is_folder:
            if not osp.exists(head):
                raise UserError(f'{head}: no such archive of images (working '
                                f'directory {os.getcwd()}); correct the path')
            return head, inside
        head, tail = osp.split(head)
        inside = f'{tail}/{inside}' if inside else tail
    return None, ''

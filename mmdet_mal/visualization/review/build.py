"""Puts a review page together from label files and images."""

import datetime
import hashlib
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from mmdet_mal.datasets.id_column import IdLookup
from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.evaluation.mask_iou import rle_iou
from mmdet_mal.labelling.files import (check_writable, temporary_name,
                                         write_then_rename)
from mmdet_mal.labelling.progress import show_progress
from mmdet_mal.utils.errors import UserError
from mmdet_mal.version import __version__

from .annotation import id_text, mal_details, read_mal, read_mask, read_score
from .crops import CropWriter
from .images import ReviewImages, read_images
from .label_file import LabelFile, open_label_files
from .page_folder import PageFolder, folder_name
from .read_rows import read_rows
from .rows import ReviewRows
from .spool import MaskSpool
from .summary import ReviewSummary
from .view_window import view_size

# Of the files that the page reads; a change makes interrupted builds start anew.
PAGE_VERSION = 1
# A file of rows or images is read while the page starts, a file of masks when
# one of them comes into view.
ROWS_A_FILE = 5000
IMAGES_A_FILE = 5000
MASKS_A_FILE = 64


def build_review(masks: Sequence[tuple[str, str]],
                 images: str,
                 out_html: str,
                 human: str | None = None,
                 progress: bool = True,
                 worst: int | None = None) -> ReviewSummary:
    """Write a page on which a person looks at masks and decides on each.

    The page is a folder ``<name>_files`` beside ``<name>.html``.  It works from
    a disk, without a server and without the network.  Images are read once
    each, masks pass through a temporary file, so memory grows by some hundred
    bytes a mask.  A build that was interrupted goes on where it was.

    Args:
        masks: (name, path) of COCO JSONs with masks of the same boxes.  The
            first is judged; the others are shown beside it, by annotation id.
        images: a folder, archive or address, see
            :func:`~mmdet_mal.datasets.image_source.image_source`.
        out_html: the page; an older page of that name is replaced.
        human: path of a JSON with human masks, shown as one file more.
        progress: whether to show a bar when it takes longer than a moment.
        worst: only so many masks of the lowest scores.

    Returns:
        What the page holds.

    Raises:
        UserError: if a file cannot be read or written, not one mask is found,
            or a further file has no mask of these boxes.
    """
    out_html = os.fspath(out_html)
    if os.path.splitext(out_html)[1].lower() not in ('.html', '.htm'):
        raise UserError(f'{out_html}: expected a name that ends in .html')
    files = open_label_files(list(masks), human)
    images = str(images)
    image_source(images)  # before anything is written
    check_writable(out_html, 'the review page')
    for file in files:
        if os.path.realpath(file.path) == os.path.realpath(out_html):
            raise UserError(f'{out_html}: this is one of the inputs')
    summary = ReviewSummary(out_html, folder_name(out_html))
    watch = show_progress if progress else _plain
    inputs = dict(
        page=PAGE_VERSION, version=__version__, worst=worst,
        # Not its name: a page may be handed on, where we keep our folders not.
        images=hashlib.sha256(os.path.abspath(images).encode()).hexdigest(),
        files=[[file.name, file.kind, file.sha256] for file in files])
    try:
        # Held open all the time: of two builds of one page, the second is refused.
        with write_then_rename(out_html) as html:
            try:
                with PageFolder(out_html, inputs) as folder:
                    _fill(folder, files, images, summary, worst, watch)
                    html.write(folder.copy_static())
                    summary.megabytes = folder.megabytes()
                    folder.publish()
            except UserError:
                os.remove(temporary_name(out_html))
                raise
    except OSError as error:
        raise UserError(
            f'{out_html}: the page cannot be written ({error.strerror or error}); '
            'make space, and the same command goes on') from error
    return summary


def _fill(folder: PageFolder, files: list[LabelFile], images_at: str,
          summary: ReviewSummary, worst: int | None, watch: Any) -> None:
    """Write all data files and pictures of a page."""
    images = read_images(files[0])
    spool_paths = [os.path.join(folder.path, f'masks{i}.tmp')
                   for i in range(len(files))]
    rows, spool = read_rows(files[0], images, spool_paths[0], summary, worst,
                            watch)
    spools, scores, ious = [spool], [rows.scores], []
    for file, path in zip(files[1:], spool_paths[1:], strict=True):
        spool, score, iou = _read_further(file, images, rows, spools[0], path,
                                          summary, watch)
        spools.append(spool)
        scores.append(score)
        ious.append(iou)
    order = rows.by_image()
    pictures = _write_pictures(folder, images_at, images, rows, order, summary,
                               watch)
    _write_masks(folder, rows, order, spools)
    _write_tables(folder, files, images, rows, order, pictures, scores, ious,
                  summary)
    for spool, path in zip(spools, spool_paths, strict=True):
        spool.close()
        os.remove(path)
    summary.boxes = len(rows)
    summary.images = len(set(rows.images))


def _read_further(file: LabelFile, images: ReviewImages, rows: ReviewRows,
                  judged: MaskSpool, path: str, summary: ReviewSummary,
                  watch: Any) -> tuple[MaskSpool, list, list]:
    """Read another file's masks of the same boxes.

    Returns:
        Its spool, its scores, and the IoU with the judged mask; None each
        where there is none.
    """
    lookup = IdLookup(rows.ids)
    spool = MaskSpool(path, len(rows))
    scores: list[float | None] = [None] * len(rows)
    ious: list[float | None] = [None] * len(rows)
    total = file.source.count('annotations')
    summary.unfit[file.name] = 0
    for entry in watch(file.source.entries('annotations'), total,
                       f'read {file.name}'):
        row = lookup.row(id_text(entry.get('id')))
        if row < 0 or row in spool:
            continue
        image = rows.images[row]
        rle, _, counts, outside = read_mask(
            entry, images.shapes[image] if image >= 0 else None,
            rows.windows[row])
        if rle is None:
            summary.unfit[file.name] += bool(entry.get('segmentation'))
            continue
        spool.put(row, [counts, outside, mal_details(read_mal(entry))])
        scores[row] = read_score(entry)
        mine = judged.get(row)[3]
        if mine is not None:
            ious[row] = round(rle_iou(mine, rle), 4)
    summary.matched[file.name] = spool.count
    if len(rows) and not spool.count:
        raise UserError(
            f'{file.path}: has no mask for any of the boxes; expected a JSON '
            'with the same annotation ids and images')
    return spool, scores, ious


def _write_pictures(folder: PageFolder, images_at: str, images: ReviewImages,
                    rows: ReviewRows, order: np.ndarray,
                    summary: ReviewSummary, watch: Any) -> np.ndarray:
    """Write the crops; whether each row has one, bool (n,)."""
    there = np.zeros(len(rows), dtype=bool)
    with CropWriter(folder.path, images_at, images.names,
                    images.shapes) as crops:
        bar = iter(watch(order, len(order), 'cut pictures'))
        slots = zip(itertools.count(), bar, strict=False)
        for image, group in itertools.groupby(
                slots, key=lambda item: rows.images[item[1]]):
            members = list(group)
            windows = [rows.windows[row] for _, row in members]
            done = crops.write(image, [slot for slot, _ in members], windows,
                               f'annotation {rows.ids[members[0][1]]}')
            for (_, row), window in zip(members, windows, strict=True):
                there[row] = done and window is not None
        summary.no_picture = crops.problems
        summary.crops_reused = crops.reused
        crops.remove_journal()
    return there


def _write_masks(folder: PageFolder, rows: ReviewRows, order: np.ndarray,
                 spools: list[MaskSpool]) -> None:
    """Write run lengths and details, in the order of the images."""
    for number, first in enumerate(range(0, len(order), MASKS_A_FILE)):
        entries = []
        for row in order[first:first + MASKS_A_FILE].tolist():
            window = rows.windows[row]
            height, width = view_size(window) if window else (0, 0)
            found = [spool.get(row) or [None, 0, []] for spool in spools]
            entries.append([width, height, [one[:3] for one in found]])
        folder.write_script(f'masks_{number}', 'masks', number, entries)


def _write_tables(folder: PageFolder, files: list[LabelFile],
                  images: ReviewImages, rows: ReviewRows, order: np.ndarray,
                  pictures: np.ndarray, scores: list, ious: list,
                  summary: ReviewSummary) -> None:
    """Write what the page knows of all masks from the start, worst first."""
    slots = np.empty(len(rows), dtype=np.int64)
    slots[order] = np.arange(len(rows))
    ranks = rows.worst_first()
    used = sorted({image for image in rows.images if image >= 0})
    places = {image: place for place, image in enumerate(used)}
    for number, first in enumerate(range(0, len(used), IMAGES_A_FILE)):
        folder.write_script(f'images_{number}', 'images', number, [
            [images.names[image], str(images.ids[image])]
            for image in used[first:first + IMAGES_A_FILE]])
    for number, first in enumerate(range(0, len(rows), ROWS_A_FILE)):
        chosen = ranks[first:first + ROWS_A_FILE].tolist()
        folder.write_script(f'rows_{number}', 'rows', number, dict(
            id=[rows.ids[row] for row in chosen],
            slot=slots[chosen].tolist(),
            position=chosen,
            image=[places.get(rows.images[row], -1) for row in chosen],
            cls=[rows.classes[row] for row in chosen],
            size=[rows.sizes[row] for row in chosen],
            box=[rows.boxes[row] for row in chosen],
            window=[rows.windows[row] for row in chosen],
            area=[rows.areas[row] for row in chosen],
            fallback=[rows.fallbacks[row] for row in chosen],
            picture=[int(pictures[row]) for row in chosen],
            scores=[[column[row] for row in chosen] for column in scores],
            ious=[[column[row] for row in chosen] for column in ious]))
    folder.write_script('meta', 'meta', dict(
        version=PAGE_VERSION,
        built=datetime.datetime.now(datetime.UTC).isoformat(timespec='seconds'),
        masks=dict(file=os.path.basename(files[0].path),
                   sha256=files[0].sha256),
        files=[dict(name=file.name, kind=file.kind,
                    file=os.path.basename(file.path)) for file in files],
        classes=rows.class_names, fallbacks=rows.fallback_names,
        rows=len(rows), rowsAFile=ROWS_A_FILE,
        images=len(used), imagesAFile=IMAGES_A_FILE,
        masksAFile=MASKS_A_FILE,
        leftOut=summary.left_out, crowds=summary.crowds))


def _plain(items: Iterable[Any], total: int, what: str) -> Iterator[Any]:
    """Yield items, without a bar."""
    yield from items

"""From shards to the masks JSON: the input with masks, nothing else changed.

The input JSON is parsed in one pass, and so is the output when it is validated
(some 2 KiB of memory a box in all); records are read from the shards one by one
and annotations are written one by one, one a line, so a streaming parser in
place of the two passes makes the memory constant.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

import numpy as np

from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.datasets.faults import find_faults
from mmdet_mal.structures.rle import RLE, bbox_rle, encode_window, rle_area

from .errors import LabelRunError
from .files import check_writable, temporary_name, write_then_rename
from .manifest import LabelManifest
from .shard_index import ShardIndex
from .summary import LabelSummary
from .validate import find_differences

# Kinds of fallback that only the merge can see; the others come from the
# labeller (``empty_mask``, ``image_unreadable``) and from the data's faults.
NOT_LABELLED = 'not_labelled'
SIZE_MISMATCH = 'mask_size_mismatch'
CROWD_BOX = 'crowd_box'

Lookup = Callable[[Any], dict[str, Any] | None]

_LISTED_PROBLEMS = 10


def merge_shards(input_json: str, run_dir: str, out_file: str) -> LabelSummary:
    """Write the masks JSON of a label run whose chunks are all done.

    The result depends on the input and the records only, not on how many ranks
    wrote them, in which order, or how often.

    Args:
        input_json: the file that was labelled.
        run_dir: with ``manifest.json`` and ``shards``; it is not changed.
        out_file: the masks JSON; replaced in one step once it is validated.

    Returns:
        What was written.

    Raises:
        LabelRunError: if chunks are missing, the output cannot be written, or
            it fails its validation; ``out_file`` is then as before.
        AnnotationError: if the input cannot be read.
    """
    manifest = LabelManifest.load(run_dir)
    with ShardIndex(run_dir) as index:
        missing = index.missing(manifest.num_chunks)
        if missing.size:
            raise LabelRunError(
                f'{run_dir}: {missing.size} of {manifest.num_chunks} chunks are '
                f'not labelled yet (the first is {missing[0]}); start the label '
                'run again, it resumes there')
        data = load_annotation_file(input_json)
        return write_labels(data, index.get, out_file, manifest.provenance())


def write_labels(data: dict[str, Any], lookup: Lookup, out_file: str,
                 provenance: Mapping[str, Any]) -> LabelSummary:
    """Write a masks JSON from an input and one record a box, and validate it.

    Args:
        data: the parsed input; not changed.
        lookup: gives the record of an annotation id (see :mod:`.records`), or
            None.  It is called once for each annotation that is no crowd.
        out_file: the masks JSON.
        provenance: becomes ``info['mal']``; must not hold what differs between
            equal runs, such as times and paths.

    Returns:
        What was written.

    Raises:
        LabelRunError: if the output cannot be written or is not valid.
    """
    check_writable(out_file, 'the masks JSON')
    summary = LabelSummary(out_file, images=len(data['images']))
    labeller = _Annotator(data, lookup, summary)
    try:
        with write_then_rename(out_file) as file:
            _write(file, data, labeller, provenance)
            file.flush()
            problems = find_differences(data, temporary_name(out_file))
            if problems:
                more = len(problems) - _LISTED_PROBLEMS
                listed = '; '.join(problems[:_LISTED_PROBLEMS])
                raise LabelRunError(
                    f'{temporary_name(out_file)}: not renamed to {out_file} '
                    f'because it is not valid: {listed}'
                    + (f'; and {more} more' if more > 0 else '')
                    + '; this is a fault of the program, please report it')
    except OSError as error:
        raise LabelRunError(
            f'{out_file}: cannot be written ({error.strerror}); make space and '
            'start the same command again, only the merge is repeated') from None
    return summary


class _Annotator:
    """Turns an input annotation into the one that is written."""

    def __init__(self, data: dict[str, Any], lookup: Lookup,
                 summary: LabelSummary) -> None:
        self._lookup = lookup
        self._summary = summary
        self._sizes = image_sizes(data['images'])
        self._faults: dict[Any, str] = {}
        for fault in find_faults(data):
            if fault.severity == 'error' and fault.annotation_id is not None:
                self._faults.setdefault(fault.annotation_id, fault.kind)

    def __call__(self, annotation: dict[str, Any]) -> dict[str, Any]:
        """Return the annotation with its mask; a crowd region as it is."""
        self._summary.annotations += 1
        size = image_size(annotation, self._sizes)
        if annotation.get('iscrowd'):
            return self._complete_crowd(annotation, size)
        record = self._lookup(annotation.get('id'))
        if record is not None and 'segmentation' in record:
            # An image entry without a usable size takes the size of the mask.
            if size is None or record['segmentation']['size'] == list(size):
                return self._add_mask(annotation, record)
            return self._add_fallback(annotation, size, SIZE_MISMATCH)
        if record is not None:
            if record['reason'] != record['fallback']:
                self._summary.reasons[record['reason']] += 1
            return self._add_fallback(annotation, size, record['fallback'])
        return self._add_fallback(annotation, size, self._fault_of(annotation))

    def _complete_crowd(self, annotation: dict[str, Any],
                        size: tuple[int, int] | None) -> dict[str, Any]:
        """Return a crowd region, with its box filled if it has no mask.

        Stock loaders fail (KeyError) on an annotation without ``segmentation``
        or ``area``, crowd or not, and an input of boxes has no masks.  What is
        there stays as it is.
        """
        self._summary.crowds += 1
        if annotation.get('segmentation') and 'area' in annotation:
            return annotation
        self._summary.crowds_completed += 1
        filled = fallback_rle(annotation.get('bbox'), size)
        return {**annotation,
                'segmentation': annotation.get('segmentation') or filled,
                'area': annotation.get('area', rle_area(filled)),
                'mal': dict(fallback=CROWD_BOX)}

    def _add_mask(self, annotation: dict[str, Any],
                  record: dict[str, Any]) -> dict[str, Any]:
        fallback = record['mal'].get('fallback')
        if fallback:
            self._summary.fallbacks[fallback] += 1
        else:
            self._summary.masks += 1
            self._summary.score_sum += record['score']
        return {**annotation, **{k: record[k] for k in
                                 ('segmentation', 'area', 'score', 'mal')}}

    def _add_fallback(self, annotation: dict[str, Any],
                      size: tuple[int, int] | None,
                      kind: str) -> dict[str, Any]:
        self._summary.fallbacks[kind] += 1
        rle = fallback_rle(annotation.get('bbox'), size)
        return {**annotation, 'segmentation': rle, 'area': rle_area(rle),
                'score': 0., 'mal': dict(fallback=kind)}

    def _fault_of(self, annotation: dict[str, Any]) -> str:
        """Return why no chunk held this box."""
        ann_id = annotation.get('id')
        if type(ann_id) is not int:
            return 'ann_id_missing'
        return self._faults.get(ann_id, NOT_LABELLED)


def fallback_rle(bbox: Any, size: tuple[int, int] | None) -> RLE:
    """Return the mask that stands in for a missing one: never empty.

    Stock loaders drop an annotation whose area is 0 and fail on one without
    ``segmentation``, so something has to be there: the filled box, clipped to
    the image; where the box shows no pixel of the image (NaN, reversed,
    outside), the one pixel nearest to it.  Stock loaders skip such boxes by
    their own rule, so that pixel trains nothing.

    Args:
        bbox: xywh in image pixels as found in the input; anything at all.
        size: (height, width) of the image, None if unknown: then the mask is
            one pixel of a 1 x 1 image.

    Returns:
        Compressed RLE of the image's size with at least one pixel.
    """
    height, width = size or (1, 1)
    try:
        x, y, w, h = (float(v) for v in bbox)
    except (TypeError, ValueError, OverflowError):
        x = y = w = h = 0.
    if size is not None:
        try:
            return bbox_rle((x, y, x + w, y + h), (height, width))
        except ValueError:
            pass
    # NaN goes to pixel 0; infinities to the border.
    x, y = np.nan_to_num([x, y], posinf=width, neginf=0)
    column = int(np.clip(np.floor(x), 0, width - 1))
    row = int(np.clip(np.floor(y), 0, height - 1))
    return encode_window(np.ones((1, 1), dtype=bool),
                         (column, row, column + 1, row + 1), (height, width))


def image_sizes(images: Sequence[dict[str, Any]]) -> dict[Any, tuple[int, int]]:
    """Return (height, width) by image id, for entries with a usable size."""
    sizes: dict[Any, tuple[int, int]] = {}
    for entry in images:
        size = (entry.get('height'), entry.get('width'))
        if (all(type(v) is int and v > 0 for v in size)
                and isinstance(entry.get('id'), (int, str))):
            sizes.setdefault(entry['id'], size)
    return sizes


def image_size(annotation: dict[str, Any],
               sizes: Mapping[Any, tuple[int, int]]) -> tuple[int, int] | None:
    """Return the size of an annotation's image, None if unknown."""
    image_id = annotation.get('image_id')
    return sizes.get(image_id) if isinstance(image_id, (int, str)) else None


def _write(file: TextIO, data: dict[str, Any], annotator: _Annotator,
           provenance: Mapping[str, Any]) -> None:
    """Write the JSON, top-level keys in the order of the input, an annotation
    a line."""
    content = dict(data)
    # An ``info`` that is no object is the user's own; it stays as it is.
    if isinstance(content.setdefault('info', {}), dict):
        content['info'] = {**content['info'], 'mal': dict(provenance)}
    for position, (key, value) in enumerate(content.items()):
        file.write(('{' if position == 0 else ',\n') + json.dumps(key) + ': ')
        if key != 'annotations':
            file.write(json.dumps(value))
            continue
        separator = '[\n'
        for annotation in value:
            file.write(separator + json.dumps(annotator(annotation)))
            separator = ',\n'
        file.write('\n]' if value else '[]')
    file.write('}\n')

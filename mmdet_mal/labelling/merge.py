"""From shards to the masks JSON: the input with masks, nothing else changed.

Input, records and output are streams: an annotation is read, completed and
written, one a line, and the validation reads input and output side by side.
Memory holds the index of the shards (22 bytes a box) and what is known of each
row of the input (5 bytes), and nothing else that grows with the data.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TextIO

from mmdet_mal.datasets.annotation_file import AnnotationFile
from mmdet_mal.datasets.annotation_source import AnnotationSource, as_source

from .annotator import Annotator, Lookup
from .errors import LabelRunError
from .files import check_writable, temporary_name, write_then_rename
from .input_rows import InputRows
from .manifest import LabelManifest
from .progress import WatchedSource, show_progress
from .shard_index import ShardIndex
from .summary import LabelSummary
from .validate import find_differences

_LISTED_PROBLEMS = 10


def merge_shards(input_json: str, run_dirs: str | Sequence[str],
                 out_file: str) -> LabelSummary:
    """Write the masks JSON of a label run whose chunks are all done.

    The result depends on the input and the records only, not on how many ranks
    wrote them, in which order, or how often.

    Args:
        input_json: the file that was labelled.
        run_dirs: one run folder, or several that hold parts of one run (see
            :meth:`.run.LabelRun.finish`, which makes sure of that), with
            ``manifest.json`` and ``shards``; they are not changed.
        out_file: the masks JSON; replaced in one step once it is validated.

    Returns:
        What was written.

    Raises:
        LabelRunError: if chunks are missing, the output cannot be written, or
            it fails its validation; ``out_file`` is then as before.
        AnnotationError: if the input cannot be read.
    """
    folders = [run_dirs] if isinstance(run_dirs, str) else list(run_dirs)
    manifest = LabelManifest.load(folders[0])
    source = AnnotationFile(input_json)
    # Before the index is opened, since it takes more memory while it is made.
    rows = InputRows(WatchedSource(source, 'merge: read the boxes'))
    with ShardIndex(folders) as index:
        missing = index.missing(manifest.num_chunks)
        if missing.size:
            raise LabelRunError(
                f"{', '.join(folders)}: {missing.size} of {manifest.num_chunks} "
                f'chunks are not labelled yet (the first is {missing[0]}); start '
                'the label run again, it resumes there')
        return write_labels(source, index.get, out_file, manifest.provenance(),
                            rows)


def write_labels(data: dict[str, Any] | AnnotationSource, lookup: Lookup,
                 out_file: str, provenance: Mapping[str, Any],
                 rows: InputRows | None = None) -> LabelSummary:
    """Write a masks JSON from an input and one record a box, and validate it.

    Args:
        data: the input, parsed or streamed; not changed.
        lookup: gives the record of an annotation id (see :mod:`.records`), or
            None.  It is called once for each annotation that is no crowd.
        out_file: the masks JSON.
        provenance: becomes ``info['mal']``; must not hold what differs between
            equal runs, such as times and paths.
        rows: of this input, if they have been read already.

    Returns:
        What was written.

    Raises:
        LabelRunError: if the output cannot be written or is not valid.
        AnnotationError: if a streamed input cannot be read.
    """
    check_writable(out_file, 'the masks JSON')
    source = as_source(data)
    rows = InputRows(source) if rows is None else rows
    summary = LabelSummary(out_file, images=source.count('images'))
    annotator = Annotator(rows, lookup, summary)
    try:
        with write_then_rename(out_file) as file:
            _write(file, source, annotator, provenance)
            file.flush()
            _require_valid(source, out_file, rows)
    except OSError as error:
        raise LabelRunError(
            f'{out_file}: cannot be written ({error.strerror}); make space and '
            'start the same command again, only the merge is repeated') from None
    return summary


def _require_valid(source: AnnotationSource, out_file: str,
                   rows: InputRows) -> None:
    """Raise unless the file under its temporary name keeps all promises."""
    written = temporary_name(out_file)
    differences = find_differences(source, written, rows)
    problems = list(islice(differences, _LISTED_PROBLEMS))
    if problems:
        more = sum(1 for _ in differences)
        raise LabelRunError(
            f'{written}: not renamed to {out_file} because it is not valid: '
            f"{'; '.join(problems)}" + (f'; and {more} more' if more else '')
            + '; this is a fault of the program, please report it')


def _write(file: TextIO, source: AnnotationSource, annotator: Annotator,
           provenance: Mapping[str, Any]) -> None:
    """Write the JSON, top-level keys in the order of the input, an annotation
    a line."""
    keys = source.keys()
    for position, key in enumerate(keys if 'info' in keys else [*keys, 'info']):
        file.write(('{' if position == 0 else ',\n') + json.dumps(key) + ': ')
        if key == 'annotations':
            entries = show_progress(source.entries(key), source.count(key),
                                    'merge: write the masks')
            _write_list(file, (annotator(row, entry)
                               for row, entry in enumerate(entries)), '\n')
        elif key in keys and source.is_list(key):
            _write_list(file, source.entries(key))
        else:
            value = source.value(key) if key in keys else {}
            # An ``info`` that is no object is the user's own; it stays.
            if key == 'info' and isinstance(value, dict):
                value = {**value, 'mal': dict(provenance)}
            file.write(json.dumps(value))
    file.write('}\n')


def _write_list(file: TextIO, entries: Iterable[Any], line: str = '') -> None:
    """Write a JSON list entry by entry.

    Args:
        file: where to.
        entries: JSON values.
        line: what stands before each entry and the end; by default all stand
            in one line, as ``json.dumps`` would write them.
    """
    empty = True
    for entry in entries:
        before = '[' if empty else ',' if line else ', '
        file.write(before + line + json.dumps(entry))
        empty = False
    file.write('[]' if empty else line + ']')

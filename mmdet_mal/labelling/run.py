"""One label run: a folder that remembers what is done."""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from .errors import LabelRunError
from .files import check_writable, sync_folder, write_then_rename
from .manifest import MANIFEST_NAME, LabelManifest
from .merge import merge_shards
from .shard_index import ShardIndex
from .shards import ShardWriter, shard_path
from .summary import LabelSummary

SUMMARY_NAME = 'summary.json'
LOG_NAME = 'log'


class LabelRun:
    """Runs of chunks into shards, shards into the masks JSON (DESIGN 4).

    Order of use: :meth:`prepare` on the first rank only; then on every rank
    :meth:`open_shard`, :meth:`add` per chunk and :meth:`close`; when all ranks
    have closed, :meth:`finish` on the first.  After a crash at any moment the
    same order resumes, with any number of ranks, and gives the same bytes.

    Args:
        input_json: the boxes that are labelled.
        out_file: the masks JSON to write.
        run_dir: the run's folder, on a disk that all ranks share; by default
            ``out_file`` with ``.run`` in place of ``.json``.
        sync_interval: chunks between two syncs to disk, see
            :class:`~.shards.ShardWriter`.
        if_changed: what to do when the folder holds a run with another
            manifest: ``'refuse'`` it, or ``'restart'``, which deletes the
            shards of the other run.
    """

    def __init__(self, input_json: str, out_file: str,
                 run_dir: str | None = None, sync_interval: int = 8,
                 if_changed: str = 'refuse') -> None:
        if if_changed not in ('refuse', 'restart'):
            raise ValueError(
                f"if_changed must be 'refuse' or 'restart', got {if_changed!r}")
        self.input_json = input_json
        self.out_file = out_file
        self.run_dir = run_dir or f'{os.path.splitext(out_file)[0]}.run'
        self.sync_interval = sync_interval
        self.if_changed = if_changed
        self._writer: ShardWriter | None = None

    def prepare(self, manifest: LabelManifest) -> np.ndarray:
        """Make the folder, or check that it belongs to the same run.

        Args:
            manifest: of the run that is starting.

        Returns:
            Indices of the chunks that are done already, int64, ascending.

        Raises:
            LabelRunError: if the output or the folder cannot be written, or
                the folder holds another run.
        """
        manifest_path = os.path.join(self.run_dir, MANIFEST_NAME)
        check_writable(self.out_file, 'the masks JSON')
        check_writable(manifest_path, 'the label run')
        check_writable(shard_path(self.run_dir, 0), 'the shards')
        if os.path.exists(manifest_path):
            self._check_same(manifest)
        elif self._shards():
            raise LabelRunError(
                f'{self.run_dir}: holds shards but no {MANIFEST_NAME}, so nobody '
                'knows what they are of; remove the folder or choose another')
        if not os.path.exists(manifest_path):
            manifest.save(self.run_dir)
        with ShardIndex(self.run_dir) as index:
            done = index.chunks
            self._log(f'start: {len(done)} of {manifest.num_chunks} chunks are '
                      f'done, {index.damaged} torn lines ignored')
        return done

    def open_shard(self, rank: int) -> None:
        """Open the shard to which this rank appends."""
        self._writer = ShardWriter(shard_path(self.run_dir, rank),
                                   self.sync_interval)

    def add(self, chunk: int, records: list[dict[str, Any]]) -> None:
        """Store a finished chunk; see :meth:`.shards.ShardWriter.append`."""
        if self._writer is None:
            raise RuntimeError('open_shard comes before add')
        self._writer.append(chunk, records)

    def close(self) -> None:
        """Sync and close this rank's shard; may be called twice."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def finish(self) -> LabelSummary:
        """Merge, validate and rename; the shards stay.

        Raises:
            LabelRunError: see :func:`~.merge.merge_shards`.
        """
        summary = merge_shards(self.input_json, self.run_dir, self.out_file)
        with write_then_rename(os.path.join(self.run_dir, SUMMARY_NAME)) as file:
            json.dump(summary.as_dict(), file, indent=2)
            file.write('\n')
        self._log(str(summary))
        return summary

    def _check_same(self, manifest: LabelManifest) -> None:
        """Raise, or clear the folder, if it holds a run of something else."""
        found = LabelManifest.load(self.run_dir)
        differences = found.differences(manifest)
        if not differences:
            return
        if self.if_changed == 'refuse':
            raise LabelRunError(
                f'{self.run_dir}: holds a label run of something else '
                f"({'; '.join(differences)}); go on with what it was begun "
                'with, choose another folder, or remove it to label anew')
        # Shards first: a crash between the two leaves the old run, in part.
        for path in self._shards():
            path.unlink()
        sync_folder(os.path.join(self.run_dir, 'shards'))
        os.remove(os.path.join(self.run_dir, MANIFEST_NAME))

    def _shards(self) -> list[Path]:
        return list(Path(self.run_dir, 'shards').glob('rank*.jsonl'))

    def _log(self, text: str) -> None:
        """Append to the run's log; a log that cannot be written stops nothing."""
        with contextlib.suppress(OSError), \
                open(os.path.join(self.run_dir, LOG_NAME), 'a') as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")

"""One label run: a folder that remembers what is done."""

import contextlib
import json
import os
import shlex
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import LabelRunError
from .files import check_writable, sync_folder, write_then_rename
from .manifest import MANIFEST_NAME, LabelManifest, hash_file
from .merge import merge_shards
from .shard_index import ShardIndex, shard_files
from .shards import ShardWriter, shard_path
from .share import Share
from .share_notes import note_share, read_shares
from .signals import LabelRunStopped, resume_command
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
        share: the part of the run that this machine does, where others do the
            rest without knowing of it.  They may use the same folder, also at
            the same time, or one each.
    """

    def __init__(self, input_json: str, out_file: str,
                 run_dir: str | None = None, sync_interval: int = 8,
                 if_changed: str = 'refuse', share: Share | None = None) -> None:
        if if_changed not in ('refuse', 'restart'):
            raise ValueError(
                f"if_changed must be 'refuse' or 'restart', got {if_changed!r}")
        if share is not None and if_changed == 'restart':
            raise ValueError("if_changed='restart' would delete what other "
                             'machines are labelling; a share can only refuse')
        self.input_json = input_json
        self.out_file = out_file
        self.run_dir = run_dir or default_run_dir(out_file)
        self.sync_interval = sync_interval
        self.if_changed = if_changed
        self.share = share
        self._writer: ShardWriter | None = None

    def prepare(self, manifest: LabelManifest,
                chunk_sizes: np.ndarray | None = None) -> np.ndarray:
        """Make the folder, or check that it belongs to the same run.

        Args:
            manifest: of the run that is starting.
            chunk_sizes: boxes of each chunk, shape (chunks,); needed for a
                share only.

        Returns:
            Indices of the chunks that are done already, by whomever, int64,
            ascending.

        Raises:
            LabelRunError: if the output or the folder cannot be written, or
                the folder holds another run.
        """
        if self.share is not None and chunk_sizes is None:
            raise ValueError('a share of a run needs chunk_sizes')
        manifest_path = os.path.join(self.run_dir, MANIFEST_NAME)
        check_writable(self.out_file, 'the masks JSON')
        check_writable(manifest_path, 'the label run')
        check_writable(shard_path(self.run_dir, 0), 'the shards')
        if os.path.exists(manifest_path):
            self._check_same(manifest)
        # Asked for in this order: whoever writes shards has written a manifest.
        if shard_files(self.run_dir) and not os.path.exists(manifest_path):
            raise LabelRunError(
                f'{self.run_dir}: holds shards but no {MANIFEST_NAME}, so nobody '
                'knows what they are of; remove the folder or choose another')
        if not manifest.save(self.run_dir):
            # Perhaps somebody else's, written since we looked.
            self._refuse_other(LabelManifest.load(self.run_dir), manifest)
        if self.share is not None:
            note_share(self.run_dir, self.share, chunk_sizes)
        with ShardIndex(self.run_dir) as index:
            done = index.chunks
            self.log(f'start{self._of_share()}: {len(done)} of '
                     f'{manifest.num_chunks} chunks are done, {index.damaged} '
                     'torn lines ignored')
        return done

    def open_shard(self, rank: int) -> None:
        """Open the shard to which this rank appends."""
        self._writer = ShardWriter(shard_path(self.run_dir, rank, self.share),
                                   self.sync_interval)

    def add(self, chunk: int, records: list[dict[str, Any]]) -> None:
        """Store a finished chunk; see :meth:`.shards.ShardWriter.append`."""
        if self._writer is None:
            raise RuntimeError('open_shard comes before add')
        self._writer.append(chunk, records)

    def close(self) -> None:
        """Sync and close this rank's shard; may be called twice."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    def finish(self, further_run_dirs: Sequence[str] = ()) -> LabelSummary:
        """Merge, validate and rename; the shards stay.

        Args:
            further_run_dirs: folders of the same run on other machines.

        Raises:
            LabelRunError: if chunks are missing, the folders belong to
                different runs, the input has changed since, or as for
                :func:`~.merge.merge_shards`.
        """
        run_dirs = unique_folders([self.run_dir, *further_run_dirs])
        manifest = LabelManifest.load(run_dirs[0])
        for run_dir in run_dirs[1:]:
            differences = manifest.differences(
                LabelManifest.load(run_dir), ('in the first', 'in the second'))
            if differences:
                raise LabelRunError(
                    f'{run_dirs[0]} and {run_dir} belong to different label runs '
                    f"({'; '.join(differences)}); merge folders of one run only")
        self._check_input(manifest)
        _check_complete(run_dirs, manifest.num_chunks)
        summary = merge_shards(self.input_json, run_dirs, self.out_file)
        self._save_summary(summary)
        return summary

    def share_report(self) -> str:
        """Say how far the shares of this folder are, and how to merge."""
        shares = read_shares([self.run_dir])
        with ShardIndex(self.run_dir) as index:
            done = sum(not share.missing(index.chunks).size for share in shares
                       if share.share.count == self.share.count)
        text = (f'Shard {self.share} is done; {done} of {self.share.count} shards '
                f'are done in {self.run_dir}')
        self.log(text)
        merge = shlex.join(['python', 'tools/merge_labels.py', '--ann',
                            self.input_json, '--out', self.out_file, self.run_dir])
        return (f'{text}\nWhen all are done, merge with (add the folders of other '
                f'machines, if they have their own):\n  {merge}')

    def report_stop(self, stop: LabelRunStopped) -> None:
        """Tell a person, and the log, where the labels are and how to go on."""
        self.log(str(stop))
        print(f'\n{str(stop).capitalize()}. What is labelled is on disk in '
              f'{self.run_dir}; to go on there, start the same command again:'
              f'\n  {resume_command()}', file=sys.stderr, flush=True)
        stop.reported = True

    def log(self, text: str) -> None:
        """Append to the run's log; a log that cannot be written stops nothing."""
        with contextlib.suppress(OSError), \
                open(os.path.join(self.run_dir, LOG_NAME), 'a') as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")

    def _check_same(self, manifest: LabelManifest) -> None:
        """Raise, or clear the folder, if it holds a run of something else."""
        found = LabelManifest.load(self.run_dir)
        if self.if_changed == 'refuse':
            self._refuse_other(found, manifest)
            return
        if not found.differences(manifest):
            return
        # Shards first: a crash between the two leaves the old run, in part.
        for path in shard_files(self.run_dir):
            os.remove(path)
        sync_folder(os.path.join(self.run_dir, 'shards'))
        os.remove(os.path.join(self.run_dir, MANIFEST_NAME))

    def _refuse_other(self, found: LabelManifest,
                      manifest: LabelManifest) -> None:
        """Raise if the folder's manifest is not that of this run."""
        differences = found.differences(manifest)
        if differences:
            raise LabelRunError(
                f'{self.run_dir}: holds a label run of something else '
                f"({'; '.join(differences)}); go on with what it was begun "
                'with, choose another folder, or remove it to label anew')

    def _check_input(self, manifest: LabelManifest) -> None:
        """Raise if the input is not, or no longer, what was labelled."""
        if hash_file(self.input_json) != manifest.input_sha256:
            name = manifest.names.get('input', 'another file')
            raise LabelRunError(
                f'{self.input_json}: is not what was labelled in {self.run_dir} '
                f'({name} at the time), or was changed since; the labels are '
                'kept, bring the file back and start the same command again')

    def _save_summary(self, summary: LabelSummary) -> None:
        """Write the summary beside the shards, for programs."""
        self.log(str(summary))
        path = os.path.join(self.run_dir, SUMMARY_NAME)
        try:
            with write_then_rename(path) as file:
                json.dump(summary.as_dict(), file, indent=2)
                file.write('\n')
        except OSError as error:
            raise LabelRunError(
                f'{path}: cannot be written ({error.strerror}); the masks JSON '
                f'{self.out_file} is whole') from None

    def _of_share(self) -> str:
        return f' of shard {self.share}' if self.share else ''


def default_run_dir(out_file: str) -> str:
    """Return the run folder of a masks JSON: ``.run`` in place of ``.json``."""
    return f'{os.path.splitext(out_file)[0]}.run'


def unique_folders(folders: Sequence[str]) -> list[str]:
    """Return folders in their order, each once, whatever it was called."""
    found: dict[str, str] = {}
    for folder in folders:
        found.setdefault(os.path.realpath(folder), folder)
    return list(found.values())


def _check_complete(run_dirs: Sequence[str], num_chunks: int) -> None:
    """Raise, naming the shards, if chunks are missing from a run of shares.

    Without shares the merge says it as well; it would count the chunks again.
    """
    shares = read_shares(run_dirs)
    if not shares:
        return
    with ShardIndex(run_dirs) as index:
        missing = index.missing(num_chunks)
        if not missing.size:
            return
        count = shares[0].share.count
        parts = [f'{share.share}: {share.missing(index.chunks).size} chunks'
                 for share in shares if share.missing(index.chunks).size]
    known = {share.share.index for share in shares if share.share.count == count}
    parts += [f'{i}/{count}: not begun in these folders'
              for i in range(count) if i not in known]
    raise LabelRunError(
        f"{', '.join(run_dirs)}: {missing.size} of {num_chunks} chunks are not "
        f"labelled yet; missing of shard {'; of shard '.join(parts)}; start those "
        'shards again, or name their folders as well')

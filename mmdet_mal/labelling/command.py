"""What the commands that label share: tools/label.py, tools/test.py and others."""

import errno
import logging
import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.runner import Runner

from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.machine.precision import precision_of
from mmdet_mal.machine.process import prepare_process
from mmdet_mal.utils.errors import UserError

from .config_hooks import LABEL_HOOK, find_hook
from .files import check_writable, refuse_overwriting
from .run import default_run_dir
from .share import Share
from .signals import LabelRunStopped, StopSignals, resume_command
from .weights import load_own_weights

# The rank of a process before its process group exists, by launcher.
_RANK_VARIABLES = dict(pytorch='RANK', slurm='SLURM_PROCID',
                       mpi='OMPI_COMM_WORLD_RANK')
# What a disk says that takes no more; a person can mend it.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


@dataclass(frozen=True)
class LabelJob:
    """Which boxes to label, and where the masks go.

    Attributes:
        ann_file: COCO-style JSON with boxes.
        images: folder, archive or address, see
            :func:`~mmdet_mal.datasets.image_source.image_source`.
        out_file: the masks JSON.
        run_dir: folder of the run.
        share: part of the run, None for all of it.
    """

    ann_file: str
    images: str
    out_file: str
    run_dir: str
    share: Share | None = None

    @classmethod
    def from_options(cls, ann_file: str, images: str,
                     out_file: str | None = None, run_dir: str | None = None,
                     share: str | None = None) -> 'LabelJob':
        """Fill in defaults and check what can be checked without reading.

        Args:
            ann_file: as the attribute, like the following.
            images: needed.
            out_file: by default ``<ann_file without .json>_masks.json``.
            run_dir: by default ``out_file`` with ``.run`` in place of
                ``.json``.
            share: ``'i/n'``.

        Raises:
            UserError: if the input is missing, or would be overwritten.
        """
        if not os.path.isfile(ann_file):
            raise UserError(f'{ann_file}: no such annotation file (working '
                            f'directory {os.getcwd()}); correct --ann')
        if out_file is None:
            out_file = f'{os.path.splitext(ann_file)[0]}_masks.json'
        refuse_overwriting(out_file, [ann_file], '--out')
        return cls(ann_file, images, out_file,
                   run_dir or default_run_dir(out_file),
                   Share.parse(share) if share else None)

    @property
    def work_dir(self) -> str:
        """Where logs go unless a person says otherwise: beside the shards."""
        part = f'-{self.share.file_stem}' if self.share else ''
        return os.path.join(self.run_dir, f'logs{part}')

    @property
    def doctor_report(self) -> str:
        """Path of the report on the input, one a share."""
        part = f'-{self.share.file_stem}' if self.share else ''
        return os.path.join(self.run_dir, f'doctor{part}.json')


def point_config_at(config: Config, job: LabelJob) -> None:
    """Make a config label the boxes of a job, in place.

    What decides a mask (the model, pipelines, ``chunk_boxes``) stays as the
    config has it, and so does the config's hash in the manifest.

    Args:
        config: a labeller's config.
        job: what to label.

    Raises:
        UserError: if the config has no test data, or the images are not there.
    """
    if not config.get('test_dataloader') or not config.get('model'):
        raise UserError(f'{config.filename}: has no model or test_dataloader, so '
                        'it cannot label; the shipped configs are in configs/mal')
    prefix, backend_args = image_source(job.images)
    dataset = config.test_dataloader.dataset
    dataset.data_root = ''
    dataset.ann_file = job.ann_file
    dataset.data_prefix = dict(img=prefix)
    dataset.backend_args = backend_args
    config.test_cfg = dict(config.get('test_cfg') or {}, type='mmdet_mal.LabelLoop')
    # It would compare these masks with those of the config's own data.
    config.test_evaluator = []
    hook = find_label_hook(config)
    if hook is None:
        hook = dict(type=LABEL_HOOK)
        config.custom_hooks = [*config.get('custom_hooks', []), hook]
        hook = config.custom_hooks[-1]
    hook['out_file'] = job.out_file
    hook['run_dir'] = job.run_dir
    hook['share'] = str(job.share) if job.share else None
    hook['progress'] = 'bar'
    # The bar says what it would, and a line per ten chunks would tear the bar.
    config.setdefault('default_hooks', {})
    config.default_hooks.logger = None


def find_label_hook(config: Config) -> dict | None:
    """Return the config of the hook that writes the masks, None without one."""
    return find_hook(config, LABEL_HOOK)


def examine(job: LabelJob, check_images: str = 'exists') -> None:
    """Have the doctor look at the input and say what it found.

    Args:
        job: what will be labelled.
        check_images: how closely to look at images: ``'none'``, ``'exists'``,
            ``'headers'`` or ``'decode'``.

    Raises:
        UserError: if there is a fault with which nothing can be labelled, or
            the report cannot be written.
    """
    from mmdet_mal.doctor import diagnose
    prefix, backend_args = image_source(job.images)
    with StopSignals():  # nothing is in work yet: a signal ends it, quietly
        diagnosis = diagnose(job.ann_file, prefix, check_images=check_images,
                             backend_args=backend_args, progress=True)
    print(diagnosis, file=sys.stderr, flush=True)
    check_writable(job.doctor_report, "the doctor's report")
    diagnosis.save(job.doctor_report)
    if diagnosis.fatal:
        raise UserError(
            f'{job.ann_file}: cannot be labelled: '
            + '; '.join(' '.join(str(f).split()) for f in diagnosis.fatal[:3])
            + f'; the whole report is in {job.doctor_report}')


def is_first_rank(launcher: str) -> bool:
    """Whether this is rank 0, before the process group exists."""
    variable = _RANK_VARIABLES.get(launcher)
    return variable is None or int(os.environ.get(variable, 0)) == 0


def run_labelling(config: Config) -> None:
    """Label with a config, and end as a person expects it.

    Args:
        config: with ``launcher``, ``load_from`` and ``work_dir``.

    Raises:
        LabelRunStopped: after SIGINT or SIGTERM.
        UserError: if the disk takes no more.
    """
    # A log line that a full disk does not take must not bury the one message.
    logging.raiseExceptions = False
    # Ranks must die at once while they meet, deep in C++, where no handler of
    # Python's runs; the loop installs its own.
    handlers = StopSignals() if config.launcher == 'none' else nullcontext()
    try:
        with handlers:
            prepared = prepare_process(
                precision_of(config.get('test_cfg'), get_device()))
            if is_first_rank(config.launcher):
                print(prepared, file=sys.stderr, flush=True)
            runner = Runner.from_cfg(config)
            load_own_weights(config, runner.model)
            runner.test()
    except (LabelRunStopped, KeyboardInterrupt) as error:
        if not getattr(error, 'reported', False) and is_first_rank(config.launcher):
            print(f'\nStopped; nothing is lost. Start the same command again:\n  '
                  f'{resume_command()}', file=sys.stderr, flush=True)
        if isinstance(error, KeyboardInterrupt):
            sys.exit(130)
        raise
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        raise UserError(
            f'{error.filename or config.work_dir}: {error.strerror}; make space '
            'and start the same command again, it resumes') from error

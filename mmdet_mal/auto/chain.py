"""The steps of ``mal auto``, each resumable, each leaving files."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.utils.errors import UserError

from .child import ChildFailed, run_child
from .facts import count_boxes
from .inputs import hash_boxes
from .options import AutoOptions
from .presets import Machine
from .quiet import quiet_mmengine
from .state import AutoState

_VERBS = 'mmdet_mal.cli'


class AutoChain:
    """From boxes to a review page.

    The methods are the steps, in their order; each does nothing if it is done.

    Args:
        out: Folder of the run, held (:func:`.folder.hold_folder`).
        options: What was asked for.
        lock: Descriptor of the folder's lock.

    Raises:
        UserError: If the folder holds another run.
    """

    def __init__(self, out: str, options: AutoOptions, lock: int) -> None:
        self.out = os.path.abspath(out)
        self.options = options
        self._lock = lock
        self.state = AutoState(out)
        self.state.start(dict(
            boxes_sha256=hash_boxes(options.boxes),
            weights_sha256=hash_boxes(options.weights),
            images=os.path.realpath(options.images)
            if '://' not in options.images else options.images,
            preset=options.preset, minutes=options.minutes,
            format=options.format, bbox_format=options.bbox_format,
            read=options.read or None, precision=options.precision))
        self.state.note(names=dict(
            boxes=os.path.abspath(options.boxes), weights=options.weights))

    def run(self, machine: Callable[[], Machine], until: str = 'report') -> None:
        """Do all steps in their order.

        Args:
            machine: Tells what there is to compute with.
            until: The last step to do.
        """
        steps: dict[str, Callable[[], None]] = dict(
            convert=self.convert, doctor=self.examine,
            plan=lambda: self.plan(machine), train=self.train,
            label=self.label, review=self.review, report=self.report)
        for name, step in steps.items():
            step()
            if name == until:
                return

    # ------------------------------------------------------------------ steps
    def convert(self) -> None:
        """Write boxes of another format as COCO."""
        from mmdet_mal.formats import READERS, Tally
        from mmdet_mal.formats.probe import Probe
        from mmdet_mal.formats.read import detect_reader
        name = self.options.format or detect_reader(
            Probe(self.options.boxes), READERS).name
        self.state.note(format=name)
        if name == 'coco' and not self.options.read:
            return
        if self.options.bbox_format:
            raise UserError(
                f'--bbox-format {self.options.bbox_format}: is for COCO files as '
                f'they are; the boxes are read as {name}, and --read NAME=VALUE '
                'gives its options')
        with self._step('convert', ['converted.json']) as todo:
            if todo:
                tally = Tally()
                boxes = self._read(name, tally)
                with write_then_rename(self._path('converted.json')) as file:
                    json.dump(boxes, file)
                print(f'{name}: {len(boxes["annotations"])} boxes in '
                      f'{len(boxes["images"])} images')
                if text := str(tally).strip():
                    print(text)

    def examine(self) -> None:
        """Look for faults; repair in a copy what can be repaired."""
        wrote = ['doctor.json']
        with self._step('doctor', wrote) as todo:
            if todo:
                repaired = self._examine(self._source)
                wrote += ['boxes.json'] * repaired
                self.state.note(repaired=repaired)

    def plan(self, machine: Callable[[], Machine]) -> None:
        """Choose, measure, and write the config.

        Args:
            machine: Tells what there is to compute with.
        """
        from .planning import make_plan
        with self._step('plan', ['config.py']) as todo:
            if todo:
                facts = count_boxes(self.boxes)
                if not facts.annotations:
                    raise UserError(f'{self.options.boxes}: has no boxes, so '
                                    'there is nothing to label')
                here = machine()
                with quiet_mmengine():
                    plan = make_plan(self.out, self.options, self.boxes, facts,
                                     here, self._lock)
                self.state.note(
                    plan=plan, facts=asdict(facts), machine=asdict(here),
                    config_sha256=hash_boxes(self._path('config.py')))
        self._check_config()
        print('\n'.join(self.state.notes['plan']['text']), flush=True)

    def train(self) -> None:
        """Train, or go on training."""
        if not self._plan['epochs']:
            return
        from .training_bar import TrainingBar
        with self._step('train', ['train/last_checkpoint']) as todo:
            if todo:
                bar = TrainingBar(self._plan['epochs'],
                                  self._plan['epoch_steps'])
                os.makedirs(self._path('train'), exist_ok=True)
                try:
                    run_child(_VERBS, [
                        'train', self._path('config.py'), '--work-dir',
                        self._path('train'), '--resume'], self._lock,
                        self._path('train.log'), bar.feed)
                finally:
                    bar.close()

    def label(self) -> None:
        """Label, or go on labelling."""
        with self._step('label', ['masks.json']) as todo:
            if todo:
                checkpoint = [self._checkpoint] if self._plan['epochs'] else []
                run_child(_VERBS, [
                    'label', self._path('config.py'), *checkpoint,
                    '--ann', self.boxes, '--images', self.options.images,
                    '--out', self._path('masks.json'),
                    # The doctor has looked at them before.
                    '--check-images', 'none'], self._lock)

    def review(self) -> None:
        """Write the review page."""
        with self._step('review', ['review.html']) as todo:
            if todo:
                from mmdet_mal.visualization.review import build_review
                build_review([('MAL', self._path('masks.json'))],
                             self.options.images, self._path('review.html'))

    def report(self) -> None:
        """Write the report."""
        with self._step('report', ['report.html']) as todo:
            if todo:
                from mmdet_mal.visualization.report.run_report import write_run_report
                write_run_report(
                    self._path('report.html'),
                    work_dir=self._path('train') if self._plan['epochs']
                    else None,
                    masks=self._path('masks.json'), images=self.options.images,
                    doctor=self._path('doctor.json'))

    # ------------------------------------------------------------- what it made
    @property
    def boxes(self) -> str:
        """The boxes that are trained on and labelled."""
        return (self._path('boxes.json') if self.state.notes['repaired']
                else self._source)

    @property
    def format(self) -> str:
        """Of the person's boxes."""
        return self.state.notes['format']

    @property
    def _plan(self) -> dict[str, Any]:
        return self.state.notes['plan']

    @property
    def _source(self) -> str:
        """The boxes as COCO, before any repair."""
        converted = self._path('converted.json')
        return (converted if self.state.is_done('convert')
                else os.path.abspath(self.options.boxes))

    @property
    def _checkpoint(self) -> str:
        """The last checkpoint of the training."""
        from mmdet_mal.engine.resume import find_resumable
        path = find_resumable(self._path('train'))
        if path is None:
            raise UserError(f"{self._path('train')}: the training left no "
                            'checkpoint; start the same command again')
        return str(path)

    def _path(self, name: str) -> str:
        return os.path.join(self.out, name)

    def _read(self, name: str, tally: Any) -> dict[str, Any]:
        """Boxes of another format as a COCO dict."""
        from mmdet_mal.formats import read_boxes
        try:
            return read_boxes(self.options.boxes, self.options.images, name,
                              tally, **self.options.read)
        except UserError as error:
            if ' --' not in str(error):
                raise
            # It speaks of the options of `mal convert`.
            raise UserError(f'{error} (give such options to mal auto as --read '
                            'NAME=VALUE, e.g. --read box-format=xyxy)') from error

    def _check_config(self) -> None:
        """Refuse a config that was edited: its hash is part of the run."""
        path = self._path('config.py')
        if hash_boxes(path) != self.state.notes['config_sha256']:
            raise UserError(
                f'{path}: was edited since this run began; go on with it by '
                f"'mal train {path} --work-dir DIR' and 'mal label', or begin "
                'anew with --restart')

    def _examine(self, source: str) -> bool:
        """Run the doctor; whether a repaired copy was needed."""
        from mmdet_mal.datasets.image_source import image_source
        from mmdet_mal.doctor import Examination, repair_file
        image_dir, backend_args = image_source(self.options.images)
        examination = Examination(
            source, image_dir, 'headers', backend_args,
            self.options.bbox_format, progress=sys.stderr.isatty())
        diagnosis = examination.diagnosis
        diagnosis.save(self._path('doctor.json'))
        if diagnosis.fatal:
            raise UserError(
                f'{self.options.boxes}: cannot be used: '
                + '; '.join(' '.join(str(f).split())
                            for f in diagnosis.fatal[:3])
                + f"; the whole report is in {self._path('doctor.json')}")
        print(f'{diagnosis.num_errors} errors, {diagnosis.num_repairs} boxes to '
              f"clip; all findings: {self._path('doctor.json')}")
        repaired = diagnosis.exit_code != 0
        if repaired:
            print(repair_file(examination, self._path('boxes.json')))
        examination.source.close()
        return repaired

    @contextmanager
    def _step(self, name: str, wrote: list[str]) -> Iterator[bool]:
        """Say which step begins, and note when it is done.

        Yields:
            Whether it has to be done.
        """
        if self.state.is_done(name):
            print(f'== {name}: done before', flush=True)
            yield False
            return
        print(f'== {name}', flush=True)
        start = time.monotonic()
        try:
            yield True
        except ChildFailed as error:
            raise self._explained(name, error) from error
        self.state.finish(name, time.monotonic() - start, wrote)

    def _explained(self, name: str, error: ChildFailed) -> Exception:
        """What to tell a person about a process that failed."""
        if error.user_error:
            return UserError(f'{name}: {error.user_error}')
        if error.code in (2, 130, 143):
            return error  # it has spoken, on our own screen
        where = f'; its output is in {error.log}' if error.log else ''
        lines = ''.join(f'\n  {line}' for line in error.tail)
        return StepCrashed(f'{name}: the process ended with code {error.code}'
                           f'{where}{lines}')


class StepCrashed(Exception):
    """A step's process ended in a way that no person's mistake explains."""

"""Train one detector on several kinds of masks, and compare."""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import mmdet
from mmengine.config import Config

from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.evaluation.mask_iou import human_rles, naming
from mmdet_mal.evaluation.retention import find_mask_ap
from mmdet_mal.experiments.bar import PartsBar
from mmdet_mal.experiments.command import run_step
from mmdet_mal.experiments.folder import ExperimentFolder, read_json, write_json
from mmdet_mal.experiments.steps import timed, train_once
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.utils.errors import UserError
from mmdet_mal.version import __version__

from .detector_config import base_config, point_at
from .sources import (MaskSource, class_names, mean_mask_iou, read_sources,
                      shared_images, write_class_agnostic)
from .table import HUMAN, RetentionTable, write_table

# MMDetection's own scripts, as `mim train mmdet` and `mim test mmdet` run them.
_STOCK_TOOLS = Path(mmdet.__file__).parent / '.mim' / 'tools'
_TRAIN_SHARE = .9
TABLE = 'retention'


class RetentionRun:
    """The same training once for each kind of masks.

    Args:
        config (str): config of a detector.
        human (str): COCO JSON with human masks.
        masks (Mapping): JSONs of the other masks, by name.
        val (str): COCO JSON with human masks of other images.
        images (str): folder of the images.
        out (Path): folder of the experiment: a folder for each kind of masks,
            and the table.
        val_images (str, optional): folder of the images of ``val``; the same by
            default.
        classes (str): ``'agnostic'`` trains one class, ``'keep'`` those of the
            files.
        seed (int): of all trainings.
        epochs (int, optional): shorten the training.
        options (Mapping, optional): settings of the config by dotted key.

    Raises:
        UserError: files or config are not there, or do not fit each other.
    """

    def __init__(self, config: str, human: str, masks: Mapping[str, str],
                 val: str, images: str, out: Path,
                 val_images: str | None = None, classes: str = 'keep',
                 seed: int = 0, epochs: int | None = None,
                 options: Mapping[str, Any] | None = None) -> None:
        for script in ('train.py', 'test.py'):
            if not (_STOCK_TOOLS / script).is_file():
                raise UserError(f'{_STOCK_TOOLS / script}: is missing; install '
                                'mmdet from its wheel')
        self.out = out
        self._sources = read_sources(human, masks)
        self._val, self._val_data = val, load_annotation_file(val)
        with naming(val):
            targets = human_rles(self._val_data)
        if not targets:
            raise UserError(f'{val}: has no boxes to evaluate on')
        names = class_names(self._sources[0].data)
        if class_names(self._val_data) != names:
            raise UserError(f'{val}: has other categories than {human}, or in '
                            'another order; stock code would mix the classes up')
        self._agnostic = classes == 'agnostic'
        self._config = base_config(
            config, options, seed, ('object', ) if self._agnostic else names, epochs)
        self._images, self._val_images = images, val_images or images
        for path in {self._images, self._val_images}:
            if not os.path.isdir(path):
                raise UserError(f'{path}: no such folder of images')
        self._manifest = dict(
            kind='retention', config=_text_of(self._config), seed=seed,
            classes=classes, val_sha256=hash_file(val), version=__version__,
            human_sha256=hash_file(human))
        self._notes = []
        shared = shared_images(self._sources[0].data, self._val_data)
        if shared:
            self._notes.append(f'{shared} images of {val} are trained on as well: '
                               'AP and retention say less than they seem to')

    def run(self) -> tuple[RetentionTable, dict[str, str]]:
        """Train and test what is left.

        Returns:
            tuple[RetentionTable, dict[str, str]]: the table, and why sources
            failed, by name.

        Raises:
            UserError: the folder cannot be used, or is another experiment's.
        """
        failed: dict[str, str] = {}
        with ExperimentFolder(self.out, self._manifest) as claim:
            self._claim_sources()
            val = self._val
            if self._agnostic:
                val = write_class_agnostic(self._val_data, self.out / 'val.json')
            left = [s for s in self._sources if not self._result(s).is_file()]
            with PartsBar([1.] * len(left), 'retention') as bar:
                for source in left:
                    try:
                        self._run_source(source, val, bar, claim.held)
                        ap = read_json(self._result(source))['ap']['AP']
                        bar.say(f'{source.name}: mask AP {100 * ap:.1f}')
                    except UserError as error:
                        failed[source.name] = str(error)
                        bar.say(f'{source.name}: FAILED: {error}')
                    bar.finish_part()
            table = self._table(failed)
            write_table(self.out / TABLE, table)
        return table, failed

    def _claim_sources(self) -> None:
        """Refuse a name whose folder holds the training on another file."""
        for source in self._sources:
            note = self._folder(source) / 'source.json'
            digest = hash_file(source.path)
            if note.is_file():
                if read_json(note).get('sha256') != digest:
                    raise UserError(
                        f'{note.parent}: holds the training on another file than '
                        f'{source.path}; choose another name or --out')
            else:
                note.parent.mkdir(parents=True, exist_ok=True)
                write_json(note, dict(file=source.path, sha256=digest))

    def _run_source(self, source: MaskSource, val: str, bar: PartsBar,
                    held: Sequence[int]) -> None:
        folder = self._folder(source)
        ann_file = source.path
        if self._agnostic:
            ann_file = write_class_agnostic(source.data, folder / 'train.json')
        config = point_at(self._config, ann_file, self._images, val,
                          self._val_images)
        path = folder / 'config.py'
        config.dump(str(path))
        log = folder / 'log.txt'
        checkpoint = train_once(
            folder, str(_STOCK_TOOLS / 'train.py'), path,
            bar.listener(f'{source.name}: train', 0., _TRAIN_SHARE,
                         self._config.train_cfg.get('max_epochs', 1)), held)
        with timed(folder, 'test'):
            run_step(
                ['python', str(_STOCK_TOOLS / 'test.py'), str(path), checkpoint,
                 '--work-dir', str(folder / 'test')], log,
                bar.listener(f'{source.name}: test', _TRAIN_SHARE, 1.),
                keep_open=held)
        found = find_mask_ap(folder / 'test')
        write_json(self._result(source), dict(
            ap=found.scores, seconds=read_json(folder / 'seconds.json'),
            log=os.path.relpath(found.log, self.out)))

    def _table(self, failed: Mapping[str, str]) -> RetentionTable:
        human, *others = self._sources
        results = {s.name: read_json(self._result(s)) for s in self._sources
                   if self._result(s).is_file()}
        notes = [*self._notes, *(f'{name} failed: {why}'
                                 for name, why in failed.items())]
        ious = {s.name: mean_mask_iou(s, human) for s in others}
        return RetentionTable(
            results.get(HUMAN, {}).get('ap', {}),
            {s.name: results[s.name]['ap'] for s in others if s.name in results},
            {HUMAN: 1., **{k: v for k, v in ious.items() if not math.isnan(v)}},
            notes,
            dict(config=str(self._config.filename), seed=self._manifest['seed'],
                 classes=self._manifest['classes'], val=self._val,
                 seconds={name: r['seconds'] for name, r in results.items()}))

    def _folder(self, source: MaskSource) -> Path:
        return self.out / 'runs' / source.slug

    def _result(self, source: MaskSource) -> Path:
        return self._folder(source) / 'result.json'


def _text_of(config: Config) -> dict:
    """The config as plain JSON, without what only names places."""
    return json.loads(json.dumps(config._cfg_dict.to_dict(), default=str))

"""The steps of the demo, each by the command that a user would type."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mmdet

from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.demo.command import run_command
from mmdet_mal.demo.draw import FILES, draw_dataset
from mmdet_mal.demo.pictures import result_grid
from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.utils.errors import UserError
from mmdet_mal.visualization import write_png

BASELINES = ('box', 'ellipse', 'grabcut')
# MMDetection's own training script, as `mim train mmdet` runs it.
STOCK_TRAIN = Path(mmdet.__file__).parent / '.mim' / 'tools' / 'train.py'


class DemoChain:
    """Boxes to masks to a stock detector on drawn pictures.

    Every method is one step; they are to be called in the order in which they
    stand.  ``seconds`` collects how long each took.

    Args:
        repo (Path): root of the repository, with ``tools`` and ``configs``.
        work_dir (str): folder of the demo.  What an earlier demo left in it
            is removed; a folder that holds anything else is refused.
        config (str): config of the labeller.
        detector_config (str): config of the stock detector.

    Raises:
        UserError: the folder cannot be written, or is not the demo's own.
    """

    # Shows that the folder is a demo's, so that nothing else is ever removed.
    MARKER = '.mal_demo'
    FOLDERS = ('data', 'logs', 'mal', 'labels', 'baselines', 'detector')
    RESULTS = ('scores.json', 'scores.md', 'scores.png', 'scores_worst.png',
               'pictures.png', 'summary.json')

    def __init__(self, repo: Path, work_dir: str, config: str,
                 detector_config: str) -> None:
        self.repo = repo
        self.work_dir = Path(work_dir)
        self.config = config
        self.detector_config = detector_config
        self.seconds: dict[str, float] = {}
        self._start_anew()

    def draw(self, num_train: int, num_val: int, seed: int) -> None:
        """Draw the pictures; see :func:`~.draw.draw_dataset`."""
        with self._step('draw'):
            draw_dataset(self.data, seed, num_train, num_val)

    def train(self, options: list[str]) -> None:
        """Train the labeller on the boxes; options as ``--cfg-options``."""
        with self._step('train'):
            self._python(
                'train', 'tools/train.py', self.config, '--work-dir',
                str(self.work_dir / 'mal'), '--cfg-options',
                f'train_dataloader.dataset.data_root={self.data}', *options)

    def label(self, split: str, options: list[str]) -> None:
        """Turn the boxes of 'train' or 'val' into ``labels/<split>.json``."""
        with self._step(f'label_{split}'):
            self._python(
                f'label_{split}', 'tools/test.py', self.config,
                self._checkpoint(), '--out', self._labels(split), '--work-dir',
                str(self.work_dir / 'labels' / 'logs'), '--cfg-options',
                f'test_dataloader.dataset.data_root={self.data}',
                f'test_dataloader.dataset.ann_file={FILES[f"boxes_{split}"]}',
                'test_evaluator=[]', *options)

    def evaluate(self) -> dict[str, float]:
        """Score the masks of 'val' beside the baselines.

        Returns:
            dict: mean IoU over all boxes, keys 'mal' and the baselines.
        """
        scores_file = self.work_dir / 'scores.json'
        with self._step('evaluate'):
            self._python(
                'evaluate', 'tools/evaluate.py', self._labels('val'),
                str(self.data / FILES['instances_val']), '--name', 'mal',
                '--images', str(self.data / 'images'), '--baseline-dir',
                str(self.work_dir / 'baselines'), '--out', str(scores_file),
                '--baselines', *BASELINES)
        scores = json.loads(scores_file.read_text(encoding='utf-8'))['scores']
        return {name: scores[name]['sizes']['all']['miou']
                for name in ('mal', *BASELINES)}

    def picture(self) -> str:
        """Write the picture grid; returns its path."""
        path = str(self.work_dir / 'pictures.png')
        with self._step('picture'):
            write_png(path, result_grid(
                self.data / 'images',
                load_annotation_file(self._labels('val')),
                load_annotation_file(str(self.data / FILES['instances_val']))))
        return path

    def detect(self, iterations: int) -> None:
        """Train the stock detector on ``labels/train.json``."""
        if not STOCK_TRAIN.is_file():
            raise UserError(
                f'{STOCK_TRAIN}: the installed mmdet lacks its train script; '
                'install it again (make distclean, make install)')
        with self._step('detector'):
            self._python(
                'detector', str(STOCK_TRAIN), self.detector_config,
                '--work-dir', str(self.work_dir / 'detector'), '--cfg-options',
                f'train_cfg.max_iters={iterations}')

    def write_summary(self, miou: dict[str, float]) -> str:
        """Write ``summary.json``; returns its path."""
        path = str(self.work_dir / 'summary.json')
        seconds = {step: round(value, 1) for step, value in self.seconds.items()}
        with write_then_rename(path) as file:
            json.dump(dict(seconds=seconds, miou=miou), file, indent=2)
            file.write('\n')
        return path

    @property
    def data(self) -> Path:
        """Folder of the drawn pictures."""
        return self.work_dir / 'data'

    def _start_anew(self) -> None:
        """Leave nothing of an earlier demo in the folder."""
        check_writable(str(self.work_dir / 'summary.json'), 'the demo')
        marker = self.work_dir / self.MARKER
        found = sorted(path.name for path in self.work_dir.iterdir())
        if found and not marker.exists():
            raise UserError(
                f'{self.work_dir}: holds {", ".join(found[:3])}, which no demo '
                'wrote; choose a new folder with --work-dir')
        marker.touch()
        for name in self.FOLDERS:
            shutil.rmtree(self.work_dir / name, ignore_errors=True)
        for name in self.RESULTS:
            (self.work_dir / name).unlink(missing_ok=True)
        (self.work_dir / 'logs').mkdir()

    def _labels(self, split: str) -> str:
        return str(self.work_dir / 'labels' / f'{split}.json')

    def _checkpoint(self) -> str:
        """The last checkpoint of the training, as MMEngine notes it."""
        note = self.work_dir / 'mal' / 'last_checkpoint'
        try:
            return note.read_text(encoding='utf-8').strip()
        except FileNotFoundError:
            raise UserError(f'{note}: training left no checkpoint; its output '
                            f"is in {self.work_dir / 'logs' / 'train.log'}"
                            ) from None

    def _python(self, name: str, script: str, *arguments: str) -> None:
        """Run one of the public scripts, logged under ``logs``."""
        path = self.repo / script
        if path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        run_command(['python', str(path), *arguments],
                    str(self.work_dir / 'logs' / f'{name}.log'),
                    dict(MAL_DEMO_DIR=os.fspath(self.work_dir)))

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        """Say which step begins, and take its time."""
        print(f'\n== {name}', flush=True)
        start = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - start
        print(f'== {name}: {self.seconds[name]:.0f} s', flush=True)

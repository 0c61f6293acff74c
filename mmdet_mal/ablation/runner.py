"""A whole grid: plan it, run what is left, write the table as it grows."""

import functools
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.experiments.bar import PartsBar
from mmdet_mal.experiments.dealing import deal
from mmdet_mal.experiments.folder import ExperimentFolder
from mmdet_mal.experiments.job_places import JobPlace, job_places
from mmdet_mal.experiments.job_pool import JobPool
from mmdet_mal.experiments.jobs_bar import JobsBar
from mmdet_mal.labelling.weights import needs_checkpoint
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import load_config
from mmdet_mal.version import __version__

from .cell_run import CellRun
from .data import AblationData
from .grid import Cell, Grid
from .overrides import apply_overrides
from .report import write_results
from .shorten import BoxCounter, count_iterations, shorten_training

# Where files lie decides no result; the data count through their hashes.
_PLACES = ('data_root', 'data_prefix', 'ann_file', 'backend_args', 'pretrained',
           'work_dir', 'num_workers', 'persistent_workers')
_WEIGHT_KEYS = ('pretrained', 'load_from', 'checkpoint')
_HASH_DIGITS = 16


class AblationRun:
    """All cells of a grid with all seeds.

    Args:
        grid (Grid): the grid.
        data (AblationData): what is trained on and scored.
        seeds (Sequence[int]): of the trainings; a labeller that is not trained
            runs with the first alone.
        out (Path): folder of the experiment.
        max_iters (int, optional): shorten longer trainings to so many
            iterations.
        options (Mapping, optional): settings of all cells by dotted key.
        jobs (int): cells at the same time.
        gpus (Sequence[str]): that the jobs share, see :func:`visible_gpus`.

    Attributes:
        runs: the cells with their seeds, in the order in which they are begun.
        places: where each job runs; not more jobs than cells.

    Raises:
        UserError: a config, a setting or a file is not there or does not fit.
    """

    def __init__(self, grid: Grid, data: AblationData, seeds: Sequence[int],
                 out: Path, max_iters: int | None = None,
                 options: Mapping[str, Any] | None = None, jobs: int = 1,
                 gpus: Sequence[str] = ()) -> None:
        if len(set(seeds)) != len(seeds) or any(seed < 0 for seed in seeds):
            raise UserError(f'--seeds {" ".join(map(str, seeds))}: expected '
                            'different numbers of 0 or more')
        self.grid = grid
        self.data = data
        self.out = out
        self._options = dict(options or {})
        self._counter = BoxCounter()
        configs = {}
        for cell in grid.cells:
            configs[cell.name] = self._config(cell, max_iters)
        self._manifest = dict(
            kind='ablation', grid=grid.name, base=grid.base, version=__version__,
            max_iters=max_iters, data=data.manifest(),
            cells={name: _fingerprint(config) for name, (config, _)
                   in configs.items()})
        # Seed by seed, so that a table of all cells is there early.
        self.runs = [
            self._run_of(cell, seed, *configs[cell.name])
            for number, seed in enumerate(seeds) for cell in grid.cells
            if number == 0 or configs[cell.name][1]]
        # By all cells, not by those that are left: the same command deals the
        # same cores to a cell that it goes on with.
        self.places: list[JobPlace] = job_places(min(jobs, len(self.runs)), gpus)

    def plan_rows(self, boxes: int) -> list[list[str]]:
        """Heading and one row a cell: state, iterations, expected minutes, job.

        Args:
            boxes (int): that each cell labels.
        """
        done, left = self._done_and_left()
        jobs = dict(zip([run.name for run in left], self._deal(boxes)[0],
                        strict=True))
        rows = [['cell', 'seed', 'state', 'iterations', 'minutes']]
        for run in self.runs:
            if run.state == 'done':
                minutes = f'{sum(run.seconds.values()) / 60:.1f} taken'
            elif done:
                minutes = f'{run.expected_seconds(boxes, done) / 60:.1f} expected'
            else:
                minutes = 'not measured yet'
            rows.append([run.cell.name, str(run.seed), run.state,
                         str(run.iterations), minutes])
        if len(self.places) > 1:
            rows[0].append('job')
            for row, run in zip(rows[1:], self.runs, strict=True):
                row.append(str(jobs[run.name] + 1) if run.name in jobs else '-')
        return rows

    def expected_seconds(self, boxes: int) -> float | None:
        """Until all cells are done; None if none has been measured.

        Args:
            boxes (int): that each cell labels.
        """
        return self._deal(boxes)[1] if self._done_and_left()[0] else None

    def run(self) -> dict[str, str]:
        """Run what is left; writes the results after each cell.

        Returns:
            dict[str, str]: why cells failed, by cell and seed.

        Raises:
            UserError: the folder cannot be used, or is another experiment's.
        """
        failed: dict[str, str] = {}
        with ExperimentFolder(self.out, self._manifest) as folder:
            human = self.data.scored()
            boxes = self.out / 'score_boxes.json'
            self.data.write_score_boxes(boxes)
            count = len(human['annotations'])
            done, left = self._done_and_left()
            if done:
                print(f'{self.out}: {len(done)} of {len(self.runs)} cells are '
                      'done already', file=sys.stderr)
            costs = [run.expected_seconds(count, done) for run in left]
            run_left = (self._run_in_turn if len(self.places) == 1
                        else self._run_side_by_side)
            run_left(left, costs, failed, boxes, human, folder.held)
            self.write(failed)
        return failed

    def _run_in_turn(self, left: Sequence[CellRun], costs: list[float],
                     failed: dict[str, str], boxes: Path, human: dict,
                     held: Sequence[int]) -> None:
        with PartsBar(costs, f'grid {self.grid.name}') as bar:
            for run in left:
                try:
                    run.run(boxes, self.data, human, bar.listener, held)
                    bar.say(_line(run))
                except UserError as error:
                    failed[run.name] = str(error)
                    bar.say(f'{run.name}: FAILED: {error}')
                bar.finish_part()
                self.write(failed)

    def _run_side_by_side(self, left: Sequence[CellRun], costs: list[float],
                          failed: dict[str, str], boxes: Path, human: dict,
                          held: Sequence[int]) -> None:
        with (JobsBar(costs, len(self.places), f'grid {self.grid.name}') as bar,
              JobPool(len(self.places)) as pool):

            def work(part: int, job: int) -> None:
                run = left[part]
                bar.begin(part, run.name)
                try:
                    run.run(boxes, self.data, human,
                            functools.partial(bar.listener, part), held,
                            self.places[job].environment, pool.steps)
                finally:
                    bar.finish(part)

            # The table is written here alone, so never by two at once.
            for part, error in pool.each(range(len(left)), work):
                run = left[part]
                if error is None:
                    bar.say(_line(run))
                else:
                    failed[run.name] = str(error)
                    bar.say(f'{run.name}: FAILED: {error}')
                self.write(failed)

    def write(self, failed: Mapping[str, str]) -> None:
        """Write table, plot and JSON of what is done."""
        # In the order of the grid, whatever failed first.
        write_results(self.out, self.grid, self.runs, {
            run.name: failed[run.name] for run in self.runs if run.name in failed})

    def _done_and_left(self) -> tuple[list[CellRun], list[CellRun]]:
        done = [run for run in self.runs if run.state == 'done']
        return done, [run for run in self.runs if run.state != 'done']

    def _deal(self, boxes: int) -> tuple[list[int], float]:
        """The job of each cell that is left, and the seconds until all are done."""
        done, left = self._done_and_left()
        return deal([run.expected_seconds(boxes, done) for run in left],
                    len(self.places))

    def _run_of(self, cell: Cell, seed: int, config: Config,
                iterations: int) -> CellRun:
        config = Config(config._cfg_dict.to_dict(), filename=config.filename)
        config.randomness = dict(config.get('randomness') or {}, seed=seed)
        return CellRun(cell, seed, config, iterations,
                       self.out / 'cells' / f'{cell.slug}-seed{seed}')

    def _config(self, cell: Cell,
                max_iters: int | None) -> tuple[Config, int]:
        """A cell's whole config, and the iterations of its training."""
        where = f'cell {cell.name}'
        config = load_config(cell.config)
        apply_overrides(config, self._options, '--cfg-options')
        apply_overrides(config, cell.overrides, where)
        _check_weights(config._cfg_dict, where)
        iterations = 0
        if needs_checkpoint(config):
            dataset = (config.get('train_dataloader') or {}).get('dataset')
            if dataset is None:
                raise UserError(f'{cell.config}: has no train_dataloader, so '
                                'its labeller cannot be trained')
            prefix, backend_args = image_source(self.data.images)
            dataset.update(data_root='', ann_file=self.data.boxes,
                           data_prefix=dict(img=prefix),
                           backend_args=backend_args)
            samples = self._counter(config)
            if max_iters is not None:
                shorten_training(config, max_iters, samples)
            iterations = count_iterations(config, samples)
        return config, iterations


def _line(run: CellRun) -> str:
    sizes = run.result()['sizes']
    return (f"{run.name}: mean IoU {sizes['all']['miou']:.3f} over "
            f"{sizes['all']['n']} boxes, {sum(run.seconds.values()) / 60:.1f} min")


def _check_weights(value: Any, where: str) -> None:
    """Raise a UserError where a config names weights that are not there."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            if (key in _WEIGHT_KEYS and isinstance(entry, str) and entry
                    and '://' not in entry and not Path(entry).is_file()):
                raise UserError(
                    f'{where}: {entry}: no such weights; set MAL_WEIGHTS to the '
                    f'file, or {key} in the config (docs/encoders.md says where '
                    'the weights come from)')
            _check_weights(entry, where)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            _check_weights(entry, where)


def _fingerprint(config: Config) -> str:
    """Short hash of what decides a cell's result."""
    text = json.dumps(_without_places(config._cfg_dict.to_dict()), sort_keys=True,
                      default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]


def _without_places(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without_places(v) for k, v in value.items()
                if k not in (*_PLACES, 'randomness')}
    if isinstance(value, (list, tuple)):
        return [_without_places(entry) for entry in value]
    return value

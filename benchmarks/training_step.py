"""A training step of the small CPU preset, from the file to the new weights.

    OMP_NUM_THREADS=1 python -m benchmarks.training_step [--rounds 7]

Both train the network of mal_deit-ti_coco-mini.py from the same weights on the
same batches of 16 crops with the same augmentations, all in this process (no
loader workers).  Ours is the product's own runner with its hooks.  Images of
COCO's size are decoded once, before the first step, as the preset says; of
large ones, which memory may not hold, it decodes one to cut 32 crops and more,
of this epoch and the next (crops_ahead); there a round has the steps of two
epochs, so that all decoding is in it.
"""

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mmdet_mal  # noqa: F401  its shields come before mmengine's runner
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch.utils.data import default_collate

from benchmarks.commandline import make_parser, run, set_threads
from benchmarks.inputs import (LARGE, BoxFile, drawn_images, first_boxes,
                               fullest_images)
from benchmarks.same_model import (SMALL, boxes_to_train, build_ours,
                                   config_for, recipe_of, textbook_network)
from benchmarks.side_by_side import side_by_side
from benchmarks.textbook.training import Trainer
from mmdet_mal.engine.train_loop import ResumableTrainLoop
from mmdet_mal.registry import LOOPS
from mmdet_mal.utils.randomness import seeded, seed_process

BOXES = 400
TARGET = 3.
# Of a drawn data set: images, boxes on each.
DRAWN = (4, 16)
CROPS_AHEAD = 32
# For which crops of a drawn image are cut: so many boxes make 32.
EPOCHS = CROPS_AHEAD // DRAWN[1]
QUICK_BOXES = 32


@LOOPS.register_module()
class SteppedTrainLoop(ResumableTrainLoop):
    """The product's training loop, of which a caller makes each step."""

    def run(self) -> None:
        """Prepare everything, make no step."""
        self._seed = self._sampler.seed = self.runner.seed
        self._iterations_done()
        self.runner.call_hook('before_train')
        self._enter_epoch()

    def step(self) -> None:
        """Load the next batch and train on it."""
        batch = next(self._batches, None)
        if batch is None:
            self._epoch += 1
            self._enter_epoch()
            batch = next(self._batches)
        self.run_iter(self._iter % len(self.dataloader), batch)

    def _enter_epoch(self) -> None:
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        self._sampler.set_epoch(self._epoch)
        self._sampler.start_at(0)
        self._batches = iter(self.dataloader)


class TextbookTraining:
    """The textbook's trainer with a plain loader in front.

    Args:
        config (Config): Whose constants and augmentations are used.
        data (BoxFile): What is trained on.
        model (torch.nn.Module): Ours, for its weights.
        order (list[list[int]]): Samples of each batch, again and again.
        seed (int): Of the samples' random numbers, as our loader has it.
    """

    def __init__(self, config: Config, data: BoxFile, model: torch.nn.Module,
                 order: list[list[int]], seed: int = 0) -> None:
        self.boxes = boxes_to_train(config, data)
        self.trainer = Trainer(
            textbook_network(config, model.student).train(), recipe_of(config))
        self.order, self.seed = order, seed

    def step(self) -> dict[str, float]:
        """Load the next batch and train on it; its losses."""
        epoch, number = divmod(self.trainer.iteration, len(self.order))
        samples = []
        for index in self.order[number]:
            with seeded(0, self.seed, epoch, index):
                samples.append(self.boxes[index])
        return self.trainer.step(default_collate(samples))


def make_paths(data: BoxFile, folder: Path,
               config: Config | None = None
               ) -> tuple[TextbookTraining, SteppedTrainLoop]:
    """Textbook and product, ready to make the same first step.

    Args:
        data (BoxFile): What is trained on.
        folder (Path): Work directory.
        config (Config, optional): The small preset by default.
    """
    config = config or config_for(SMALL, data, workers=0)
    model = build_ours(config)
    config.work_dir = str(folder / 'work')
    config.train_cfg.type = 'mmdet_mal.SteppedTrainLoop'
    config.model_wrapper_cfg = None
    runner = Runner.from_cfg(config)
    runner.train()
    runner.model.load_state_dict(model.state_dict())
    loop = runner.train_loop
    size = loop.dataloader.batch_size
    loop._sampler.set_epoch(0)
    order = [int(key) for key in loop._sampler]
    batches = [order[i:i + size] for i in range(0, len(order), size)]
    seed_process(0)
    return TextbookTraining(config, data, model, batches, runner.seed), loop


def cases(folder: Path) -> dict[str, Callable[[], BoxFile]]:
    """What is trained on, by name."""
    return dict(
        photographs=partial(fullest_images, 'coco_mini', folder, BOXES),
        **{name: partial(drawn_images, folder, *DRAWN, size)
           for name, size in LARGE.items()})


def config_of(name: str, data: BoxFile) -> Config:
    """The small preset, as it is or for images that memory does not hold."""
    config = config_for(SMALL, data, workers=0)
    if name != 'photographs':
        config.train_dataloader.dataset.update(
            cache_images=False, crops_ahead=CROPS_AHEAD)
    return config


def measure(args: argparse.Namespace) -> list[dict]:
    """Time steps of both in the cases that were asked for."""
    results = []
    for name in args.only or cases(Path()):
        set_threads(args.threads)
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            data = cases(folder)[name]()
            if args.boxes:
                data = first_boxes(data, folder, args.boxes)
            textbook, ours = make_paths(data, folder, config_of(name, data))
            set_threads(args.threads)  # the runner has set OpenCV's
            large = name != 'photographs'
            steps = EPOCHS * len(ours.dataloader) if large else 1
            paths = dict(textbook=textbook.step, ours=ours.step)
            result = side_by_side(
                f'{_steps(steps)}, small preset, loader included',
                {path: partial(_repeat, step, steps)
                 for path, step in paths.items()},
                max(1, args.rounds // 2) if large else args.rounds,
                warmup=0 if large else 2,
                inputs=f'batches of 16 of {data.name}, 224 px')
        results.append(dict(result, target=TARGET))
    return results


def _steps(count: int) -> str:
    return 'training step' if count == 1 else f'{count} training steps'


def _repeat(step: Callable[[], object], count: int) -> None:
    for _ in range(count):
        step()


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument('--only', nargs='+', metavar='CASE',
                        choices=list(cases(Path())),
                        help='of photographs, drawn, drawn_24, drawn_48 (four '
                        'of 12, 24, 48 megapixels)')
    parser.add_argument('--boxes', type=int, metavar='N',
                        help='train on the first N of each case alone')
    run(parser, measure, quick=dict(boxes=QUICK_BOXES))


if __name__ == '__main__':
    main()

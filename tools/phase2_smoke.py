"""Train the four stock phase-2 recipes for a few iterations on a masks JSON.

For each recipe: read every annotation with the stock loader and account for those it
drops, then train with MMDetection's own train script, in a process of its own (memory
goes back after each).  Prints one table; exit code 1 if a loss is not finite, an
iteration is missing or an annotation was not read.

    python tools/phase2_smoke.py --ann masks.json --images data/coco/train2017
"""

import argparse
import io
import json
import math
import os
import re
import subprocess
import sys
import time
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from pathlib import Path

import mmdet_mal  # noqa: F401  its shields come before mmdet
import mmdet
from mmdet.datasets import CocoDataset
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.num_classes import set_num_classes
from mmdet_mal.utils.stock_reader import read_with_stock_loader
from mmdet_mal.utils.tool import run_tool

CONFIG_DIR = Path(__file__).resolve().parents[1] / 'configs/phase2/coco-mini'
RECIPES = {
    'SOLOv2 R50': 'solov2_r50_fpn_coco-mini-cpu.py',
    'Mask R-CNN R50': 'mask-rcnn_r50_fpn_coco-mini-cpu.py',
    'Mask2Former Swin-S': 'mask2former_swin-s_coco-mini-cpu.py',
    'Cascade ConvNeXt-S': 'cascade-mask-rcnn_convnext-s_fpn_coco-mini-cpu.py',
}
# What `mim train mmdet` runs; it comes with the installed package.
TRAIN_SCRIPT = Path(mmdet.__file__).parent / '.mim/tools/train.py'

# Its line of an iteration, as far as the total loss.
PROGRESS = re.compile(r'Iter\(train\).*?\bloss: \S+')


@dataclass
class Row:
    """One line of the table.  Losses are the recipe's total loss."""

    model: str
    in_file: int = 0
    read: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    iterations: int = 0
    first_loss: float = math.nan
    last_loss: float = math.nan
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n\n')[0])
    parser.add_argument('--ann', required=True, help='masks JSON of the label run')
    parser.add_argument('--images', required=True, help='folder of its images')
    parser.add_argument('--iters', type=int, default=3, help='iterations a recipe')
    parser.add_argument(
        '--models', nargs='+', choices=list(RECIPES), default=list(RECIPES))
    parser.add_argument('--threads', type=int, default=1, help='CPU threads')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--work-dir', default='work_dirs/phase2_smoke')
    parser.add_argument('--out', help='also write the table as JSON here')
    args = parser.parse_args()
    if args.iters < 1:
        parser.error(f'--iters is {args.iters}; it must be at least 1')
    if not os.path.isfile(args.ann):
        raise UserError(f'--ann {args.ann}: no such file; give the masks.json that '
                        'the label run wrote')
    if not os.path.isdir(args.images):
        raise UserError(f'--images {args.images}: no such folder')
    if not TRAIN_SCRIPT.is_file():
        raise UserError(f'{TRAIN_SCRIPT} is missing; install mmdet from its wheel')
    return args


def class_names(ann_file: str) -> tuple[str, ...]:
    """Category names in file order: the order by which stock datasets label.

    Raises:
        UserError: If the file is no COCO detection JSON.
    """
    try:
        with open(ann_file, encoding='utf-8') as file:
            data = json.load(file)
    except ValueError as error:
        raise UserError(f'{ann_file}: not a JSON file ({error})') from error
    missing = {'images', 'annotations', 'categories'} - set(data)
    if missing:
        raise UserError(f'{ann_file}: no {sorted(missing)} in it; give the masks.json '
                        'that the label run wrote')
    return tuple(category['name'] for category in data['categories'])


def make_config(config: Path, args: argparse.Namespace) -> Config:
    """A recipe on the given file: paths, iterations, and classes if not COCO's."""
    cfg = Config.fromfile(config)
    dataset = cfg.train_dataloader.dataset
    dataset.ann_file = os.path.abspath(args.ann)
    dataset.data_prefix = dict(img=os.path.abspath(args.images))
    cfg.train_cfg.max_iters = args.iters
    cfg.randomness = dict(seed=args.seed)

    names = class_names(args.ann)
    if names != CocoDataset.METAINFO['classes']:
        dataset.metainfo = dict(classes=names)
        set_num_classes(cfg.model, len(names))
    return cfg


def train(cfg: Config, work_dir: Path, threads: int) -> list[float]:
    """Run the stock train script; the total loss of every iteration."""
    work_dir.mkdir(parents=True, exist_ok=True)
    config = work_dir / 'config.py'
    cfg.dump(config)
    known = set(work_dir.glob('*/vis_data/scalars.json'))
    command = [sys.executable, str(TRAIN_SCRIPT), str(config), '--work-dir',
               str(work_dir)]
    env = dict(os.environ, OMP_NUM_THREADS=str(threads), PYTHONUNBUFFERED='1')
    last_line = ''
    with open(work_dir / 'train.log', 'w', encoding='utf-8') as log, subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True) as process:
        for line in process.stdout:
            log.write(line)
            last_line = line.strip() or last_line
            progress = PROGRESS.search(line)
            if progress:
                print('   ', progress[0], flush=True)
    if process.returncode:
        raise RuntimeError(
            f'training ended with code {process.returncode}: {last_line} '
            f'(log: {work_dir / "train.log"})')
    new = set(work_dir.glob('*/vis_data/scalars.json')) - known
    lines = new.pop().read_text(encoding='utf-8').splitlines() if new else []
    return [json.loads(line)['loss'] for line in lines]


def run_recipe(model: str, args: argparse.Namespace) -> Row:
    """Read, train and judge one recipe."""
    row = Row(model)
    start = time.monotonic()
    cfg = make_config(CONFIG_DIR / RECIPES[model], args)
    print(f'{model}: reading every annotation with the stock loader', flush=True)
    with redirect_stdout(io.StringIO()):  # pycocotools prints while it indexes
        reading = read_with_stock_loader(cfg.train_dataloader.dataset)
    row.in_file, row.read = reading.annotations, reading.read
    row.dropped, row.faults = reading.dropped, list(reading.faults)
    if not reading.complete:
        row.faults.append(f'{reading.read} of {reading.annotations} annotations read')
    print(f'{model}: training {args.iters} iterations', flush=True)
    try:
        losses = train(cfg, Path(args.work_dir) / model.replace(' ', '_'),
                       args.threads)
    except RuntimeError as error:
        losses = []
        row.faults.append(str(error))
    row.iterations = len(losses)
    if losses:
        row.first_loss, row.last_loss = losses[0], losses[-1]
    if len(losses) != args.iters:
        row.faults.append(f'{len(losses)} of {args.iters} iterations ran')
    if not all(map(math.isfinite, losses)):
        row.faults.append(f'loss not finite: {losses}')
    row.seconds = time.monotonic() - start
    return row


def format_table(rows: list[Row]) -> str:
    """The rows as a Markdown table, faults below it."""
    lines = ['| model | in file | read | dropped, why | iterations | first loss '
             '| last loss | seconds |',
             '| --- | --- | --- | --- | --- | --- | --- | --- |']
    for row in rows:
        why = ', '.join(f'{n}: {reason}' for reason, n in row.dropped.items())
        lines.append(
            f'| {row.model} | {row.in_file} | {row.read} | {why or "none"} '
            f'| {row.iterations} | {row.first_loss:.3f} | {row.last_loss:.3f} '
            f'| {row.seconds:.0f} |')
    lines += [f'FAULT {row.model}: {fault}' for row in rows for fault in row.faults]
    return '\n'.join(lines)


def main() -> None:
    args = parse_args()
    class_names(args.ann)  # a bad file fails here, in one line
    init_default_scope('mmdet')
    rows = [run_recipe(model, args) for model in args.models]
    print('\n' + format_table(rows))
    if args.out:
        Path(args.out).parent.mkdir(parents=True, exist_ok=True)
        Path(args.out).write_text(
            json.dumps([asdict(row) for row in rows], indent=2) + '\n',
            encoding='utf-8')
    if any(row.faults for row in rows):
        sys.exit(1)


if __name__ == '__main__':
    run_tool(main)

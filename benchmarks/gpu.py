"""Everything about a GPU that one wants to know, by one command.

    bash benchmarks/gpu.sh                      # finds or builds what it needs
    python -m benchmarks.gpu --out work_dirs/gpu

Training steps of ViT-B/16 at 512 px with batches of 4 to 64, activation
checkpointing, torch.compile and CUDA graphs; labelling; what precision and device
change; the textbook beside ours; the mean field; the data loader; a whole run with
its hooks; the kernels that take longest.  Weights are random and photographs drawn,
so it needs no data.  Writes gpu.json and gpu.md, after each part, and profile.json
for `mal cost`; ends within --minutes.  A part that fails is noted, and the others
go on.
"""

import argparse
import json
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_parts import (compare, cost_profile, kernels, labelling,
                                  loader, parity, training, whole)
from benchmarks.gpu_parts.report import page
from benchmarks.gpu_parts.setup import Bench
from benchmarks.machine import MIB, machine_name
from benchmarks.peaks import bf16_peak

# Side of the matrices of which a product shows what the chip reaches.
_MATRIX = 8192
# What matters most comes first: the time may run out.
PARTS = ('operations', 'training', 'labelling', 'parity', 'textbook_step',
         'mean_field', 'loader', 'profile', 'whole', 'kernels', 'variants')


def measure(args: argparse.Namespace) -> list[dict]:
    """Measure and write; what compares two paths is returned.

    Args:
        args (argparse.Namespace): As :func:`parse` gives it.

    Returns:
        list[dict]: Of :func:`~benchmarks.side_by_side.side_by_side`.
    """
    figures = _measure_all(args)
    return [figures[key] for key in ('textbook_step', 'mean_field')
            if key in figures]


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', default='work_dirs/gpu', metavar='DIR',
                        help='gpu.json and gpu.md go there (%(default)s)')
    parser.add_argument('--json', metavar='OUT.json',
                        help='write gpu.json to this name instead')
    parser.add_argument('--device', default='cuda', help='(%(default)s)')
    parser.add_argument('--minutes', type=float, default=9.0,
                        help='no part begins after them (%(default)s)')
    parser.add_argument('--batches', type=int, nargs='+',
                        default=[4, 8, 16, 32, 64], help='(%(default)s)')
    parser.add_argument('--parts', nargs='+', choices=PARTS, metavar='PART',
                        default=list(PARTS),
                        help=f"of {', '.join(PARTS)} (default: all); the last "
                        'three take the largest of --batches where training is '
                        'left out')
    parser.add_argument('--variants', nargs='*', choices=training.VARIANTS,
                        default=list(training.VARIANTS[1:]),
                        help='measured at the best batch (%(default)s)')
    parser.add_argument('--steps', type=int, default=50,
                        help='training steps of a measurement (%(default)s)')
    parser.add_argument('--crops', type=int, default=200,
                        help='crops that are labelled (%(default)s)')
    parser.add_argument('--rounds', type=int, default=7,
                        help='of comparisons (%(default)s)')
    parser.add_argument('--tiny', action='store_true',
                        help='a network of 64 px crops: a dry run')
    return parser.parse_args(argv)


def main() -> None:
    args = parse()
    if args.device.startswith('cuda') and not torch.cuda.is_available():
        sys.exit('no GPU is visible to torch '
                 f'{torch.__version__}; a dry run: --device cpu --tiny')
    figures = _measure_all(args)
    print(page(figures))
    if figures['failed']:
        sys.exit(f"failed: {', '.join(figures['failed'])}")


def _measure_all(args: argparse.Namespace) -> dict[str, Any]:
    """All parts, written after each."""
    bench = Bench(
        device=torch.device(args.device), tiny=args.tiny,
        deadline=time.monotonic() + 60 * args.minutes, steps=args.steps,
        crops=args.crops, rounds=args.rounds)
    folder = Path(args.out)
    folder.mkdir(parents=True, exist_ok=True)
    json_path = Path(args.json) if args.json else folder / 'gpu.json'
    figures: dict[str, Any] = dict(device=_device(bench), tiny=bench.tiny,
                                   failed={})
    # Where training is not measured, the batch is chosen by hand.
    chosen = None if 'training' in args.parts else max(args.batches)
    batch = partial(_best_batch, figures, chosen)

    def write() -> None:
        json_path.write_text(json.dumps(figures, indent=2) + '\n')
        (folder / 'gpu.md').write_text(page(figures))

    with tempfile.TemporaryDirectory() as temporary:
        parts: dict[str, Callable[[], Any]] = dict(
            operations=partial(training.count_operations, bench),
            training=partial(training.measure, bench, sorted(args.batches)),
            labelling=partial(labelling.measure, bench),
            parity=partial(parity.measure, bench),
            textbook_step=partial(compare.training_step, bench),
            mean_field=partial(compare.mean_field, bench),
            loader=partial(loader.measure, bench, Path(temporary)),
            profile=partial(cost_profile.measure, bench, figures,
                            Path(temporary), folder / 'profile.json'),
            whole=lambda: whole.measure(bench, Path(temporary), batch()),
            kernels=lambda: kernels.measure(bench, batch()),
            variants=lambda: _variants(bench, figures, args.variants, batch(),
                                       write))
        for name in (name for name in PARTS if name in args.parts):
            if bench.seconds_left <= 0:
                figures['failed'][name] = 'no time was left; give --minutes'
                continue
            print(f'{name}: {bench.seconds_left:.0f} s are left', flush=True)
            try:
                figures[name] = parts[name]()
            except Exception as error:  # the other parts are worth having
                figures['failed'][name] = _reason(error)
            if bench.device.type == 'cuda':
                torch.cuda.empty_cache()
            write()
    return figures


def _reason(error: Exception) -> str:
    """In one line; the whole of it is printed."""
    traceback.print_exception(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


def _variants(bench: Bench, figures: dict[str, Any], names: list[str],
              batch: int, write: Callable[[], None]) -> list[dict[str, Any]]:
    """Variants of the best batch; they stand in the table of training."""
    rows = []
    for name in names:
        try:
            rows.append(training.measure_one(bench, name, batch))
        except Exception as error:  # the other variants are worth having
            figures['failed'][f'variant {name}'] = _reason(error)
            continue
        figures.setdefault('training', []).append(rows[-1])
        write()  # the next may compile for longer than a time limit allows
    return rows


def _best_batch(figures: dict[str, Any], chosen: int | None) -> int:
    """Crops of the training step that made most of them a second."""
    if chosen is not None:
        return chosen
    done = [row for row in figures.get('training', ()) if 'note' not in row]
    if not done:
        raise RuntimeError('no training step succeeded')
    return max(done, key=lambda row: row['crops_per_second'])['batch']


def _device(bench: Bench) -> dict[str, Any]:
    """What it runs on, and the rate of a large product of matrices."""
    facts = dict(machine=machine_name(), torch=torch.__version__,
                 python=platform.python_version(), cuda=torch.version.cuda)
    if bench.device.type == 'cuda':
        name = torch.cuda.get_device_name()
        peak = bf16_peak(name)
        facts.update(
            memory_mib=torch.cuda.get_device_properties(0).total_memory // MIB,
            bf16_peak_teraflops=peak / 1e12 if peak else None,
            matmul_teraflops=round(_matmul_rate(bench) / 1e12, 1))
    return facts


def _matmul_rate(bench: Bench) -> float:
    """Operations a second of a large product in the bench's precision."""
    a, b = (torch.randn(_MATRIX, _MATRIX, device=bench.device,
                        dtype=bench.dtype) for _ in range(2))
    for _ in range(3):
        a @ b
    bench.synchronize()
    began = time.perf_counter()
    for _ in range(10):
        a @ b
    bench.synchronize()
    return 10 * 2 * _MATRIX**3 / (time.perf_counter() - began)


if __name__ == '__main__':
    main()

"""The mean field: textbook (unfolded, 100 rounds, fp32) and our paths.

    OMP_NUM_THREADS=1 python -m benchmarks.mean_field [--threads 1] [--json OUT]

At the sizes in use, with the constants of the configs that use them, kernel
included.  Crops are boxes of coco_mini's training photographs, where they and the
weights are at hand, and the probabilities those of the instant labeller before its
mean field; else drawn crops with random weights.  The share of equal labels
(p > .5) stands under the table.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS
from torch import Tensor

from benchmarks.commandline import make_parser, run, set_threads
from benchmarks.inputs import fullest_images
from benchmarks.same_model import (INSTANT, SMALL, VIT_B, build_ours,
                                   config_for)
from benchmarks.side_by_side import side_by_side
from benchmarks.textbook import mean_field as textbook
from mmdet_mal.models.crop_labeler import crop_valid_mask
from mmdet_mal.models.instant_labeler import MAP_STRIDE
from mmdet_mal.models.mean_field import crf_marginals
from mmdet_mal.models.mean_field.compiled import why_not_compiled
from mmdet_mal.models.mean_field.paths import (COMPILED, TENSORS, TRITON,
                                               VARIABLE)
from mmdet_mal.utils.tool import load_config

ROUNDS = 7
TARGET = 10.


@dataclass(frozen=True)
class Case:
    """Where a mean field runs.

    Attributes:
        title: for the reader.
        side: of the crops in pixels; maps have a quarter of it.
        crops: at once.
        path: of the config whose constants are taken.
        part: of its model that has them.
    """

    title: str
    side: int
    crops: int
    path: Path
    part: str


CASES = (Case('mean field, training of the small preset', 224, 16, SMALL,
              'crf_loss'),
         Case('mean field, instant labelling', 320, 16, INSTANT, 'mean_field'),
         Case('mean field, training of ViT-B', 512, 4, VIT_B, 'crf_loss'))


def constants_of(case: Case) -> dict:
    """Keyword arguments of ``crf_marginals`` that a config sets.

    Without its ``max_iters``: both sides may take the paper's 100 rounds.
    """
    known = ('zeta', 'omega', 'clamp', 'tolerance')
    part = load_config(str(case.path)).model[case.part]
    return {name: part[name] for name in known if name in part}


def crops_of(case: Case, folder: Path) -> tuple[tuple[Tensor, ...], str]:
    """Probabilities (N, H, W), colours (N, 3, H, W), valid (N, H, W).

    Args:
        case (Case): Which size, and how many.
        folder (Path): Where files are written.

    Returns:
        tuple: The tensors, and what they are.
    """
    data = fullest_images('coco_mini', folder, case.crops)
    config = config_for(INSTANT, data, workers=0)
    config.model.update(mean_field=None, quality=None)
    config.model.encoder.img_size = case.side
    model = build_ours(config).eval()
    inputs = model.data_preprocessor(pseudo_collate(_items(config, case)))
    crops, samples = inputs['inputs'], inputs['data_samples']
    prob = model.infer_maps(crops, samples).prob
    colours = F.avg_pool2d(crops.float(), MAP_STRIDE)
    valid = crop_valid_mask(samples, prob, MAP_STRIDE)
    side = case.side // MAP_STRIDE
    return ((prob, colours, valid),
            f'{len(prob)} crops of {side}x{side} of {data.name}')


def _items(config: Config, case: Case) -> list[dict]:
    """The first boxes, cropped to the case's size."""
    settings = config.test_dataloader.dataset
    for step in settings.pipeline:
        if step['type'].endswith('CropBox'):
            step['size'] = (case.side, case.side)
    dataset = DATASETS.build(dict(
        type='mmdet_mal.BoxInstanceDataset', ann_file=settings.ann_file,
        data_prefix=dict(settings.data_prefix), min_area=0, min_size=0,
        check_images='none', faults='skip', test_mode=True,
        pipeline=[dict(type='mmdet_mal.LoadBoxImage'), *settings.pipeline]))
    return [dataset[i] for i in range(min(case.crops, len(dataset)))]


def forced(path: str, call: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The call with the mean field computed on one path."""
    def on_path() -> Tensor:
        with mock.patch.dict(os.environ, {VARIABLE: path}):
            return call()
    return on_path


def paths_here() -> list[str]:
    """Those of our paths that run on this machine; the fastest last."""
    if torch.cuda.is_available():
        return [TENSORS, TRITON]
    return [TENSORS] + ([] if why_not_compiled() else [COMPILED])


def equal_labels(a: Tensor, b: Tensor) -> float:
    """Share of pixels whose label (p > .5) is the same."""
    return ((a > .5) == (b > .5)).float().mean().item()


def measure(args: argparse.Namespace) -> list[dict]:
    """Time all cases; see :func:`~benchmarks.side_by_side.side_by_side`."""
    set_threads(args.threads)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    results = []
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            crops, what = crops_of(case, Path(folder))
        crops = tuple(x.to(device) for x in crops)
        constants = constants_of(case)
        fixed = {key: value for key, value in constants.items()
                 if key != 'tolerance'}
        calls = {'textbook': lambda c=crops, k=fixed:
                 textbook.crf_marginals(*c, **k)}
        for path in paths_here():
            calls[path] = forced(
                path, lambda c=crops, k=constants: crf_marginals(*c, **k))
        expected = calls['textbook']()
        notes = [f'equal labels, {path} and textbook: '
                 f'{100 * equal_labels(calls[path](), expected):.3f} %'
                 for path in paths_here()]
        result = side_by_side(case.title, calls, args.rounds, inputs=what)
        results.append(dict(result, target=TARGET, notes=notes))
    return results


def main() -> None:
    run(make_parser(__doc__, ROUNDS), measure)


if __name__ == '__main__':
    main()

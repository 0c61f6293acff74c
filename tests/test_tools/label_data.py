"""A small data set and a checkpoint without training, for tools that label."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

REPO = Path(__file__).resolve().parents[2]
TOOLS = REPO / 'tools'
CONFIG = Path(__file__).with_name('mal_tiny.py')


def make_label_data(root: Path, images: int = 12) -> None:
    """Write ``boxes.json`` and ``images/`` with three boxes an image."""
    rng = np.random.default_rng(0)
    (root / 'images').mkdir(parents=True)
    entries, annotations = [], []
    for i in range(images):
        image = rng.integers(0, 80, (96, 128, 3), np.uint8)
        for x, y, w, h in ((10 + i % 9, 12, 30, 25), (70, 40 - i % 9, 40, 36),
                           (5, 60, 20, 20)):
            image[y:y + h, x:x + w] = rng.integers(120, 250, 3)
            annotations.append(dict(id=len(annotations) + 1, image_id=i + 1,
                                    category_id=1, bbox=[x, y, w, h], iscrowd=0))
        cv2.imwrite(str(root / 'images' / f'{i}.png'), image)
        entries.append(
            dict(id=i + 1, file_name=f'{i}.png', height=96, width=128))
    (root / 'boxes.json').write_text(json.dumps(dict(
        images=entries, annotations=annotations,
        categories=[dict(id=1, name='thing')])))


def make_training_data(root: Path, images: int) -> None:
    """Write ``boxes.json`` and ``images/`` with two boxes an image."""
    rng = np.random.default_rng(0)
    (root / 'images').mkdir()
    entries, annotations = [], []
    for i in range(images):
        image = rng.integers(0, 80, (96, 128, 3), np.uint8)
        for x, y, w, h in ((10 + i, 12, 30, 25), (70, 40 - i, 40, 36)):
            image[y:y + h, x:x + w] = rng.integers(120, 250, 3)
            annotations.append(
                dict(id=len(annotations) + 1, image_id=i + 1, category_id=1,
                     bbox=[x, y, w, h], area=w * h, iscrowd=0))
        cv2.imwrite(str(root / 'images' / f'{i}.png'), image)
        entries.append(
            dict(id=i + 1, file_name=f'{i}.png', height=96, width=128))
    (root / 'boxes.json').write_text(json.dumps(dict(
        images=entries, annotations=annotations,
        categories=[dict(id=1, name='thing')])))


def make_checkpoint(path: Path) -> None:
    """Write random weights of the tiny config."""
    from mmengine.config import Config
    from mmengine.registry import DefaultScope

    from mmdet_mal.registry import MODELS
    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        model = MODELS.build(Config.fromfile(CONFIG).model)
        model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), path)


def start_tool(script: str, *args: object, cwd: Path,
               **environment: str) -> subprocess.Popen:
    """Start ``tools/SCRIPT`` with its output in one pipe, in its own group."""
    program = ['bash'] if script.endswith('.sh') else [sys.executable]
    return subprocess.Popen(
        [*program, str(TOOLS / script), *map(str, args)], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        # Without a GPU: two processes on one would be refused by NCCL.
        env={**os.environ, 'MAL_TINY_ROOT': str(cwd), 'PYTHON': sys.executable,
             'CUDA_VISIBLE_DEVICES': '', **environment})


def run_tool(script: str, *args: object, cwd: Path, code: int = 0,
             **environment: str) -> str:
    """Run a tool to its end; returns what it printed."""
    process = start_tool(script, *args, cwd=cwd, **environment)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == code, f'{process.returncode}\n{output[-4000:]}'
    return output

"""A newcomer's folder: a copy of the repository with tiny data in it.

What a reader has where the pages say ``my_data/`` and the like is made here:

* ``my_data/photos`` with ``boxes.json`` and ``human.json``: four drawn pictures
  of ``make demo``, boxes, and masks for scoring;
* ``weights/deit_tiny_patch16_224-a1311bcf.pth``: the authors' file where the tests
  have it, else random weights in its layout;
* ``.venv``: the environment that runs the tests.

Commands run in one shell session, as a reader pastes them: what a block exports,
later blocks see.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import torch
from markdown_page import REPO, Block

from mmdet_mal.demo.draw import draw_dataset

NUM_PICTURES = 4
WEIGHTS = 'weights/deit_tiny_patch16_224-a1311bcf.pth'
# A command that is stuck must end.
TIMEOUT_S = 600
_COPIED = ('configs', 'docs', 'examples', 'requirements', 'tools', 'Makefile',
           'README.md', 'pyproject.toml')


class Newcomer:
    """Runs command blocks one after another in a folder of its own.

    Args:
        folder (Path): empty; becomes the copy of the repository.
        weights (Path, optional): the published file.
    """

    def __init__(self, folder: Path, weights: Path | None) -> None:
        self.folder = folder
        self._environment = dict(os.environ)
        # A person's own data and weights must not be what makes a command work.
        for name in ('MAL_WEIGHTS', 'MAL_DATA_ROOT', 'MAL_ANN', 'VIRTUAL_ENV'):
            self._environment.pop(name, None)
        for name in _COPIED:
            source = REPO / name
            if source.is_dir():
                shutil.copytree(source, folder / name,
                                ignore=shutil.ignore_patterns('__pycache__'))
            elif source.exists():
                shutil.copy(source, folder / name)
        (folder / '.venv').symlink_to(sys.prefix)
        (folder / 'weights').mkdir()
        if weights is not None:
            (folder / WEIGHTS).symlink_to(weights)
        else:
            torch.save({'model': random_deit_tiny()}, folder / WEIGHTS)
        draw_my_data(folder)

    def run(self, block: Block) -> str:
        """Run a block; what it printed.

        Raises:
            AssertionError: a command of it failed; the message has the output.
        """
        text = block.text
        for old, new in block.replacements:
            text = text.replace(old, new)
        self._stand_in_for_the_browser(text)
        state = self.folder / '.environment'
        script = f'{text}\nenv -0 > {state}\n'
        done = subprocess.run(
            ['bash', '-eu', '-o', 'pipefail', '-c', script], cwd=self.folder,
            env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, timeout=TIMEOUT_S)
        assert done.returncode == 0, (
            f'{block}: exit code {done.returncode}\n{done.stdout}')
        pairs = state.read_text().split('\0')
        self._environment = dict(
            pair.split('=', 1) for pair in pairs if '=' in pair)
        return done.stdout

    def _stand_in_for_the_browser(self, text: str) -> None:
        """Save the decisions that a reader would download from the review page.

        A command with ``--decisions FILE`` reads what the page saves.  The first
        mask is rejected and the second flagged, all others are accepted.
        """
        words = text.replace('\\\n', ' ').split()
        if '--decisions' not in words:
            return
        path = self.folder / words[words.index('--decisions') + 1]
        masks = self.folder / words[words.index('export') + 1]
        ids = [ann['id'] for ann in json.loads(masks.read_text())['annotations']]
        said = ['reject', 'flag', *['accept'] * len(ids)]
        path.write_text(json.dumps(dict(
            format='mal-decisions', version=1, saved='2026-01-01T00:00:00Z',
            masks=dict(file=masks.name,
                       sha256=sha256(masks.read_bytes()).hexdigest()),
            decisions={str(ann_id): dict(decision=decision)
                       for ann_id, decision in zip(ids, said, strict=False)})))


def draw_my_data(folder: Path) -> None:
    """Draw ``my_data``: photos, boxes.json, human.json."""
    drawn = draw_dataset(folder / 'drawn', seed=3, num_train=NUM_PICTURES, num_val=1,
                         show_progress=False)
    data = folder / 'my_data'
    (data / 'photos').mkdir(parents=True)
    for key, name in (('boxes_train', 'boxes'), ('instances_train', 'human')):
        shutil.move(drawn[key], data / f'{name}.json')
    for entry in json.loads((data / 'boxes.json').read_text())['images']:
        shutil.move(folder / 'drawn/images' / entry['file_name'], data / 'photos')
    shutil.rmtree(folder / 'drawn')


def random_deit_tiny() -> dict[str, torch.Tensor]:
    """Random weights with the names and shapes of the DeiT authors' file."""
    generator = torch.Generator().manual_seed(0)
    width, hidden = 192, 768

    def tensor(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator) * .02

    state = {
        'cls_token': tensor(1, 1, width), 'pos_embed': tensor(1, 197, width),
        'patch_embed.proj.weight': tensor(width, 3, 16, 16),
        'patch_embed.proj.bias': tensor(width),
        'norm.weight': torch.ones(width), 'norm.bias': torch.zeros(width),
        'head.weight': tensor(1000, width), 'head.bias': tensor(1000)}
    shapes: dict[str, Callable[[], torch.Tensor]] = {
        'norm1.weight': lambda: torch.ones(width),
        'norm1.bias': lambda: torch.zeros(width),
        'attn.qkv.weight': lambda: tensor(3 * width, width),
        'attn.qkv.bias': lambda: tensor(3 * width),
        'attn.proj.weight': lambda: tensor(width, width),
        'attn.proj.bias': lambda: tensor(width),
        'norm2.weight': lambda: torch.ones(width),
        'norm2.bias': lambda: torch.zeros(width),
        'mlp.fc1.weight': lambda: tensor(hidden, width),
        'mlp.fc1.bias': lambda: tensor(hidden),
        'mlp.fc2.weight': lambda: tensor(width, hidden),
        'mlp.fc2.bias': lambda: tensor(width)}
    for block in range(12):
        for name, make in shapes.items():
            state[f'blocks.{block}.{name}'] = make()
    return state

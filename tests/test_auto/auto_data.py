"""Presets small enough for a test, their weights, and a driver for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
DRIVER = HERE / 'drive_auto.py'
WIDTH, DEPTH, PATCH, SIDE = 32, 2, 16, 64


def tiny_presets() -> dict:
    """Replacements of ``instant`` and ``small`` on networks of 32 channels."""
    from mmdet_mal.auto.presets import Preset, WeightsKind
    kind = WeightsKind('tiny.pth', 'nobody, random', WIDTH, PATCH)
    return {
        'instant': Preset('instant', str(HERE / 'instant_tiny_auto.py'), kind),
        'small': Preset('small', str(HERE / 'mal_tiny_auto.py'), kind, steps=24,
                        epochs=(2, 60)),
    }


def use_tiny_presets() -> None:
    """Put them in the place of the shipped ones, in this process."""
    from mmdet_mal.auto import presets
    presets.PRESETS.update(tiny_presets())


def make_weights(path: Path) -> Path:
    """Write random weights in the layout of the DeiT release."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(*shape, generator=generator) * .2

    state = {
        'cls_token': draw(1, 1, WIDTH),
        'pos_embed': draw(1, 1 + (SIDE // PATCH)**2, WIDTH),
        'patch_embed.proj.weight': draw(WIDTH, 3, PATCH, PATCH),
        'patch_embed.proj.bias': draw(WIDTH),
        'norm.weight': torch.ones(WIDTH), 'norm.bias': draw(WIDTH),
        'head.weight': draw(1000, WIDTH), 'head.bias': draw(1000),
    }
    for i in range(DEPTH):
        block = f'blocks.{i}.'
        for norm in ('norm1', 'norm2'):
            state[f'{block}{norm}.weight'] = torch.ones(WIDTH)
            state[f'{block}{norm}.bias'] = draw(WIDTH)
        for name, out, into in (('attn.qkv', 3 * WIDTH, WIDTH),
                                ('attn.proj', WIDTH, WIDTH),
                                ('mlp.fc1', 64, WIDTH), ('mlp.fc2', WIDTH, 64)):
            state[f'{block}{name}.weight'] = draw(out, into)
            state[f'{block}{name}.bias'] = draw(out)
    torch.save(dict(model=state), path)
    return path


def draw_boxes(folder: Path, pictures: int = 6) -> tuple[Path, Path]:
    """Draw pictures; returns the boxes (no masks) and the folder of images."""
    from mmdet_mal.demo import draw_dataset
    files = draw_dataset(folder, 0, pictures, 1, show_progress=False)
    return Path(files['boxes_train']), folder / 'images'


def as_yolo(boxes: Path, folder: Path) -> Path:
    """The same boxes as labels of YOLO, with the names in data.yaml."""
    data = json.loads(boxes.read_text())
    folder.mkdir()
    images = {image['id']: image for image in data['images']}
    names = [c['name'] for c in data['categories']]
    lines: dict[int, list[str]] = {key: [] for key in images}
    for ann in data['annotations']:
        image, (x, y, w, h) = images[ann['image_id']], ann['bbox']
        wide, high = image['width'], image['height']
        lines[image['id']].append(
            f"{ann['category_id'] - 1} {(x + w / 2) / wide:.8f} "
            f'{(y + h / 2) / high:.8f} {w / wide:.8f} {h / high:.8f}')
    for key, image in images.items():
        (folder / image['file_name']).with_suffix('.txt').write_text(
            '\n'.join(lines[key]) + '\n')
    (folder / 'data.yaml').write_text(
        'names:\n' + ''.join(f'  {i}: {n}\n' for i, n in enumerate(names)))
    return folder


def start_auto(*words: object, cwd: Path, **environment: str) -> subprocess.Popen:
    """Start ``mal auto WORDS`` with the tiny presets, in a group of its own."""
    return subprocess.Popen(
        [sys.executable, str(DRIVER), *map(str, words)], cwd=cwd, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        env={**os.environ, 'CUDA_VISIBLE_DEVICES': '', 'PYTHONUNBUFFERED': '1',
             **environment})


def run_auto(*words: object, cwd: Path, code: int = 0,
             **environment: str) -> str:
    """Run it to its end; returns what it printed."""
    process = start_auto(*words, cwd=cwd, **environment)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == code, f'{process.returncode}\n{output[-4000:]}'
    return output

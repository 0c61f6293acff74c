"""Says what an environment lacks for benchmarks/gpu.py; standard library only.

    python benchmarks/gpu_environment.py            # for people; exit code 2
    python benchmarks/gpu_environment.py --names    # for pip, one a line
"""

import argparse
import importlib.util
import platform
import re
import sys
from pathlib import Path

_REQUIREMENTS = Path(__file__).resolve().parents[1] / 'requirements'

# What is imported, and the name of what brings it.
_MODULES = {
    'torch': 'torch',
    'torchvision': 'torchvision',
    'numpy': 'numpy',
    'scipy': 'scipy',
    'cv2': 'opencv-python-headless',
    'PIL': 'pillow',
    'matplotlib': 'matplotlib',
    'contourpy': 'contourpy',
    'kiwisolver': 'kiwisolver',
    'cycler': 'cycler',
    'fontTools': 'fonttools',
    'pyparsing': 'pyparsing',
    'dateutil': 'python-dateutil',
    'yaml': 'PyYAML',
    'rich': 'rich',
    'markdown_it': 'markdown-it-py',
    'mdurl': 'mdurl',
    'pygments': 'Pygments',
    'tqdm': 'tqdm',
    'packaging': 'packaging',
    'setuptools': 'setuptools',
    'addict': 'addict',
    'yapf': 'yapf',
    'termcolor': 'termcolor',
    'platformdirs': 'platformdirs',
    'terminaltables': 'terminaltables',
    'shapely': 'shapely',
    'six': 'six',
    'einops': 'einops',
    'mat4py': 'mat4py',
    'modelindex': 'modelindex',
    'importlib_metadata': 'importlib_metadata',
    'zipp': 'zipp',
    'defusedxml': 'defusedxml',
    'msgspec': 'msgspec',
    'pycocotools': 'pycocotools',
    'mmengine': 'mmengine',
    'mmcv': 'mmcv',
    'mmdet': 'mmdet',
    'mmpretrain': 'mmpretrain',
}
# The OpenMMLab packages do not work with these or newer.
_BELOW = {'numpy': 2, 'setuptools': 82}


def pinned() -> dict[str, str]:
    """Versions of the requirement files by name, in small letters."""
    pins = {}
    for path in sorted(_REQUIREMENTS.glob('*.txt')):
        for line in path.read_text(encoding='utf-8').splitlines():
            found = re.fullmatch(r'([A-Za-z0-9._-]+)==(\S+)', line.strip())
            if found:
                pins[found[1].lower()] = found[2]
    return pins


def missing() -> list[str]:
    """What this environment lacks, as NAME==VERSION of the pins."""
    pins = pinned()
    return [f'{name}=={pins[name.lower()]}'
            for module, name in _MODULES.items()
            if importlib.util.find_spec(module) is None or _too_new(name)]


def _too_new(name: str) -> bool:
    """Whether a package is of a version that the others do not bear."""
    from importlib.metadata import PackageNotFoundError, version
    if name not in _BELOW:
        return False
    try:
        return int(version(name).split('.')[0]) >= _BELOW[name]
    except PackageNotFoundError:
        return True


def explain(lacking: list[str]) -> str:
    """What is to be done about it, for a person.

    Args:
        lacking (list[str]): As :func:`missing` gives it; not empty.
    """
    major, minor = sys.version_info[:2]
    compiled = [name for name in lacking if name.startswith('mmcv==')]
    fetched = [name for name in lacking if name not in compiled]
    lines = [
        f'{sys.executable} (Python {major}.{minor}, {platform.machine()}) '
        f'lacks {len(lacking)} packages: {" ".join(lacking)}',
        'On a machine with a network, fetch them into a folder:']
    if fetched:
        lines.append(
            f'  pip download --no-deps --only-binary=:all: --python-version '
            f'{major}.{minor} --platform manylinux_2_28_{platform.machine()} '
            f'--platform manylinux_2_17_{platform.machine()} --platform '
            f'manylinux2014_{platform.machine()} '
            f'-d wheels {" ".join(fetched)}')
        lines.append('  (for what has no wheel: the same without '
                     '--only-binary, --python-version and --platform)')
    if compiled:
        lines.append('  pip download --no-deps --no-build-isolation '
                     f'--no-binary=:all: -d wheels {" ".join(compiled)}')
        lines.append('  (mmcv is compiled where it runs: gcc, g++ and ninja are '
                     'needed there; about 8 minutes of 2 cores)')
    lines.append('Carry the folder along and say: bash benchmarks/gpu.sh '
                 '--wheels wheels')
    if any(name.startswith('torch==') for name in lacking):
        lines.append('torch must be a build with CUDA, with the nvidia-* '
                     'wheels that it asks for: several gigabytes; an '
                     'environment that has it is better (--python)')
    return '\n'.join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--names', action='store_true',
                        help='only what is missing; exit code 0')
    args = parser.parse_args()
    lacking = missing()
    if args.names:
        print('\n'.join(lacking))
    elif lacking:
        print(explain(lacking), file=sys.stderr)
        sys.exit(2)


if __name__ == '__main__':
    main()

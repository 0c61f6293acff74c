"""Says what an environment lacks for benchmarks/gpu.py; standard library only.

    python benchmarks/gpu_environment.py                # for people; exit code 2
    python benchmarks/gpu_environment.py --names        # for pip, one a line
    python benchmarks/gpu_environment.py --build-tools  # to compile mmcv, likewise
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
    'modelindex': 'model-index',
    'ordered_set': 'ordered-set',
    'markdown': 'Markdown',
    'importlib_metadata': 'importlib_metadata',
    'zipp': 'zipp',
    'lazy_importer': 'lazy-importer',
    'defusedxml': 'defusedxml',
    'msgspec': 'msgspec',
    'pycocotools': 'pycocotools',
    'mmengine': 'mmengine',
    'mmcv': 'mmcv',
    'mmdet': 'mmdet',
    'mmpretrain': 'mmpretrain',
}
# The OpenMMLab packages do not work with these or newer: 82 has no pkg_resources.
# numpy 2 is let be: what is built for it (scipy 1.18) would not load beside 1.26.
_BELOW = {'setuptools': 82}
# What compiles mmcv, beside setuptools and a compiler of C++.
_BUILD_TOOLS = ('ninja', 'wheel')


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


def missing_build_tools() -> list[str]:
    """What is lacking to compile mmcv, likewise."""
    pins = pinned()
    return [f'{name}=={pins[name]}' for name in _BUILD_TOOLS
            if importlib.util.find_spec(name) is None]


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
    python = '.'.join(map(str, sys.version_info[:2]))
    machine = platform.machine()
    compiled = [name for name in lacking if name.startswith('mmcv==')]
    fetched = [name for name in lacking if name not in compiled]
    if compiled:
        fetched += missing_build_tools()
    lines = [
        f'{sys.executable} (Python {python}, {machine}) '
        f'lacks {len(lacking)} packages: {" ".join(lacking)}',
        'On a machine with a network, fetch them into a folder:']
    if fetched:
        platforms = ' '.join(
            f'--platform {name}_{machine}'
            for name in ('manylinux_2_28', 'manylinux_2_17', 'manylinux2014'))
        lines.append(f'  pip download --no-deps --only-binary=:all: '
                     f'--python-version {python} {platforms} -d wheels '
                     f'{" ".join(fetched)}')
    if compiled:
        lines.append('  pip download --no-deps --no-build-isolation '
                     f'--no-binary=:all: -d wheels {" ".join(compiled)}')
        lines.append('  (mmcv is compiled where it runs: a C++ compiler and '
                     "Python's headers are needed there, and about 15 minutes of "
                     'a core; a wheel of it, built for the very same environment, '
                     'needs neither)')
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
    parser.add_argument('--build-tools', action='store_true',
                        help='what is missing to compile mmcv; exit code 0')
    args = parser.parse_args()
    lacking = missing_build_tools() if args.build_tools else missing()
    if args.names or args.build_tools:
        print('\n'.join(lacking))
    elif lacking:
        print(explain(lacking), file=sys.stderr)
        sys.exit(2)


if __name__ == '__main__':
    main()

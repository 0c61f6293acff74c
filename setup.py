"""Puts configs and tools where mim looks, and compiles the mean field.

pyproject.toml holds the rest.
"""

import shutil
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_py import build_py

_PACKAGE = 'mmdet_mal'


class BuildPyWithMim(build_py):
    """Copies ``configs`` and ``tools`` to ``mmdet_mal/.mim`` of the wheel.

    mmdet keeps its own there.  The copy is made in the build folder, so the
    source tree stays clean; an editable install needs none.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / _PACKAGE / '.mim'
        shutil.rmtree(target, ignore_errors=True)
        for folder in ('configs', 'tools'):
            shutil.copytree(
                folder, target / folder,
                ignore=shutil.ignore_patterns('__pycache__', '*.pyc'))


# No Python in it: ctypes calls it.  Without a C compiler the package installs all
# the same, and computes the mean field with torch (docs/mean_field.md).
MEAN_FIELD = Extension(
    'mmdet_mal.models.mean_field._compiled',
    ['mmdet_mal/models/mean_field/mean_field.c'],
    extra_compile_args=[
        '-O3', '-fvisibility=hidden', '-Wall', '-Wextra',
        # Every processor is to give the same bits, and NaN is to stay NaN.
        '-fno-fast-math', '-ffp-contract=off',
        # No result depends on these, and loops become vectors.
        '-fno-math-errno', '-fno-trapping-math',
    ],
    optional=True)

setup(cmdclass={'build_py': BuildPyWithMim}, ext_modules=[MEAN_FIELD])

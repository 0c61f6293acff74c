"""Puts configs and tools where mim looks; pyproject.toml holds the rest."""

import shutil
from pathlib import Path

from setuptools import setup
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


setup(cmdclass={'build_py': BuildPyWithMim})

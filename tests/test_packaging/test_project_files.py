"""CITATION.cff, pre-commit and the extras say what the project says elsewhere."""

import re
import tomllib
from pathlib import Path

import yaml

from mmdet_mal.version import __version__

REPO = Path(__file__).resolve().parents[2]


def test_the_citation_names_this_version_and_the_paper():
    citation = yaml.safe_load((REPO / 'CITATION.cff').read_text())
    # What version 1.2.0 of the format requires.
    assert {'cff-version', 'message', 'title', 'authors'} <= citation.keys()
    assert citation['version'] == __version__
    assert citation['license'] == 'Apache-2.0'
    paper = citation['preferred-citation']
    assert paper['title'] == 'Vision Transformers Are Good Mask Auto-Labelers'
    assert [a['family-names'] for a in paper['authors']][0] == 'Lan'
    assert paper['identifiers'][0]['value'] == 'arXiv:2301.03992'


def test_pre_commit_runs_the_ruff_of_the_tests():
    hooks = yaml.safe_load((REPO / '.pre-commit-config.yaml').read_text())
    (ruff, ) = [hook for repo in hooks['repos'] for hook in repo['hooks']
                if hook['id'] == 'ruff']
    pinned = re.search(r'^ruff==\S+', (REPO / 'requirements/tests.txt').read_text(),
                       re.M)[0]
    assert ruff['additional_dependencies'] == [pinned]


def test_every_extra_is_pinned_for_the_tests():
    project = tomllib.loads((REPO / 'pyproject.toml').read_text())['project']
    pinned = {re.split('[=<>]', line)[0].lower()
              for name in ('extras.txt', 'mim.txt', 'runtime.txt', 'tests.txt')
              for line in (REPO / 'requirements' / name).read_text().splitlines()
              if line and line[0] not in '#-'}
    wanted = {re.split('[=<>]', requirement)[0].lower()
              for extra in project['optional-dependencies'].values()
              for requirement in extra}
    assert wanted - pinned == set()


def test_the_console_script_is_there():
    project = tomllib.loads((REPO / 'pyproject.toml').read_text())['project']
    assert project['scripts'] == {'mal': 'mmdet_mal.cli.main:main'}

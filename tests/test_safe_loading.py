"""Nothing that comes from outside is unpickled."""

import ast
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
SOURCES = sorted(
    path for folder in ('mmdet_mal', 'tools', 'benchmarks', 'configs')
    for path in (REPO / folder).rglob('*.py'))

# Functions that run what a file says.
_UNSAFE = {
    ('pickle', 'load'), ('pickle', 'loads'), ('pickle', 'Unpickler'),
    ('joblib', 'load'), ('mmengine', 'load'), ('np', 'load'),
    ('numpy', 'load'), ('torch', 'load'),
}


def unsafe_calls(source):
    """Line and name of each call in a source that may unpickle."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f'{node.module}.{name.name}')
                      for name in node.names
                      if (node.module, name.name) in _UNSAFE]
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if tuple(name.split('.')) not in _UNSAFE:
            continue
        options = {k.arg: ast.unparse(k.value) for k in node.keywords}
        safe = (options.get('weights_only') == 'True' if name == 'torch.load'
                else options.get('allow_pickle', 'False') == 'False'
                if name in ('np.load', 'numpy.load') else False)
        if not safe:
            found.append((node.lineno, name))
    return found


@pytest.mark.parametrize('source, calls', [
    ('torch.load(path)', [(1, 'torch.load')]),
    ('torch.load(path, weights_only=False)', [(1, 'torch.load')]),
    ('torch.load(path, weights_only=True)', []),
    ('from torch import load', [(1, 'torch.load')]),
    ('pickle.loads(x)', [(1, 'pickle.loads')]),
    ('np.load(x, allow_pickle=True)', [(1, 'np.load')]),
    ('np.load(x)', []),
    ('json.load(file)', []),
])
def test_the_search_finds_what_it_should(source, calls):
    assert unsafe_calls(source) == calls


def test_every_file_is_opened_safely():
    assert len(SOURCES) > 80
    found = [f'{path.relative_to(REPO)}:{line}: {name}' for path in SOURCES
             for line, name in unsafe_calls(path.read_text(encoding='utf-8'))]
    assert not found

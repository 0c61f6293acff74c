"""How the site is built: ``make docs``, or ``sphinx-build -W docs …``.

The pages are the Markdown files of this folder, as they are read on a code
host; docs/api is made from docstrings.  Nothing is fetched while building, and
nothing is fetched while reading: the theme has no web fonts and no scripts from
elsewhere (tests/test_docs/test_site.py looks).
"""

import re
import sys
from pathlib import Path

_REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_REPO))

# Its shields against old packages come before everything that autodoc imports.
import mmdet_mal  # noqa: E402, F401
from docutils.nodes import Element, SkipNode, math_block  # noqa: E402
from docutils.utils.math.latex2mathml import tex2mathml  # noqa: E402
from mmcv.transforms.utils import cache_randomness  # noqa: E402

from mmdet_mal.version import __version__  # noqa: E402

# mmcv 2.1's descriptor fails when it is read from a class, as autodoc does.
_read_from_instance = cache_randomness.__get__
cache_randomness.__get__ = lambda self, obj, cls: (
    self if obj is None else _read_from_instance(self, obj, cls))

project = 'mmdet-mal'
author = 'the mmdet-mal authors'
project_copyright = 'the mmdet-mal authors, Apache-2.0'
version = release = __version__

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx_copybutton',
]
source_suffix = {'.md': 'markdown'}

# ---------------------------------------------------------------- Markdown
# Links such as phase2.md#measured mean the heading's anchor as code hosts make it.
myst_heading_anchors = 4
# Examples may be cut short with "…", which no grammar knows; that is a matter of
# colours only.  Everything else that Sphinx says is an error (make docs: -W).
suppress_warnings = ['misc.highlighting_failure']

# ------------------------------------------------------------------- Python
autodoc_member_order = 'bysource'
autodoc_typehints = 'none'  # the docstrings name the types
autodoc_default_options = {'show-inheritance': True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# What a docstring may mean by an asterisk: nothing within literals, or emphasis.
# Any other one is itself; before a blank it may begin an item of a list.
_MARKUP = re.compile(
    r'``.+?``|`[^`]+`|\*\*[^\s*][^*\n]*\*\*|(?<!\w)\*[^\s*][^*\n]*(?<=[^\s*])\*(?!\w)'
    r'|(?P<alone>\*)(?!\s)', re.DOTALL)


def escape_asterisks(app, what, name, obj, options, lines: list[str]) -> None:
    """Put a backslash before asterisks that are no markup, in place."""
    text = _MARKUP.sub(
        lambda match: '\\*' if match['alone'] else match[0], '\n'.join(lines))
    lines[:] = text.split('\n')


def _write_formula(translator, node: Element) -> None:
    """Write a formula as MathML, which browsers draw without MathJax."""
    as_block = isinstance(node, math_block)
    if as_block:
        translator.body.append(translator.starttag(node, 'div', CLASS='math'))
    translator.body.append(tex2mathml(node.astext(), as_block=as_block))
    if as_block:
        translator.body.append('</div>')
    raise SkipNode


def setup(app) -> None:
    """Sphinx calls this."""
    # Before napoleon (500), which escapes ``*args``.
    app.connect('autodoc-process-docstring', escape_asterisks, priority=100)
    app.add_html_math_renderer('mathml', inline_renderers=(_write_formula, None),
                               block_renderers=(_write_formula, None))


# --------------------------------------------------------------------- HTML
html_theme = 'furo'
html_title = f'mmdet-mal {__version__}'
html_math_renderer = 'mathml'
html_static_path = ['_static']
html_css_files = ['site.css']
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
# Only the commands, not their prompts or output.
copybutton_prompt_text = r'\$ '
copybutton_prompt_is_regexp = True
copybutton_exclude = '.linenos, .gp, .go'

"""``mal``: from boxes to masks that have been looked at.

A verb is a module of this package with

* ``SUMMARY`` (str): one line;
* ``EPILOG`` (str): examples; the lines of an example begin with ``  mal ``;
* ``add_options(parser)``: its options;
* ``run(args) -> int | None``: does it; the exit code, None is 0.

Verb modules import torch and everything that does so inside ``run``, so that
help answers at once.
"""

import argparse
import difflib
import importlib
import sys
import textwrap
from collections.abc import Sequence
from types import ModuleType

from mmdet_mal.utils.tool import run_tool
from mmdet_mal.version import __version__

PROGRAM = 'mal'
# What a person types: the module of this package; in the order of the help.
COMMANDS = {
    'auto': 'auto',
    'doctor': 'doctor',
    'convert': 'convert',
    'train': 'train',
    'label': 'label',
    'evaluate': 'evaluate',
    'best-of': 'best_of',
    'import-masks': 'import_masks',
    'review': 'review',
    'export': 'export',
    'report': 'report',
    'attention': 'attention',
    'export-model': 'export_model',
    'cost': 'cost',
    'demo': 'demo',
}

_USAGE_EXIT_CODE = 2
_HELP_WIDTH = 79
_DESCRIPTION = 'Instance masks from boxes: label, look at them, hand them on.'
_EPILOG = """\
examples:
  mal auto boxes.json photos/ -o masks/ --instant
  mal doctor boxes.json --images photos/
  mal label instant_deit-ti --ann boxes.json --images photos/ --out masks.json

'mal VERB --help' says more and shows examples.
"""


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``mal``; exits with the verb's exit code.

    Args:
        argv (Sequence[str], optional): Words behind ``mal``; by default those
            that the process was started with.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ('-h', '--help'):
        print(help_text(), end='')
        sys.exit(0 if words else _USAGE_EXIT_CODE)
    if words[0] in ('-V', '--version'):
        print(f'{PROGRAM} {__version__}')
        sys.exit(0)
    verb = words[0]
    if verb not in COMMANDS:
        print(f'{PROGRAM}: error: {_unknown(verb)}', file=sys.stderr)
        sys.exit(_USAGE_EXIT_CODE)
    run_verb(verb, words[1:], f'{PROGRAM} {verb}')


def run_verb(verb: str, words: Sequence[str] | None = None,
             program: str | None = None) -> None:
    """Run one verb; exits with its exit code if it gives one.

    Args:
        verb (str): A key of :data:`COMMANDS`.
        words (Sequence[str], optional): Its arguments, by default those of
            the process.
        program (str, optional): What to call the program in help and errors,
            by default the name of the script (for the doors in ``tools/``).
    """
    module = load_verb(verb)
    # Parsed outside run_tool: argparse has messages and exit codes of its own.
    args = make_parser(module, program).parse_args(words)
    code = None

    def run() -> None:
        nonlocal code
        code = module.run(args)

    run_tool(run, program)
    if code is not None:
        sys.exit(code)


def load_verb(verb: str) -> ModuleType:
    """The module of a verb."""
    return importlib.import_module(f'{__package__}.{COMMANDS[verb]}')


def make_parser(module: ModuleType,
                program: str | None = None) -> argparse.ArgumentParser:
    """The parser of a verb.

    Args:
        module (ModuleType): Of the verb.
        program (str, optional): As for :func:`run_verb`.
    """
    parser = argparse.ArgumentParser(
        prog=program, description=module.SUMMARY, epilog=module.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    module.add_options(parser)
    return parser


def help_text() -> str:
    """What ``mal --help`` prints."""
    width = max(map(len, COMMANDS))
    verbs = ''.join(textwrap.fill(
        load_verb(verb).SUMMARY, _HELP_WIDTH, initial_indent=f'  {verb:{width}}  ',
        subsequent_indent=' ' * (width + 4)) + '\n' for verb in COMMANDS)
    return (f'usage: {PROGRAM} VERB [options]\n       {PROGRAM} --version\n\n'
            f'{_DESCRIPTION}\n\nverbs:\n{verbs}\n{_EPILOG}')


def _unknown(verb: str) -> str:
    """The message about a verb that does not exist."""
    near = difflib.get_close_matches(verb, COMMANDS, n=1)
    if near:
        return f"there is no verb {verb!r}; did you mean '{PROGRAM} {near[0]}'?"
    return (f'there is no verb {verb!r}; the verbs are '
            f'{", ".join(COMMANDS)} ({PROGRAM} --help)')


if __name__ == '__main__':
    main()

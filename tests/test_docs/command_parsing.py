"""Checks commands without running them: do programs, files and options exist?"""

import re
import shlex
import subprocess

from markdown_page import REPO

from mmdet_mal.cli.main import COMMANDS, load_verb, make_parser

# Programs of which only the name is known here.
_FOREIGN = {'.', 'cd', 'curl', 'docker', 'export', 'git', 'ln', 'mkdir', 'sbatch',
            'source', 'srun'}
_ASSIGNMENT = re.compile(r'^\w+=(\$\((?P<inner>.*))?')


def check_commands(text: str) -> None:
    """Check every command of a block.

    * ``mal VERB …``: the verb's own parser takes the arguments;
    * ``make TARGET …``: the Makefile has the targets;
    * ``python FILE …``, ``bash FILE …``: the file is in the repository, and knows
      every ``--option``;
    * ``mim train mmdet CONFIG …``: the config is in the repository.

    Raises:
        AssertionError: something does not exist, or the test does not know the
            program.
    """
    done = subprocess.run(['bash', '-n'], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    commands = split_commands(text)
    assert commands, 'the block has no command'
    for words in commands:
        check_command(words)


def split_commands(text: str) -> list[list[str]]:
    """The words of each command; assignments before a command are left out."""
    commands = []
    for line in text.replace('\\\n', ' ').splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars='|&;')
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ';']:
            if word and set(word) <= set('|&;'):
                if command:
                    commands.append(command)
                command = []
            elif not command and (match := _ASSIGNMENT.match(word)):
                # job=$(sbatch x): the command is within.
                command += [match['inner']] if match['inner'] else []
            else:
                command.append(word)
    return commands


def check_command(words: list[str]) -> None:
    """Check one command, see :func:`check_commands`."""
    program, *rest = words
    if program == 'mal':
        assert rest and rest[0] in COMMANDS, f'{words}: no such verb'
        parser = make_parser(load_verb(rest[0]), f'mal {rest[0]}')
        try:
            parser.parse_args(rest[1:])
        except SystemExit as end:
            # --help ends with 0.
            assert not end.code, f'{words}: the verb does not take these arguments'
    elif program == 'make':
        targets = set(re.findall(r'^([\w-]+):', (REPO / 'Makefile').read_text(), re.M))
        for word in rest:
            assert '=' in word or word in targets, f'{words}: no target {word}'
    elif program in ('python', 'bash'):
        script = REPO / rest[0]
        assert script.is_file(), f'{words}: no file {rest[0]}'
        known = script.read_text() + _SOURCES
        for word in rest[1:]:
            option = word.partition('=')[0]
            if option.startswith('--'):
                assert f"'{option}'" in known or option in script.read_text(), (
                    f'{words}: nothing knows {option}')
    elif program == 'mim':
        assert rest[:2] == ['train', 'mmdet'], f'{words}: mim does other things here'
        # configs/phase2/$NAME.py: the reader puts in a name.
        config = REPO / rest[2]
        there = config.parent.is_dir() if '$' in config.name else config.is_file()
        assert there, f'{words}: no file {rest[2]}'
    else:
        assert program in _FOREIGN, f'{words}: the test does not know {program}'


_SOURCES = ''.join(
    path.read_text() for folder in ('mmdet_mal', 'tools')
    for path in sorted((REPO / folder).rglob('*.py')))

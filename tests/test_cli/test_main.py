"""``mal``: every verb has help and examples that parse, and answers fast."""

import argparse
import json
import re
import shlex
import subprocess
import sys

import pytest

from mmdet_mal.cli import main as cli
from mmdet_mal.utils.errors import UserError
from mmdet_mal.version import __version__

VERBS = sorted(cli.COMMANDS)
# What --help must not import: seconds each.
HEAVY = ('torch', 'mmdet', 'mmcv', 'mmpretrain', 'matplotlib')


def run(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, '-m', 'mmdet_mal.cli', *words],
                          capture_output=True, text=True, timeout=120,
                          check=False)


def examples_of(verb: str) -> list[list[str]]:
    """Words behind ``mal`` of each example of a verb."""
    text = cli.load_verb(verb).EPILOG.replace('\\\n', ' ')
    return [shlex.split(line, comments=True)[1:] for line in text.splitlines()
            if line.startswith('  mal ')]


@pytest.fixture
def exits(capsys):
    """Runs main; returns (exit code, stdout, stderr)."""

    def run(*words):
        with pytest.raises(SystemExit) as caught:
            cli.main(words)
        return caught.value.code, *capsys.readouterr()

    return run


# ----------------------------------------------------------------- every verb
@pytest.mark.parametrize('verb', VERBS)
def test_a_verb_has_a_summary_of_one_line(verb):
    summary = cli.load_verb(verb).SUMMARY
    assert summary and '\n' not in summary


@pytest.mark.parametrize('verb', VERBS)
def test_examples_of_a_verb_parse(verb):
    examples = examples_of(verb)
    assert examples, 'no example'
    parser = cli.make_parser(cli.load_verb(verb), f'mal {verb}')
    for words in examples:
        assert words[0] == verb
        assert parser.parse_args(words[1:])


@pytest.mark.parametrize('verb', VERBS)
def test_help_of_a_verb_shows_options_and_examples(verb, exits):
    code, out, err = exits(verb, '--help')
    assert (code, err) == (0, '')
    assert out.startswith(f'usage: mal {verb} ') and 'example' in out


def test_help_of_every_verb_imports_nothing_heavy():
    """All at once in one process: the union must stay light."""
    code = ('import json, sys; from mmdet_mal.cli import main as m\n'
            'm.help_text()\n'
            'for v in m.COMMANDS: m.make_parser(m.load_verb(v)).format_help()\n'
            f'print(json.dumps([n for n in {HEAVY!r} if n in sys.modules]))')
    result = subprocess.run([sys.executable, '-c', code], capture_output=True,
                            text=True, timeout=120, check=True)
    assert json.loads(result.stdout) == []


# ----------------------------------------------------------------- the program
def test_help_lists_every_verb(exits):
    code, out, _ = exits('--help')
    assert code == 0
    for verb in VERBS:
        assert re.search(rf'^  {verb}\s+\S', out, re.M), verb


def test_examples_of_the_program_parse():
    lines = [line for line in cli.help_text().splitlines()
             if line.startswith('  mal ')]
    assert lines
    for line in lines:
        verb, *words = shlex.split(line)[1:]
        assert cli.make_parser(cli.load_verb(verb)).parse_args(words)


def test_no_words_show_the_help_and_fail(exits):
    code, out, _ = exits()
    assert code == 2 and out.startswith('usage: mal VERB')


@pytest.mark.parametrize('option', ['--version', '-V'])
def test_version(option, exits):
    assert exits(option) == (0, f'mal {__version__}\n', '')


@pytest.mark.parametrize('word, near', [
    ('lable', 'label'), ('exprot', 'export'), ('export_model', 'export-model'),
    ('evaluat', 'evaluate')])
def test_a_misspelt_verb_is_told_the_nearest(word, near, exits):
    code, out, err = exits(word, 'x')
    assert (code, out) == (2, '')
    assert err == (f"mal: error: there is no verb {word!r}; did you mean "
                   f"'mal {near}'?\n")


@pytest.mark.parametrize('word', ['qqqq', '', '--', '\x1b[31m', '-x'])
def test_a_word_like_no_verb_is_told_all_in_one_line(word, exits):
    code, out, err = exits(word)
    assert (code, out) == (2, '')
    assert err.count('\n') == 1 and 'doctor' in err and '\x1b' not in err


def test_the_program_runs_as_a_module():
    result = run('doctor', 'none.json')
    assert result.returncode == 2 and result.stdout == ''
    assert result.stderr.startswith('mal doctor: error: ')
    assert result.stderr.count('\n') == 1 and 'none.json' in result.stderr


# ------------------------------------------------------------- ends of a verb
class Verb:
    """A verb that does as it is told."""

    SUMMARY, EPILOG = 'A verb', '  mal verb'

    def __init__(self, end):
        self.end = end

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument('--x')

    def run(self, args: argparse.Namespace):
        if isinstance(self.end, BaseException):
            raise self.end
        return self.end


@pytest.mark.parametrize('end, code, words', [
    pytest.param(0, 0, (), id='zero'),
    pytest.param(1, 1, (), id='one'),
    pytest.param(UserError('a is b; do c'), 2, ('mal verb: error: a is b; do c\n',),
                 id='to mend'),
    pytest.param(FileNotFoundError(2, 'No such file', 'f\n'), 2,
                 ('mal verb: error:', "'f\\n'"), id='no file'),
    pytest.param(KeyboardInterrupt(), 130, ('mal verb: stopped',), id='Ctrl-C'),
])
def test_exit_codes(end, code, words, monkeypatch, capsys):
    monkeypatch.setattr(cli, 'load_verb', lambda verb: Verb(end))
    with pytest.raises(SystemExit) as caught:
        cli.run_verb('verb', ['--x', '1'], 'mal verb')
    assert caught.value.code == code
    err = capsys.readouterr().err
    assert 'Traceback' not in err
    for word in words:
        assert word in err


def test_a_verb_without_an_exit_code_returns(monkeypatch):
    monkeypatch.setattr(cli, 'load_verb', lambda verb: Verb(None))
    assert cli.run_verb('verb', [], 'mal verb') is None


def test_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(cli, 'load_verb', lambda verb: Verb(ValueError('bug')))
    with pytest.raises(ValueError, match='bug'):
        cli.run_verb('verb', [], 'mal verb')


def test_a_reader_that_has_read_enough_is_no_error():
    """As `mal --help | head -1`, but with more output than a pipe holds."""
    code = ('import sys; from mmdet_mal.utils.tool import run_tool\n'
            "run_tool(lambda: [print('x' * 1000) for _ in range(1000)])")
    process = subprocess.Popen([sys.executable, '-c', code], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ''
    assert process.wait(60) == 141

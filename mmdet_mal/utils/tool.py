"""What the command-line tools share: config, work folder, errors."""

import argparse
import os
import os.path as osp
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.missing_base import explain_missing_base
from mmdet_mal.utils.settings_action import SettingsAction
from mmdet_mal.utils.shipped import find_config

if TYPE_CHECKING:  # MMEngine takes a while; --help needs none of it
    from mmengine.config import Config

_USER_ERROR_EXIT_CODE = 2
# As a shell reports a program that SIGINT or SIGPIPE ended.
_INTERRUPTED_EXIT_CODE = 130
_BROKEN_PIPE_EXIT_CODE = 141

# Beside UserError: the system says no to a path that a person gave.
_PATH_ERRORS = (FileNotFoundError, PermissionError, NotADirectoryError,
                IsADirectoryError)

# What MMEngine and Python raise while a config is read and merged.
_CONFIG_ERRORS = (OSError, SyntaxError, NameError, KeyError, TypeError,
                  AttributeError, RuntimeError)


def run_tool(main: Callable[[], None], program: str | None = None) -> None:
    """Run a tool; a person's mistake ends it with a message and exit code 2.

    Ctrl-C ends it with code 130 and without a traceback.

    Args:
        main (Callable[[], None]): The tool.  Exceptions other than
            :class:`~mmdet_mal.utils.errors.UserError` and refused paths are
            bugs and keep their traceback.
        program (str, optional): Who speaks, by default the script's name.
    """
    program = program or osp.basename(sys.argv[0])
    try:
        main()
    except (UserError, *_PATH_ERRORS) as error:
        # A UserError is written for people: one line, or one a fault.
        message = str(error) if isinstance(error, UserError) else one_line(error)
        print(f'{program}: error: {message}', file=sys.stderr)
        sys.exit(_USER_ERROR_EXIT_CODE)
    except KeyboardInterrupt:
        print(f'\n{program}: stopped', file=sys.stderr)
        sys.exit(_INTERRUPTED_EXIT_CODE)
    except BrokenPipeError:
        # `| head` has read enough; Python must not flush into the pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_BROKEN_PIPE_EXIT_CODE)


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks.

    Args:
        error (BaseException): Also one from a data loader's worker, whose
            message is a whole traceback; its last line counts.

    Returns:
        str: The message.
    """
    message = str(error).strip()
    if 'Original Traceback' in message:
        last = message.splitlines()[-1]
        return last.partition(': ')[2] or last
    return ' '.join(message.split())


def add_run_options(parser: argparse.ArgumentParser, example: str) -> None:
    """Add the options that every runner of a config has.

    Args:
        parser (argparse.ArgumentParser): Has the tool's own options.
        example (str): A setting for the help of ``--cfg-options``.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=SettingsAction, metavar='KEY=VALUE',
        help=f'override settings, e.g. {example}')
    parser.add_argument(
        '--launcher', default='none',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        help='who started the processes; tools/dist_*.sh set it')
    # torch.distributed.launch, which mim uses, hands the rank over this way.
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, default=0,
        help=argparse.SUPPRESS)


def note_local_rank(args: argparse.Namespace) -> None:
    """Set ``LOCAL_RANK`` from the options, unless the launcher has set it."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))


def parse_run_args(parser: argparse.ArgumentParser,
                   example: str) -> argparse.Namespace:
    """:func:`add_run_options`, parse, and :func:`note_local_rank`."""
    add_run_options(parser, example)
    args = parser.parse_args()
    note_local_rank(args)
    return args


def load_config(path: str,
                options: Mapping[str, Any] | None = None) -> 'Config':
    """Read a config file and apply ``--cfg-options``.

    Args:
        path (str): A text config, or the name of a shipped one, see
            :func:`~mmdet_mal.utils.shipped.find_config`.
        options (Mapping[str, Any], optional): Dotted keys and their values.

    Returns:
        Config: The merged config.

    Raises:
        UserError: If the file is missing or cannot be parsed, or an option
            does not fit.
    """
    from mmengine.config import Config
    path = find_config(path)
    try:
        config = Config.fromfile(path)
    except _CONFIG_ERRORS as error:
        raise UserError(
            explain_missing_base(path, error)
            or f'{path}: cannot be read as a config: '
            f'{type(error).__name__}: {one_line(error)}') from error
    if options:
        try:
            config.merge_from_dict(dict(options))
        except (KeyError, TypeError) as error:
            raise UserError(
                f'--cfg-options does not fit {path}: {one_line(error)}'
            ) from error
    return config


def prepare_work_dir(config: 'Config', path: str | None,
                     config_path: str) -> None:
    """Choose the work folder and prove that it can be written.

    Args:
        config (Config): Gets ``work_dir``: the argument, else what the config
            says, else ``./work_dirs/<name of the config file>``.
        path (str, optional): The argument ``--work-dir``.
        config_path (str): The config file.

    Raises:
        UserError: If the folder cannot be made or written.
    """
    if path is None:
        stem = osp.splitext(osp.basename(config_path))[0]
        path = config.get('work_dir') or osp.join('./work_dirs', stem)
    config.work_dir = path
    try:
        os.makedirs(path, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise UserError(
            f'{path}: the work folder cannot be written '
            f'({error.strerror}); choose another with --work-dir') from error

"""What the command-line tools share: config, work folder, errors."""

import argparse
import os
import os.path as osp
import sys
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

from mmengine.config import Config, DictAction

from mmdet_mal.utils.errors import UserError

_USER_ERROR_EXIT_CODE = 2

# Beside UserError: the system says no to a path that a person gave.
_PATH_ERRORS = (FileNotFoundError, PermissionError, NotADirectoryError,
                IsADirectoryError)

# What MMEngine and Python raise while a config is read and merged.
_CONFIG_ERRORS = (OSError, SyntaxError, NameError, KeyError, TypeError,
                  AttributeError, RuntimeError)


def run_tool(main: Callable[[], None]) -> None:
    """Run a tool; a person's mistake ends it with a message and exit code 2.

    Args:
        main (Callable[[], None]): The tool.  Exceptions other than
            :class:`~mmdet_mal.utils.errors.UserError` and refused paths are
            bugs and keep their traceback.
    """
    try:
        main()
    except (UserError, *_PATH_ERRORS) as error:
        # A UserError is written for people: one line, or one a fault.
        message = str(error) if isinstance(error, UserError) else one_line(error)
        print(f'{osp.basename(sys.argv[0])}: error: {message}', file=sys.stderr)
        sys.exit(_USER_ERROR_EXIT_CODE)


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


def parse_run_args(parser: argparse.ArgumentParser,
                   example: str) -> argparse.Namespace:
    """Add the options that every runner of a config has, and parse.

    Args:
        parser (argparse.ArgumentParser): Has the tool's own options.
        example (str): A setting for the help of ``--cfg-options``.

    Returns:
        argparse.Namespace: The options; ``LOCAL_RANK`` is set.
    """
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
        help=f'override settings, e.g. {example}')
    parser.add_argument(
        '--launcher', default='none',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        help='who started the processes; tools/dist_*.sh set it')
    # torch.distributed.launch, which mim uses, hands the rank over this way.
    parser.add_argument(
        '--local_rank', '--local-rank', type=int, default=0,
        help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    return args


def load_config(path: str, options: Mapping[str, Any] | None = None) -> Config:
    """Read a config file and apply ``--cfg-options``.

    Args:
        path (str): A text config.
        options (Mapping[str, Any], optional): Dotted keys and their values.

    Returns:
        Config: The merged config.

    Raises:
        UserError: If the file is missing or cannot be parsed, or an option
            does not fit.
    """
    if not osp.isfile(path):
        raise UserError(f'{path}: no such config file; the shipped ones are '
                        'in configs/mal')
    try:
        config = Config.fromfile(path)
    except _CONFIG_ERRORS as error:
        raise UserError(f'{path}: cannot be read as a config: '
                        f'{type(error).__name__}: {one_line(error)}') from error
    if options:
        try:
            config.merge_from_dict(dict(options))
        except (KeyError, TypeError) as error:
            raise UserError(
                f'--cfg-options does not fit {path}: {one_line(error)}'
            ) from error
    return config


def prepare_work_dir(config: Config, path: str | None,
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

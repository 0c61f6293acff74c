"""Weights from files, strictly: every key is accounted for or named."""

import fnmatch
import os
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from mmdet_mal.utils.errors import UserError

# Under these names the common trainers store the weights, best first: a
# teacher (EMA) before the student that it follows.
_WRAPPERS = ('state_dict', 'model', 'teacher', 'student', 'model_ema',
             'model_state', 'module')

# A wrong architecture mismatches in hundreds of keys; the first ones tell.
_MAX_LISTED_KEYS = 30


class CheckpointError(UserError):
    """A weights file is missing, unreadable or does not fit the model."""


def load_weights(path: str | os.PathLike,
                 map_location: str | torch.device = 'cpu') -> dict:
    """Read the weights of a checkpoint file.

    The file is opened with ``weights_only=True``: nothing in it is executed.
    Wrappers of common trainers (``state_dict``, ``model``, ``teacher``, ...)
    are taken off, and so is the prefix ``module.`` that DDP adds.

    Args:
        path (str | os.PathLike): A local file.
        map_location (str | torch.device): Where the tensors go.

    Returns:
        dict[str, Tensor]: The weights by name.

    Raises:
        CheckpointError: If the file is missing, damaged, cannot be read
            safely, or holds no weights.
    """
    path = os.fspath(path)
    content = load_verified(path, map_location)
    state = _unwrap(content)
    if state is None:
        found = (f"a dict with the keys {', '.join(map(str, content))}"
                 if isinstance(content, Mapping) else
                 f'a {type(content).__name__}')
        raise CheckpointError(
            f'{path}: holds no weights; expected tensors by name, plain or '
            f"under one of {', '.join(_WRAPPERS)}, found {found}")
    if all(key.startswith('module.') for key in state):
        state = {key[len('module.'):]: t for key, t in state.items()}
    return state


def load_verified(path: str | os.PathLike,
                  map_location: str | torch.device = 'cpu',
                  lazily: bool = False) -> object:
    """Read a checkpoint file whose every bit is as it was saved.

    torch notices neither flipped bits nor blocks that the disk lost: it skips
    the CRC-32 checksums that it writes.  Here they are compared first; the
    oldest format of torch, without them, is read as it is.

    Args:
        path (str | os.PathLike): A local file.
        map_location (str | torch.device): Where the tensors go.
        lazily (bool): Map the tensors from disk instead of reading them, for
            a look at what else is there.  Defaults to False.

    Returns:
        object: What was saved.

    Raises:
        CheckpointError: If the file is missing, damaged, or cannot be read
            with ``weights_only=True``.
    """
    path = os.fspath(path)
    check_checkpoint_file(path)
    has_checksums = _compare_checksums(path)
    try:
        return torch.load(path, map_location, weights_only=True,
                          mmap=lazily and has_checksums)
    except Exception as error:  # torch raises a dozen kinds on broken files
        raise CheckpointError(f'{path}: {_why_unreadable(path)}') from error


def _compare_checksums(path: str) -> bool:
    """Raise a :class:`CheckpointError` if a part of an archive changed.

    Returns:
        bool: Whether the file is an archive, with checksums.
    """
    try:
        if not zipfile.is_zipfile(path):
            return False
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    # What the reader raises where the archive's own tables are damaged.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError,
            NotImplementedError, RuntimeError, KeyError) as error:
        damaged = f'its tables ({error})'
    if damaged:
        raise CheckpointError(
            f'{path}: damaged since it was saved, in {damaged}; restore the '
            'file from a copy, or use another checkpoint')
    return True


def check_checkpoint_file(path: str | os.PathLike) -> None:
    """Raise a :class:`CheckpointError` unless a file is there to be read.

    Args:
        path (str | os.PathLike): A local file.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        raise CheckpointError(
            f'{path}: is a folder, expected a checkpoint file in it')
    if not os.path.isfile(path):
        raise CheckpointError(
            f'{path}: no such checkpoint file; correct the path or put the '
            'file there')
    if not os.access(path, os.R_OK):
        raise CheckpointError(
            f'{path}: the checkpoint file cannot be read; grant the right to')


def load_strict(module: nn.Module,
                state: Mapping[str, Tensor],
                source: str | os.PathLike,
                allow_missing: Sequence[str] = (),
                allow_unexpected: Sequence[str] = ()) -> None:
    """Load weights into a module; a key that does not fit is an error.

    Nothing is loaded unless everything fits.

    Args:
        module (nn.Module): Takes the weights, at its own dtype and device.
        state (Mapping[str, Tensor]): Weights by name.
        source (str | os.PathLike): Where they came from, for the message.
        allow_missing (Sequence[str]): Patterns (``fnmatch``) of keys of the
            module that the weights may lack.
        allow_unexpected (Sequence[str]): Patterns of keys of the weights that
            the module may lack.

    Raises:
        CheckpointError: If keys are missing or unexpected or shapes differ;
            the message lists them.
    """
    check_keys(module.state_dict(), state, source, allow_missing,
               allow_unexpected)
    module.load_state_dict(dict(state), strict=False)


def check_keys(own: Mapping[str, Tensor],
               state: Mapping[str, Tensor],
               source: str | os.PathLike,
               allow_missing: Sequence[str] = (),
               allow_unexpected: Sequence[str] = ()) -> None:
    """Raise a :class:`CheckpointError` unless names and shapes agree.

    Args:
        own (Mapping[str, Tensor]): The module's ``state_dict``.
        state (Mapping[str, Tensor]): The weights for it.
        source (str | os.PathLike): As in :func:`load_strict`.
        allow_missing (Sequence[str]): As in :func:`load_strict`.
        allow_unexpected (Sequence[str]): As in :func:`load_strict`.
    """
    for name, patterns in (('allow_missing', allow_missing),
                           ('allow_unexpected', allow_unexpected)):
        if isinstance(patterns, str):
            raise TypeError(f'{name} must be a sequence of patterns, got the '
                            f'string {patterns!r}')
    missing = _unmatched(own.keys() - state.keys(), allow_missing)
    unexpected = _unmatched(state.keys() - own.keys(), allow_unexpected)
    reshaped = [
        f'{key} {_shape(state[key])} for {_shape(own[key])}'
        for key in sorted(own.keys() & state.keys())
        if _shape(state[key]) != _shape(own[key])
    ]
    faults = [
        f'{len(keys)} {kind}: {_listing(keys)}'
        for kind, keys in (('missing', missing), ('unexpected', unexpected),
                           ('of another shape', reshaped)) if keys
    ]
    if faults:
        raise CheckpointError(
            f"{os.fspath(source)}: the keys do not fit the model: "
            f"{'; '.join(faults)}; use the weights of this architecture or "
            'the config that the weights were made with')


def _unwrap(content: object) -> dict | None:
    """The innermost dict of tensors by name, or None."""
    if not isinstance(content, Mapping) or not content:
        return None
    if all(
            isinstance(key, str) and isinstance(value, Tensor)
            for key, value in content.items()):
        return dict(content)
    for name in _WRAPPERS:
        state = _unwrap(content.get(name))
        if state is not None:
            return state
    return None


def _unmatched(keys: set, patterns: Sequence[str]) -> list[str]:
    return sorted(key for key in keys
                  if not any(fnmatch.fnmatchcase(key, p) for p in patterns))


def _shape(value: object) -> tuple | None:
    return tuple(value.shape) if isinstance(value, Tensor) else None


def _listing(keys: Sequence[str]) -> str:
    more = len(keys) - _MAX_LISTED_KEYS
    listed = ', '.join(keys[:_MAX_LISTED_KEYS])
    return f'{listed} and {more} more' if more > 0 else listed


def _why_unreadable(path: str) -> str:
    """What is wrong with a file that ``torch.load`` refused, in one line."""
    try:
        objects = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:  # as above: the file may hold anything
        objects = []
    if objects:
        return (f"holds Python objects ({', '.join(objects)}) beside its "
                'weights, and to unpickle those could run code; save its '
                'weights alone, where it comes from')
    return ('not a checkpoint of torch: torn, or a file of another kind; '
            'fetch it again')

"""Settings of a cell put into a config; what the config does not know is refused.

MMEngine adds a key that is not there without a word, so that a misspelt setting
trains the base once more.  Here each part of a dotted key must exist, or name an
argument of the class that it is for.
"""

import copy
import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmdet_mal.experiments.registered import find_registered
from mmdet_mal.utils.errors import UserError

# A value that starts so is the value of another setting of the same config.
_REFERENCE = '$'


def apply_overrides(config: Config, overrides: Mapping[str, Any],
                    where: str) -> None:
    """Set values in a config, in place.

    A part of a key that meets a list is an index, or the name of a ``type`` in
    it, with or without its scope: ``…pipeline.RandomBoxExpansion.max_rate``.
    A value takes the place of what was there; a mapping is not merged with it.
    A text ``$a.b`` (at any depth of the value) is the value of the setting
    ``a.b`` before any override.  The keys of a mapping with ``type`` are
    checked against the class of that name.

    Args:
        config (Config): a whole config.
        overrides (Mapping): values by dotted key.
        where (str): names the cell in errors.

    Raises:
        UserError: a key is not in the config and no argument of its class.
    """
    before = copy.deepcopy(config._cfg_dict.to_dict())
    for key, value in overrides.items():
        value = _resolve(value, before, f'{where}: {key}')
        _check_value(value, f'{where}: {key}')
        holder, name = _find(config._cfg_dict, key, where)
        holder[name] = value


def lookup(config: Mapping, key: str, where: str) -> Any:
    """Value of a dotted key, which must be there.

    Args:
        config (Mapping): nested dicts and lists.
        key (str): as in :func:`apply_overrides`.
        where (str): for the error.

    Raises:
        UserError: it is not there.
    """
    holder, name = _find(config, key, where)
    if isinstance(holder, dict) and name not in holder:
        raise UserError(f'{where}: the config has no setting {key}')
    return holder[name]


def _find(config: Mapping, key: str, where: str) -> tuple[Any, Any]:
    """The container of a setting and its name in there."""
    *parents, last = key.split('.')
    value: Any = config
    walked: list[str] = []
    for part in parents:
        value = value[_step(value, part, key, walked, where, may_add=False)]
        walked.append(part)
    return value, _step(value, last, key, walked, where, may_add=True)


def _step(value: Any, part: str, key: str, walked: list[str], where: str,
          may_add: bool) -> Any:
    """Index or key of one part of a dotted key."""
    place = '.'.join(walked) or 'the config'
    if isinstance(value, (list, tuple)):
        if part.isdigit() and int(part) < len(value):
            return int(part)
        named = [i for i, entry in enumerate(value) if _is_named(entry, part)]
        if len(named) == 1:
            return named[0]
        found = [_short_type(e) for e in value if isinstance(e, dict)]
        raise UserError(
            f'{where}: {key}: {place} is a list of {len(value)} with '
            f'{"several" if named else "no"} {part!r}; its types are '
            f'{", ".join(filter(None, found)) or "not named"}')
    if isinstance(value, dict):
        # An absent setting may still be an argument that has its default.
        if part in value or may_add and part in (_arguments(value) or ()):
            return part
        near = difflib.get_close_matches(
            part, [*map(str, value), *(_arguments(value) or ())], n=1)
        hint = f'; perhaps {near[0]}' if near else ''
        raise UserError(f'{where}: {key}: {place} has no setting {part!r}{hint}')
    raise UserError(f'{where}: {key}: {place} is {value!r}, which has no '
                    f'setting {part!r}')


def _is_named(entry: Any, name: str) -> bool:
    return isinstance(entry, dict) and name in (
        entry.get('type'), _short_type(entry))


def _short_type(entry: Mapping) -> str:
    kind = entry.get('type')
    return kind.rpartition('.')[2] if isinstance(kind, str) else ''


def _resolve(value: Any, config: Mapping, where: str) -> Any:
    """The value with its references replaced."""
    if isinstance(value, str) and value.startswith(_REFERENCE):
        return copy.deepcopy(lookup(config, value[1:], where))
    if isinstance(value, dict):
        return {k: _resolve(v, config, where) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolve(v, config, where) for v in value]
    return copy.deepcopy(value)


def _check_value(value: Any, where: str) -> None:
    """Raise a UserError where a mapping has a key that its class lacks."""
    if isinstance(value, list):
        for entry in value:
            _check_value(entry, where)
    elif isinstance(value, dict):
        try:
            arguments = _arguments(value)
        except UserError as error:
            raise UserError(f'{where}: {error}') from None
        unknown = [k for k in value if arguments is not None
                   and k not in ('type', *arguments)]
        if unknown:
            raise UserError(
                f"{where}: {value['type']} takes no {', '.join(unknown)}; its "
                f"arguments are {', '.join(arguments)}")
        for entry in value.values():
            _check_value(entry, where)


def _arguments(value: Mapping) -> list[str] | None:
    """Arguments of the class that a config dict builds.

    Returns:
        list[str] | None: with those of base classes where ``**kwargs`` hands
        them on; None without a ``type``, or for a function.

    Raises:
        UserError: no class of that name is registered.
    """
    kind = value.get('type')
    if not isinstance(kind, str):
        return None
    cls = find_registered(kind)
    if cls is None:
        raise UserError(f'no class {kind!r} is registered; correct the type '
                        '(ours are written mmdet_mal.X)')
    if not inspect.isclass(cls):
        return None
    names: dict[str, None] = {}
    for base in cls.__mro__:
        init = base.__dict__.get('__init__')
        if not inspect.isfunction(init):
            continue
        parameters = [p for p in inspect.signature(init).parameters.values()
                      if p.name != 'self']
        names.update((p.name, None) for p in parameters
                     if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
        if all(p.kind != p.VAR_KEYWORD for p in parameters):
            break
    return list(names)

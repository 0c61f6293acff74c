"""Classes by the names that configs give them."""

from typing import Any

from mmengine.registry import Registry

# Of a type without a prefix, as the configs set it.
_DEFAULT_SCOPE = 'mmdet'


def find_registered(kind: str) -> Any:
    """What a ``type`` of a config names.

    Args:
        kind (str): with or without a scope.

    Returns:
        Any: a class or function; None if no registry has it.
    """
    import mmengine.registry

    import mmdet_mal.registry  # noqa: F401  a node of the tree
    name = kind if '.' in kind else f'{_DEFAULT_SCOPE}.{kind}'
    for registry in vars(mmengine.registry).values():
        if isinstance(registry, Registry):
            found = registry.get(name)
            if found is not None:
                return found
    return None

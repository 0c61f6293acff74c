"""Rename the tensors of a state by rules."""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

StateDict = Mapping[str, Tensor]


def rename(state: StateDict, rules: Sequence[tuple[str, str]],
           unused: re.Pattern) -> dict[str, Tensor]:
    """Tensors under other names.

    Args:
        state (Mapping[str, Tensor]): Tensors by name.
        rules (Sequence[tuple[str, str]]): Pattern of a name's beginning and
            its replacement; the first that matches applies, and a name that
            none matches stays.
        unused (re.Pattern): Matches the beginnings of the names to leave out.

    Returns:
        dict[str, Tensor]: The same tensor objects.
    """
    compiled = [(re.compile('^' + pattern), new) for pattern, new in rules]
    renamed = {}
    for key, tensor in state.items():
        if unused.match(key):
            continue
        for pattern, new in compiled:
            new_key, hits = pattern.subn(new, key)
            if hits:
                key = new_key
                break
        renamed[key] = tensor
    return renamed

"""``--cfg-options KEY=VALUE …`` without importing MMEngine for ``--help``."""

import argparse
from collections.abc import Sequence


class SettingsAction(argparse.Action):
    """MMEngine's ``DictAction``, imported when the option is used.

    Sets the attribute to a dict of dotted keys and parsed values; given twice,
    the later words count, as with ``DictAction``.
    """

    def __call__(self, parser: argparse.ArgumentParser,
                 namespace: argparse.Namespace, values: Sequence[str],
                 option_string: str | None = None) -> None:
        from mmengine.config import DictAction
        for word in values:
            if '=' not in word:
                raise argparse.ArgumentError(
                    self, f'{word!r} is not KEY=VALUE (no blanks around the =)')
        action = DictAction(self.option_strings, self.dest, nargs=self.nargs)
        action(parser, namespace, list(values), option_string)

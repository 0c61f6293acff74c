"""One option of a format, for the command line and for Python alike."""

import argparse
import dataclasses
from collections.abc import Callable
from typing import Any


@dataclasses.dataclass(frozen=True)
class Option:
    """An option of a reader or writer.

    Attributes:
        name: Of the keyword argument; on the command line with dashes.
        help: One sentence.
        choices: What it may be; None for anything.
        default: What it is when it is not given.
        metavar: What the help calls its value.
        convert: Turns the text of the command line into the value.
    """

    name: str
    help: str
    choices: tuple[str, ...] | None = None
    default: Any = None
    metavar: str | None = None
    convert: Callable[[str], Any] = str

    @property
    def flag(self) -> str:
        """How it is written on the command line."""
        return '--' + self.name.replace('_', '-')

    def add_to(self, parser: 'argparse.ArgumentParser', formats: str) -> None:
        """Add it to a parser; a value that is not given is left out.

        Args:
            parser: Or a group of one.
            formats: Names of the formats that know it, for the help.
        """
        parser.add_argument(
            self.flag, dest=self.name, choices=self.choices,
            metavar=self.metavar, type=self.convert,
            default=argparse.SUPPRESS,
            help=f'{formats}: {self.help}' if formats else self.help)

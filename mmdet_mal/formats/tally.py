"""Counts of what a conversion left out, bounded or could not hold."""

from collections.abc import Iterator


class Tally:
    """Counts remarks and remembers where each was made first.

    Example:
        >>> tally = Tally()
        >>> tally.add('masks have holes, which are filled', 'annotation 7')
        >>> tally.add('masks have holes, which are filled', 'annotation 9')
        >>> print(tally)
        2 masks have holes, which are filled (first: annotation 7)
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._first: dict[str, str] = {}
        self._notes: list[str] = []

    def add(self, what: str, where: str = '', number: int = 1) -> None:
        """Count something.

        Args:
            what: The remark, worded to follow a number.
            where: File and record.
            number: How many there are of it at once.
        """
        self._counts[what] = self._counts.get(what, 0) + number
        self._first.setdefault(what, where)

    def note(self, line: str) -> None:
        """Remark something that is not counted; said once."""
        if line not in self._notes:
            self._notes.append(line)

    def count(self, what: str) -> int:
        """How often a remark was counted."""
        return self._counts.get(what, 0)

    def __iter__(self) -> Iterator[str]:
        """One line a remark, in the order in which they were first made."""
        for what, number in self._counts.items():
            where = self._first[what]
            yield f'{number} {what}' + (f' (first: {where})' if where else '')
        yield from self._notes

    def __str__(self) -> str:
        return '\n'.join(self)

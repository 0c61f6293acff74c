"""All that is wrong with the data, in memory that does not grow with it."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from .annotations import LISTED_FAULTS, AnnotationError
from .fault import Fault


class FaultLog:
    """Counts all faults and keeps the first ones of each kind.

    A million faulty boxes are thus a few hundred objects, and the first 50
    faults of a file, which an error lists, are always among them.

    ``len(log)`` is the number of all faults; iteration yields the kept ones
    in the order of their places.

    Attributes:
        counts (Counter): Number of faults by kind, accepted ones included.
        num_errors (int): Faults of severity 'error' that are not accepted.
        num_accepted (int): Errors of annotations that are accepted.

    Args:
        limit (int, optional): How many faults of each kind are kept; None
            keeps all.  Defaults to 50.
        accepted (Collection[int]): Ids of annotations whose errors are known
            and accepted: they are counted, and not kept.  Defaults to ().
    """

    def __init__(self, limit: int | None = LISTED_FAULTS,
                 accepted: Collection[int] = ()) -> None:
        self.counts: Counter[str] = Counter()
        self.num_errors = 0
        self.num_accepted = 0
        self._limit = limit
        self._accepted = accepted
        self._kept: dict[str, list[tuple[tuple[int, ...], Fault]]] = {}

    def add(self, fault: Fault, place: tuple[int, ...]) -> None:
        """Take in a fault; those of one kind must come in order.

        Args:
            fault (Fault): What was found.
            place (tuple[int, ...]): Where it is listed: faults are sorted by
                it.
        """
        self.counts[fault.kind] += 1
        if fault.severity == 'error':
            if fault.annotation_id is not None and (
                    fault.annotation_id in self._accepted):
                self.num_accepted += 1
                return
            self.num_errors += 1
        kept = self._kept.setdefault(fault.kind, [])
        if self._limit is None or len(kept) < self._limit:
            kept.append((place, fault))

    def __len__(self) -> int:
        return self.counts.total()

    def __iter__(self) -> Iterator[Fault]:
        pairs = [pair for kept in self._kept.values() for pair in kept]
        return iter([fault for _, fault in
                     sorted(pairs, key=lambda pair: pair[0])])


def raise_errors(faults: FaultLog | Iterable[Fault], ann_file: str,
                 hint: str = '') -> None:
    """Raise one error for all faults that are neither repaired nor accepted.

    Args:
        faults (FaultLog | Iterable[Fault]): As found.
        ann_file (str): The annotation file, for the message.
        hint (str): What else than repairing the data would help, put at the
            end of the message.  Defaults to ''.

    Raises:
        AnnotationError: If any fault is an error; lists the first 50.
    """
    if not isinstance(faults, FaultLog):
        log = FaultLog()
        for i, fault in enumerate(faults):
            log.add(fault, (i,))
        faults = log
    if faults.num_errors:
        noun = 'fault' if faults.num_errors == 1 else 'faults'
        errors = [str(fault) for fault in faults if fault.severity == 'error']
        raise AnnotationError.of_many(
            f'{ann_file}: {faults.num_errors} {noun} in the data', errors,
            hint, faults.num_errors)

"""Signals that come at a bad moment."""

import contextlib
import signal
import threading
from collections.abc import Iterator

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def hold_signals() -> Iterator[None]:
    """Hold back what would stop us until the end of the block.

    In another thread than the main one, where signals raise nothing, and for
    signals that are ignored or end us without a word, it does nothing.  Signals
    are not masked: a command that is started here would inherit that.

    Raises:
        BaseException: at the end, what the handler of a held signal raises.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[tuple] = []
    handlers = {number: signal.getsignal(number) for number in _STOPPING}
    handlers = {number: handler for number, handler in handlers.items()
                if callable(handler)}
    try:
        for number in handlers:
            signal.signal(number, lambda *arguments: held.append(arguments))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in held:
            handlers[number](number, frame)

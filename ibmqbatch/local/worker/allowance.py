"""The processor time that a piece of work may take, which the kernel keeps.

Simulators run for minutes in code that looks neither for signals nor for threads of Python, so
nothing in the process could end a circuit that does not end by itself.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator

__all__ = ["at_most", "prepare"]

_LEAST_SECONDS = 0.001  # none at all would be no limit


def prepare() -> None:
    """Have the signal that tells of the limit end this process, whatever was inherited."""
    if hasattr(signal, "setitimer"):
        # Unlike that of RLIMIT_CPU, it leaves no core dump, which would be as large as the memory.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF})
    else:
        text = "This platform limits no processor time: circuits that never end must be cancelled."
        print(text, file=sys.stderr)  # noqa: T201 - the log of the workers


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End the process when the block takes more processor time, that of all threads together."""
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, max(seconds, _LEAST_SECONDS))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)

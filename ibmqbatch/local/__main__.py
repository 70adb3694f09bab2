"""Start the service: `python -m ibmqbatch.local`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..errors import IbmqbatchError
from ..exitcodes import ExitCode
from .server import Options, serve

__all__ = ["main"]

_MOST_WORKERS = 8


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def _port(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**16:
        raise ValueError
    return value


def _seconds(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise ValueError
    return value


def _physical_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _options(arguments: Sequence[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m ibmqbatch.local",
        description="Serve the Qiskit Runtime REST API on loopback, with jobs run on Aer.",
    )
    cores = os.cpu_count() or 1
    parser.add_argument(
        "--port", type=_port, default=0, help="port of 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--workers",
        type=_positive,
        default=min(cores, _MOST_WORKERS),
        help="jobs that run at a time (default: %(default)s)",
    )
    parser.add_argument(
        "--worker-python",
        metavar="PATH",
        default=sys.executable,
        help="the interpreter that runs circuits (default: this one)",
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help="take the API key from this file"
    )
    parser.add_argument(
        "--memory",
        type=_positive,
        metavar="BYTES",
        default=_physical_memory() // 2,
        help="what all simulations together may use (default: half of the memory)",
    )
    parser.add_argument(
        "--submissions-per-minute",
        type=_positive,
        metavar="N",
        help="refuse more jobs in any 60 seconds (default: no limit)",
    )
    parser.add_argument(
        "--idle-exit",
        type=_seconds,
        metavar="SECONDS",
        help="end after this long without a request",
    )
    parser.add_argument(
        "--ready-fd", type=int, metavar="FD", help="write to this descriptor when ready"
    )
    parser.add_argument(
        "--foreground", action="store_true", help="print how to reach the service; log to stderr"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="log requests")
    return Options(**vars(parser.parse_args(arguments)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve, and return the exit code."""
    try:
        serve(_options(sys.argv[1:] if arguments is None else arguments))
    except IbmqbatchError as error:
        hint = f"hint: {error.hint}\n" if error.hint else ""
        sys.stderr.write(f"error: {error.message}\n{hint}")
        return ExitCode.ERROR
    return ExitCode.DONE


if __name__ == "__main__":
    sys.exit(main())

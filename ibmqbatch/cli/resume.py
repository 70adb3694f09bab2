"""`ibmqbatch resume`: go on with a set, whatever stopped it."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _options
from ._lifecycle import running


def command(
    job_set: _options.JobSet,
    wait: _options.Wait = False,
    timeout: _options.Timeout = None,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over", help="Send from this copy of the set from now on, not from others."
        ),
    ] = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Settle what is unsure and send what was not sent yet. Nothing is sent twice.

    Example: ibmqbatch resume latest --wait
    """
    with running("resume", json=json, verbose=verbose, quiet=quiet) as context:
        _options.check_timeout(timeout, waiting=wait)
        with context.opened(job_set) as found:
            context.move_on(found, wait=wait, timeout=timeout, take_over=take_over)
    return context.exit_code

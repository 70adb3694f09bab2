"""`ibmqbatch wait`: move sets on until nothing is left to do."""

from __future__ import annotations

from typing import Annotated

import typer

from ..jobset.job_set import JobSet
from . import _options
from ._lifecycle import running
from ._notices import Notify, OnDone, wanted_notices
from ._together import wait_for
from .completion import candidates


def command(
    job_set: Annotated[
        list[str],
        typer.Argument(
            metavar="SET...",
            help="Job sets: ids, the beginnings of ids, names, 'latest', or files.",
            show_default=False,
            autocompletion=candidates.job_sets,
        ),
    ],
    timeout: _options.Timeout = None,
    notify: Notify = None,
    on_done: OnDone = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Send, follow and fetch job sets until nothing is left to do.

    The exit code is that of the set that is worst: 9 unsure, 5 not finished, 3 failed, 0 done.
    Ctrl-C ends the wait alone: jobs on the service go on.

    Example: ibmqbatch wait nightly latest --timeout 3600
    """
    with running("wait", json=json, verbose=verbose, quiet=quiet) as context:
        wanted = wanted_notices(notify, on_done)
        # One that is named twice is waited for once.
        found = list(dict.fromkeys(map(JobSet.find, job_set)))
        for each in found:
            wanted.register(each)
        wait_for(context, found, timeout)
    return context.exit_code

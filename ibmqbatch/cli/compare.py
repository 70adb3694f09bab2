"""`ibmqbatch compare`: two sets, circuit by circuit."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from ..errors import UsageError
from ..exitcodes import ExitCode
from ..jobset.compare import comparison_data
from ..jobset.ideal import ideal_of
from ..render.console import message
from . import _options
from ._lifecycle import running
from .completion import candidates


def command(
    job_set: _options.JobSet,
    other: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[SET]",
            help="The set to compare it with.",
            show_default=False,
            autocompletion=candidates.job_sets,
        ),
    ] = None,
    ideal: Annotated[
        bool,
        typer.Option(
            "--ideal", help="Compare with the same circuits on the ideal simulator, run once."
        ),
    ] = False,
    no_pager: _options.NoPager = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Tell how far the results of two sets are apart, circuit by circuit.

    Circuits are paired by name, or by index if they have no names in common. Intervals are of 95 %.

    Example: ibmqbatch compare monday tuesday
    """
    with running("compare", json=json, verbose=verbose, quiet=quiet) as context:
        if ideal == (other is not None):
            raise UsageError(
                "A set is compared with one other.", "Name a second set, or give --ideal."
            )
        with context.opened(job_set) as first:
            first.fetch()
            second = ideal_of(first) if other is None else other
        with context.opened(second) as found:
            if ideal:
                found.resume()
                found.wait()
            found.fetch()
            context.data["comparison"] = comparison_data(first.compare(found))
        compared = context.data["comparison"]
        if any(compared["unmatched"]):
            context.exit_code = ExitCode.PARTIAL
        if not json:
            from ..render.comparison import show_comparison
            from ..render.pager import paged

            with paged(enabled=not no_pager):
                show_comparison(compared)
        if any(compared["unmatched"]):
            one, two = compared["unmatched"]
            message(f"Not compared: {one} of the first set, {two} of the second.")
    return context.exit_code

"""`ibmqbatch account show`: one account, and where each of its values comes from."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from . import _options
from ._lifecycle import verb
from .completion import candidates


def command(
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[NAME]",
            help="The account; without it the one in use.",
            show_default=False,
            autocompletion=candidates.accounts,
        ),
    ] = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="Tell where each value comes from.")
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Show an account, the one in use if none is named; of its key only what does not give it away.

    Example: ibmqbatch account show --origin
    """
    from ..accounts.find import chosen_name
    from ..accounts.view import account_details
    from ..render.accounts import show_account

    with verb("account show", json=json, verbose=verbose) as this:
        this.data["account"] = account_details(*chosen_name(name))
        if not this.json:
            show_account(this.data["account"], origins=origin)
    return this.exit_code

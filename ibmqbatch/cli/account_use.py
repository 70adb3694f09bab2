"""`ibmqbatch account use`: choose the account that is taken where none is named."""

from __future__ import annotations

from typing import Annotated

import typer

from . import _options
from ._lifecycle import verb
from .completion import candidates


def command(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The account.", autocompletion=candidates.accounts),
    ],
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Have an account be used wherever none is named by `--account` or by variables.

    Example: ibmqbatch account use local
    """
    from ..accounts.find import chosen_name, find_account
    from ..accounts.store import use_account
    from ..accounts.view import account_data
    from ..render.accounts import account_line
    from ..render.console import message

    with verb("account use", json=json, verbose=verbose) as this:
        find_account(name)
        use_account(name)
        this.data["account"] = account_data(name)
        if not this.json:
            message(f"In use: {account_line(this.data['account'])}.")
        chosen, because = chosen_name()
        if chosen != name:
            message(f"Note: '{chosen}' goes before it, by the {because}.")
    return this.exit_code

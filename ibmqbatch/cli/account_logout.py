"""`ibmqbatch account logout`: forget an account and its key."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import StorageError
from ..render.console import message, plural
from . import _options
from ._lifecycle import verb
from .completion import candidates


def command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="An account that was logged in to.",
            autocompletion=candidates.stored_accounts,
        ),
    ],
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Remove an account and its API key from this machine; IBM Cloud keeps the key itself.

    Example: ibmqbatch account logout ibm
    """
    from ..accounts.find import chosen_name
    from ..accounts.store import remove_account
    from ..accounts.view import account_data

    with verb("account logout", json=json, verbose=verbose) as this:
        was_in_use = remove_account(name)
        now, _ = chosen_name()
        this.data["account"] = account_data(now)
        message(f"Logged out: '{name}' and its key are gone from this machine.")
        if was_in_use:
            message(f"It was in use; now '{now}' is.")
        _warn_of_open_sets(name)
    return this.exit_code


def _warn_of_open_sets(name: str) -> None:
    """Say how many sets cannot go on for want of the account."""
    from ..jobset.catalog import set_paths
    from ..manifest.glance import glance

    try:
        looks = [glance(path) for path in set_paths()]
    except StorageError:
        return
    of_account = [look for look in looks if look is not None and look.account == name]
    number = sum(look.state in {"planned", "submitting", "running"} for look in of_account)
    if number:
        message(
            f"Warning: {plural(number, 'unfinished set')} of it can go on only when you log in "
            f"again, by the same name and to the same instance."
        )

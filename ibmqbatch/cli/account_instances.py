"""`ibmqbatch account instances`: what the key of an account reaches."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

from . import _options
from ._lifecycle import verb
from .completion import candidates


def command(
    account: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--account",
            metavar="NAME",
            help="The account whose key is meant.",
            autocompletion=candidates.accounts,
        ),
    ] = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """List the instances that an account's key reaches, with their plans, regions and CRNs.

    Example: ibmqbatch account instances
    """
    from ..accounts.find import chosen_name, find_account, find_settings
    from ..accounts.instances import reachable_instances
    from ..accounts.view import instance_data
    from ..render.accounts import show_instances
    from ..render.console import message
    from ..service.endpoint import LOCAL

    with verb("account instances", json=json, verbose=verbose) as this:
        name, _ = chosen_name(account)
        if name == LOCAL:
            endpoint = find_account(name).locate()
            meant: str | None = endpoint.instance
        else:
            settings = find_settings(name)
            endpoint, meant = settings.directory(), settings.instance
        instances = reachable_instances(endpoint, this.clock)
        if meant is None and len(instances) == 1:
            meant = instances[0].crn
        this.data["instances"] = [
            instance_data(item, in_use=meant in {item.crn, item.name}) for item in instances
        ]
        if not instances:
            message(f"The key of the account '{name}' reaches no instance.")
        elif not this.json:
            show_instances(this.data["instances"])
    return this.exit_code

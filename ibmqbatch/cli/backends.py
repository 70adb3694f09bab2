"""`ibmqbatch backends`: what an account's backends are, and how well they work at present."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from . import candidates, options
from .verb import Verb, interrupts, verb

if TYPE_CHECKING:
    from ..service.accounts import Account
    from ..service.client import Client

_MOST_ASKED = 32  # backends whose basis gates are asked for, to fill a wide screen


def command(
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[NAME]",
            help="Show this backend, with its calibration.",
            show_default=False,
            autocompletion=candidates.backends,
        ),
    ] = None,
    account: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--account",
            metavar="NAME",
            help="The account whose backends are shown.",
            autocompletion=candidates.accounts,
        ),
    ] = None,
    json: options.Json = False,
    verbose: options.Verbose = 0,
) -> int:
    """List the backends of an account, or show one: its gates, its limits, its errors by qubit.

    Example: ibmqbatch backends fake_sherbrooke
    """
    from ..service.accounts import find_account
    from ..service.client import Client

    with verb("backends", json=json, verbose=verbose) as this:
        found = find_account(account)
        with Client(found, this.clock) as client, interrupts(this.clock, "Nothing is changed."):
            if name is None:
                _list(this, client, found)
            else:
                _show(this, client, found, account, name)
    return this.exit_code


def _list(this: Verb, client: Client, account: Account) -> None:
    from ..jobset.backends import entry_data, list_backends
    from ..render.backends import show_backends, shows_gates
    from ..render.console import message

    entries = list_backends(client)
    this.data["backends"] = [entry_data(entry, account) for entry in entries]
    if this.json:
        return
    if not entries:
        message(f"The account '{account.name}' has no backends.")
    elif shows_gates() and len(entries) <= _MOST_ASKED:
        show_backends(this.data["backends"], _basis_gates(this, client))
    else:
        show_backends(this.data["backends"])


def _basis_gates(this: Verb, client: Client) -> dict[str, list[str]]:
    """Ask for the basis gates of those listed: the list itself does not tell them.

    Where one does not say, its place stays empty.
    """
    from ..jobset.work import side_by_side
    from ..service.errors import ServiceError

    names = [item["name"] for item in this.data["backends"] if item["kind"] != "simulator"]
    gates: dict[str, list[str]] = {}
    for ended in side_by_side(names, client.configuration, this.clock):
        for name, answer in ended:
            told: Any = None if isinstance(answer, ServiceError) else answer.get("basis_gates")
            gates[name] = [str(gate) for gate in told] if isinstance(told, list) else []
    return gates


def _show(
    this: Verb, client: Client, account: Account, account_name: str | None, name: str
) -> None:
    from ..errors import UsageError
    from ..jobset.backends import backend_data, find_backend
    from ..render.backends import show_backend

    if not name:
        raise UsageError("The name of the backend is empty.", "`ibmqbatch backends` lists them.")
    backend = find_backend(client, account, account_name, name)
    this.data["backend"] = backend_data(backend)
    if not this.json:
        show_backend(this.data["backend"], this.clock.now())

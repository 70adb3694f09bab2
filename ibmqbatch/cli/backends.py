"""`ibmqbatch backends`: what an account's backends are, and how well they work at present."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Optional, TypeVar

import typer

from ..render.console import message
from . import _options
from ._lifecycle import Context, running
from .completion import candidates

if TYPE_CHECKING:
    from ..service.client import Client
    from ..service.endpoint import Account

Thing = TypeVar("Thing")

_MOST_ASKED = 32  # backends whose basis gates are asked for, to fill a wide screen
_GATES_LAST = 24 * 3600.0  # seconds for which basis gates are taken to stay what they are


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
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """List the backends of an account, or show one: its gates, its limits, its errors by qubit.

    Example: ibmqbatch backends fake_sherbrooke
    """
    from ..accounts.find import find_account
    from ..service.client import Client

    with running("backends", json=json, verbose=verbose) as context:
        found = find_account(account)
        with Client(found, context.clock) as client, context.interruptible("Nothing is changed."):
            if name is None:
                _list(context, client, found)
            else:
                _show(context, client, account, name)
    return context.exit_code


def _or_as_seen(
    context: Context, ask: Callable[[], Thing], seen: Callable[[], tuple[Thing, float] | None]
) -> tuple[Thing, float]:
    """Return what the service says, or, where it is away, what it said last; with the time."""
    from ..render.backends import age_text
    from ..service.errors import ServiceError

    try:
        return ask(), context.clock.now()
    except ServiceError as error:
        last = seen() if error.transient else None
        if last is None:
            raise
        context.fail(error)
        message(f"This is how it was {age_text(context.clock.now() - last[1])} ago.")
        return last


def _list(context: Context, client: Client, account: Account) -> None:
    from ..jobset.backends import entry_data, in_order
    from ..render.backends import show_backends, shows_gates

    entries, at = _or_as_seen(context, client.backends, client.seen_backends)
    context.data["backends"] = [
        entry_data(entry, account, at) for entry in in_order(entries, account.default_backend)
    ]
    if context.json:
        return
    if not entries:
        message(f"The account '{account.name}' has no backends.")
    elif shows_gates() and len(entries) <= _MOST_ASKED:
        show_backends(context.data["backends"], _basis_gates(context, client))
    else:
        show_backends(context.data["backends"])


def _basis_gates(context: Context, client: Client) -> dict[str, list[str]]:
    """Return the basis gates of those listed: the list itself does not tell them.

    They are asked for where they were not seen of late. Where one does not say, its place stays
    empty.
    """
    from ..jobset.work import side_by_side
    from ..service.errors import ServiceError

    names = [item["name"] for item in context.data["backends"] if item["kind"] != "simulator"]
    gates: dict[str, list[str]] = {}
    unseen = []
    for name in names:
        seen = client.seen_configuration(name)
        if seen is not None and context.clock.now() - seen[1] < _GATES_LAST:
            gates[name] = _gates(seen[0])
        else:
            unseen.append(name)
    for ended in side_by_side(unseen, client.configuration, context.clock):
        for name, answer in ended:
            gates[name] = [] if isinstance(answer, ServiceError) else _gates(answer)
    return gates


def _gates(configuration: Mapping[str, Any]) -> list[str]:
    gates = configuration.get("basis_gates")
    return [str(gate) for gate in gates] if isinstance(gates, list) else []


def _show(context: Context, client: Client, account_name: str | None, name: str) -> None:
    from ..errors import UsageError
    from ..jobset.backends import backend_data, find_backend
    from ..render.backends import show_backend

    if not name:
        raise UsageError("The name of the backend is empty.", "`ibmqbatch backends` lists them.")
    backend, at = _or_as_seen(
        context,
        lambda: find_backend(client, account_name, name),
        lambda: client.seen_backend(name),
    )
    context.data["backend"] = backend_data(backend, at)
    if not context.json:
        show_backend(context.data["backend"], context.clock.now())

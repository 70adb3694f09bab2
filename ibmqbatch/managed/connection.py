"""The accounts that a program has enabled, and connections to their services."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..accounts.find import find_account
from ..clock import Clock
from ..service.endpoint import Account

if TYPE_CHECKING:
    from ..service.client import Client

__all__ = ["account_named", "connected", "disable", "enable", "enabled_names"]

_enabled: dict[str, Account] = {}  # by name: those that stand in no file


def enable(account: Account) -> None:
    """Have this process know an account that is written down nowhere."""
    _enabled[account.name] = account


def disable(name: str) -> None:
    """Have this process forget an account that it was told of, if it was."""
    _enabled.pop(name, None)


def enabled_names() -> list[str]:
    """Return the names of the accounts that stand in no file."""
    return list(_enabled)


def account_named(name: str | None) -> Account:
    """Return an account; without a name the one that a command would take."""
    return _enabled[name] if name in _enabled else find_account(name)


@contextlib.contextmanager
def connected(account_name: str, clock: Clock) -> Iterator[Client]:
    """Connect to the service of an account for the block."""
    from ..service.client import Client

    with Client(account_named(account_name), clock) as client:
        yield client

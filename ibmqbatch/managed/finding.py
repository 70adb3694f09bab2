"""Finding a job set by its id: on this machine, or else on the service."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from ..clock import Clock
from ..jobset.catalog import set_paths
from .connection import account_named, connected
from .exceptions import IBMQJobManagerError, translated
from .handle import SetHandle
from .interrupts import landing

if TYPE_CHECKING:
    from .provider import AccountProvider

__all__ = ["find_set", "local_set"]


def find_set(set_id: str, provider: AccountProvider | None) -> SetHandle:
    """Return the set of this id; one that is not on this machine is rebuilt from the service.

    `provider` tells which account to ask then. Raises IBMQJobManagerUnknownJobSet, and other errors
    below IBMQJobManagerError.
    """
    with translated(IBMQJobManagerError):
        return local_set(set_id) or _rebuilt(set_id, provider)


def local_set(set_id: str) -> SetHandle | None:
    """Return the set of this machine that has this id; None for none."""
    found = next((path for path in set_paths() if path.stem == set_id), None)
    return None if found is None else SetHandle(found)


def _rebuilt(set_id: str, provider: AccountProvider | None) -> SetHandle:
    from ..jobset.rebuild import rebuild_set

    clock = Clock()
    account = account_named(None).name if provider is None else provider.account_name
    with landing(clock), connected(account, clock) as client:
        path, holes = rebuild_set(client, set_id, clock, lambda *_: None)
    if holes:
        warnings.warn(
            f"The service does not have all jobs of the set {set_id}: of {len(holes)} nothing is "
            "known but which experiments they held. The others are here.",
            stacklevel=5,
        )
    return SetHandle(path)

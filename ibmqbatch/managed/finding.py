"""Finding a job set by its id: on this machine, or else on the service."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ..accounts.find import find_account
from ..accounts.model import UnknownAccount
from ..clock import Clock
from ..errors import IbmqbatchError
from ..jobset.catalog import set_paths
from ..jobset.errors import NoSuchSet
from ..jobset.interrupts import landing
from ..jobset.job_set import JobSet, connected
from ..manifest.ids import is_set_id
from .exceptions import IBMQJobManagerError, translated
from .warn import warn

if TYPE_CHECKING:
    from .provider import AccountProvider

__all__ = ["find_set", "rebuilt"]

_MOST_IDS = 5  # that a message lists


def find_set(set_id: str, provider: AccountProvider | None) -> JobSet:
    """Return the set of this id; one that is not on this machine is rebuilt from the service.

    `provider` tells which account to ask then, and where the set's own is unknown. Raises
    IBMQJobManagerUnknownJobSet, and other errors below IBMQJobManagerError.
    """
    with translated(IBMQJobManagerError):
        found = next((path for path in set_paths() if path.stem == set_id), None)
        if found is None and not is_set_id(set_id):
            _check_names(set_id)
        if found is not None:
            return _known(JobSet(found), provider)
        account = find_account(None).name if provider is None else provider.account_name
        return rebuilt(set_id, account)


def _known(handle: JobSet, provider: AccountProvider | None) -> JobSet:
    """Return a set of this machine, through the provider where its own account is not known here.

    Another program may have enabled that one for itself.
    """
    if provider is None:
        return handle
    try:
        find_account(handle.record().account)
    except UnknownAccount:
        return JobSet(handle.path, account=provider.account_name)
    return handle


def _check_names(name: str) -> None:
    """Raise NoSuchSet with the ids of the sets of this name, where there are some."""
    ids = []
    for path in set_paths():
        with contextlib.suppress(IbmqbatchError):  # one that cannot be read has no name
            if JobSet(path).record().name == name:
                ids.append(path.stem)
    if ids:
        raise NoSuchSet(
            f"'{name}' is no id of a job set, but the name of {', '.join(ids[:_MOST_IDS])}"
            f"{', …' if len(ids) > _MOST_IDS else ''}.",
            "Give an id.",
        )


def rebuilt(set_id: str, account: str, clock: Clock | None = None) -> JobSet:
    """Rebuild a set from an account's service; a warning tells of jobs that it does not have.

    `clock` may have a deadline. Raises what `rebuild_set` does.
    """
    from ..jobset.recovery.rebuild import rebuild_set

    clock = clock or Clock()
    with landing(clock), connected(account, clock) as client:
        made = rebuild_set(client, set_id, clock, lambda *_: None)
    if made.holes:
        warn(
            f"The service does not have all jobs of the set {set_id}: of {len(made.holes)} "
            "nothing is known but which experiments they held. The others are here."
        )
    return JobSet(made.path)

"""Which account is meant, and how its service wants to be treated."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import Call, StorageError, UsageError, Words
from ..service.endpoint import LOCAL, Account, Endpoint
from ..suggestions import with_suggestion
from .model import ENVIRONMENT, FIGURES, LOCAL_BACKEND, UnknownAccount

if TYPE_CHECKING:
    from .model import Settings

__all__ = [
    "account_names",
    "chosen_name",
    "find_account",
    "find_settings",
    "register_account",
    "registered_names",
    "remote_account",
    "unregister_account",
]

_registered: dict[str, Account] = {}  # by name: those that this process alone knows of


def _running_service() -> Endpoint:
    from ..service.local_server import running_service

    return running_service()


def _located(settings: Settings) -> Endpoint:
    from .instances import locate

    return locate(settings)


def _local() -> Account:
    return Account(
        name=LOCAL,
        locate=_running_service,
        default_backend=LOCAL_BACKEND,
        pace_limit=None,
        max_pending=None,
        poll_first=0.1,
        poll_longest=1.0,
        settle_delay=2.0,
        settle_gap=1.0,
    )


def remote_account(settings: Settings) -> Account:
    """Return the account of these settings, which is treated as IBM's service wants it."""
    # The figures of IBM's service: 5 submissions a minute and user, listings that may lag.
    account = Account(
        name=settings.name,
        locate=partial(_located, settings),
        default_backend=None,
        pace_limit=5,
        max_pending=None,
        poll_first=2.0,
        poll_longest=30.0,
        settle_delay=30.0,
        settle_gap=10.0,
    )
    return _overridden(account)


def register_account(account: Account) -> None:
    """Register an account that is stored nowhere, for this process alone."""
    _registered[account.name] = account


def unregister_account(name: str) -> None:
    """Remove an account that was registered; nothing happens where there is none."""
    _registered.pop(name, None)


def registered_names() -> list[str]:
    """Return the names of the accounts that this process alone knows of."""
    return list(_registered)


def find_account(name: str | None = None) -> Account:
    """Return the account called `name`; without a name the one that `chosen_name` tells.

    Raises UnknownAccount, StorageError, UsageError.
    """
    if name in _registered:
        return _registered[name]
    chosen, because = chosen_name(name)
    if chosen == LOCAL:
        return _overridden(_local())
    try:
        return remote_account(find_settings(chosen))
    except UnknownAccount as error:
        if name is None and chosen != ENVIRONMENT:
            error.hint = Words("It is in use by the {}. {}", because, error.hint)
        raise


def chosen_name(name: str | None = None) -> tuple[str, str]:
    """Return the name of the account that is meant, and what makes it so.

    A name that is given goes before IBMQBATCH_ACCOUNT, that before IBMQBATCH_TOKEN and the
    variables beside it, those before the choice made with `account use`; `local` comes last.
    Accounts of Qiskit are never meant unless they are named. Raises StorageError.
    """
    from .environment import is_described, variable
    from .model import DEFAULT
    from .store import accounts_path, name_in_use

    if name is not None:
        return name, "named in the command"
    if os.environ.get("IBMQBATCH_ACCOUNT"):
        return os.environ["IBMQBATCH_ACCOUNT"], variable("IBMQBATCH_ACCOUNT")
    if is_described():
        return ENVIRONMENT, variable("IBMQBATCH_TOKEN")
    in_use = name_in_use()
    return (in_use, f"file {accounts_path()}") if in_use else (LOCAL, DEFAULT)


def find_settings(name: str) -> Settings:
    """Return what is written down about an account other than `local`.

    Raises UnknownAccount, StorageError, UsageError.
    """
    from .environment import environment_settings
    from .qiskit import PREFIX, qiskit_settings
    from .store import stored_settings

    if name == ENVIRONMENT:
        return environment_settings()
    found = qiskit_settings(name) if name.startswith(PREFIX) else stored_settings(name)
    if found is None:
        known = account_names()
        hint = Words("Known here: {}. {} adds one.", ", ".join(known), Call("account login"))
        raise UnknownAccount(
            f"There is no account named '{name}'.", with_suggestion(hint, name, known)
        )
    return found


def account_names() -> list[str]:
    """Return the names that `find_account` knows, whether or not they lack something.

    Those in a file that cannot be read are left out.
    """
    from .environment import is_described
    from .qiskit import qiskit_names
    from .store import stored_names

    names = [LOCAL, *([ENVIRONMENT] if is_described() else [])]
    for names_of in (stored_names, qiskit_names):
        with contextlib.suppress(StorageError):
            names += names_of()
    return names


def _overridden(account: Account) -> Account:
    """Apply what the environment says about the account's figures."""
    pace = _whole_number(FIGURES["pace_limit"])
    if pace is not None:
        account = replace(account, pace_limit=pace or None)
    window = _number(FIGURES["pace_window"])
    if window is not None:
        account = replace(account, pace_window=window)
    pending = _whole_number(FIGURES["max_pending"])
    if pending is not None:
        account = replace(account, max_pending=pending or None)
    settle = _number(FIGURES["settle_delay"])
    if settle is not None:
        account = replace(account, settle_delay=settle, settle_gap=settle / 3)
    return account


def _whole_number(variable: str) -> int | None:
    value = _number(variable)
    if value is not None and value != int(value):
        raise UsageError(f"{variable} is {value}, not a whole number.", "Mend or unset it.")
    return None if value is None else int(value)


def _number(variable: str) -> float | None:
    text = os.environ.get(variable)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{variable} is '{text}', not a number of 0 or more.", "Mend or unset it.")
    return value

"""Accounts: where a service is, how to be admitted, and how it wants to be treated.

How fast to send, how many jobs may wait and how often to ask are properties of the account, so
that nothing else needs to know which service it talks to.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..errors import StorageError, UsageError
from ..exitcodes import ExitCode
from ..suggestions import with_suggestion
from .api_keys import key_id

if TYPE_CHECKING:
    from .settings import Settings

__all__ = [
    "ENVIRONMENT",
    "FIGURES",
    "LOCAL",
    "LOCAL_BACKEND",
    "Account",
    "Endpoint",
    "UnknownAccount",
    "account_names",
    "chosen_name",
    "find_account",
    "find_settings",
    "remote_account",
]

# The account of the embedded service, and what runs circuits there when nothing else is asked for.
LOCAL = "local"
LOCAL_BACKEND = "ideal_simulator"
# The account that variables describe.
ENVIRONMENT = "environment"
# The variables that change how an account is treated, by what they change.
FIGURES = {
    "pace_limit": "IBMQBATCH_PACE",
    "pace_window": "IBMQBATCH_PACE_WINDOW",
    "max_pending": "IBMQBATCH_MAX_PENDING",
    "settle_delay": "IBMQBATCH_SETTLE",
}


class UnknownAccount(UsageError):
    """No account of this name, or one that lacks something."""

    code = "unknown_account"
    exit_code = ExitCode.AUTHENTICATION


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is at present, and the credentials for it.

    `url` is the base of the API (".../api/v1"), `instance` the CRN that every request names.
    `proxy` is an address to go through instead of what the environment says, `ca_bundle` a file of
    certificates to trust instead of the usual ones; `verify` False trusts any certificate.
    """

    url: str
    iam_url: str
    api_key: str = field(repr=False)
    instance: str
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    verify: bool = True

    @property
    def key_id(self) -> str:
        """A name for the key that does not give it away."""
        return key_id(self.api_key)


@dataclass(frozen=True, slots=True)
class Account:
    """One account, by name.

    `locate` finds the service; it is asked again when the address it gave does not answer any
    more. Times are in seconds: `pace_limit` submissions (None: no limit) in any `pace_window`;
    polls from `poll_first` to `poll_longest` apart. A submission whose outcome is unknown counts as
    never made once it is absent from two full listings `settle_gap` apart, the first no sooner
    than `settle_delay` after the last instant at which it can have been sent.
    """

    name: str
    locate: Callable[[], Endpoint]
    default_backend: str | None
    pace_limit: int | None
    max_pending: int | None
    poll_first: float
    poll_longest: float
    settle_delay: float
    settle_gap: float
    pace_window: float = 60.0

    def minutes_to_send(self, jobs: int) -> float:
        """Return how many minutes the submission of so many jobs takes at the least."""
        if self.pace_limit is None:
            return 0.0
        return max(0, jobs - 1) // self.pace_limit * self.pace_window / 60


def _running_service() -> Endpoint:
    from .localhost import running_service

    return running_service()


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
        locate=settings.locate,
        default_backend=None,
        pace_limit=5,
        max_pending=None,
        poll_first=2.0,
        poll_longest=30.0,
        settle_delay=30.0,
        settle_gap=10.0,
    )
    return _overridden(account)


def find_account(name: str | None = None) -> Account:
    """Return the account called `name`; without a name the one that `chosen_name` tells.

    Raises UnknownAccount, StorageError, UsageError.
    """
    chosen, because = chosen_name(name)
    if chosen == LOCAL:
        return _overridden(_local())
    try:
        return remote_account(find_settings(chosen))
    except UnknownAccount as error:
        if name is None and chosen != ENVIRONMENT:
            error.hint = f"It is in use by the {because}. {error.hint}"
        raise


def chosen_name(name: str | None = None) -> tuple[str, str]:
    """Return the name of the account that is meant, and what makes it so.

    A name that is given goes before IBMQBATCH_ACCOUNT, that before IBMQBATCH_TOKEN and the
    variables beside it, those before the choice made with `account use`; `local` comes last.
    Accounts of Qiskit are never meant unless they are named. Raises StorageError.
    """
    from .account_environment import is_described, variable
    from .account_store import accounts_path, name_in_use
    from .settings import DEFAULT

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
    from .account_environment import environment_settings
    from .account_store import stored_settings
    from .qiskit_accounts import PREFIX, qiskit_settings

    if name == ENVIRONMENT:
        return environment_settings()
    found = qiskit_settings(name) if name.startswith(PREFIX) else stored_settings(name)
    if found is None:
        known = account_names()
        hint = f"Known here: {', '.join(known)}. `ibmqbatch account login` adds one."
        raise UnknownAccount(
            f"There is no account named '{name}'.", with_suggestion(hint, name, known)
        )
    return found


def account_names() -> list[str]:
    """Return the names that `find_account` knows, whether or not they lack something.

    Those in a file that cannot be read are left out.
    """
    from .account_environment import is_described
    from .account_store import stored_names
    from .qiskit_accounts import qiskit_names

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

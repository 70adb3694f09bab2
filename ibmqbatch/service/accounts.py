"""Accounts: where a service is, how to be admitted, and how it wants to be treated.

How fast to send, how many jobs may wait and how often to ask are properties of the account, so
that nothing else needs to know which service it talks to.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..errors import UsageError
from ..exitcodes import ExitCode

__all__ = [
    "LOCAL",
    "LOCAL_BACKEND",
    "Account",
    "Endpoint",
    "UnknownAccount",
    "account_names",
    "find_account",
]

# The account of the embedded service, and what runs circuits there when nothing else is asked for.
LOCAL = "local"
LOCAL_BACKEND = "ideal_simulator"


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
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:24]


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


def _local() -> Account:
    from . import localhost

    return Account(
        name=LOCAL,
        locate=localhost.running_service,
        default_backend=LOCAL_BACKEND,
        pace_limit=None,
        max_pending=None,
        poll_first=0.1,
        poll_longest=1.0,
        settle_delay=2.0,
        settle_gap=1.0,
    )


def _environment() -> Account | None:
    """Return the account that IBMQBATCH_URL, _TOKEN and _INSTANCE describe, if they are set."""
    url = os.environ.get("IBMQBATCH_URL")
    if not url:
        return None
    missing = [
        name for name in ("IBMQBATCH_TOKEN", "IBMQBATCH_INSTANCE") if not os.environ.get(name)
    ]
    if missing:
        raise UnknownAccount(
            f"IBMQBATCH_URL is set, but {' and '.join(missing)} not.",
            "Set all three, or none of them.",
        )
    for name in ("IBMQBATCH_TOKEN", "IBMQBATCH_INSTANCE"):
        value = os.environ[name]
        if not (value.isascii() and value.isprintable()):
            raise UnknownAccount(
                f"{name} holds characters that no key or CRN has.", "Was it copied whole, alone?"
            )
    endpoint = Endpoint(
        url=url.rstrip("/"),
        iam_url=os.environ.get("IBMQBATCH_IAM_URL", "https://iam.cloud.ibm.com"),
        api_key=os.environ["IBMQBATCH_TOKEN"],
        instance=os.environ["IBMQBATCH_INSTANCE"],
    )
    # The figures of IBM's service: 5 submissions a minute and user, listings that may lag.
    return Account(
        name="environment",
        locate=lambda: endpoint,
        default_backend=None,
        pace_limit=5,
        max_pending=None,
        poll_first=2.0,
        poll_longest=30.0,
        settle_delay=30.0,
        settle_gap=10.0,
    )


def find_account(name: str | None = None) -> Account:
    """Return the account called `name`; without a name the one that the environment tells.

    That is IBMQBATCH_ACCOUNT, else the account made of IBMQBATCH_URL, _TOKEN and _INSTANCE, else
    `local`. Raises UnknownAccount.
    """
    if (name or os.environ.get("IBMQBATCH_ACCOUNT")) == LOCAL:
        return _overridden(_local())
    environment = _environment()
    if name is None:
        name = os.environ.get("IBMQBATCH_ACCOUNT") or (environment or _local()).name
    known = {account.name: account for account in (_local(), environment) if account is not None}
    if name not in known:
        raise UnknownAccount(
            f"There is no account named '{name}'.",
            f"Known here: {', '.join(known)}. "
            "IBMQBATCH_URL, IBMQBATCH_TOKEN and IBMQBATCH_INSTANCE describe another.",
        )
    return _overridden(known[name])


def account_names() -> list[str]:
    """Return the names that `find_account` knows, whether or not they lack something."""
    return [LOCAL, *(["environment"] if os.environ.get("IBMQBATCH_URL") else [])]


def _overridden(account: Account) -> Account:
    """Apply the environment's IBMQBATCH_PACE, _MAX_PENDING and _SETTLE to the account's figures."""
    pace = _whole_number("IBMQBATCH_PACE")
    if pace is not None:
        account = replace(account, pace_limit=pace or None)
    pending = _whole_number("IBMQBATCH_MAX_PENDING")
    if pending is not None:
        account = replace(account, max_pending=pending or None)
    settle = _number("IBMQBATCH_SETTLE")
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

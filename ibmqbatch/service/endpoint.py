"""Where a service is, and how it wants to be treated.

How fast to send, how many jobs may wait and how often to ask are properties of the account, so
that nothing else needs to know which service it talks to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["LOCAL", "Account", "Endpoint"]

# The account of the embedded service.
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a service is at present, and the credentials for it.

    `url` is the base of the API (".../api/v1"), `instance` the CRN that every request names.
    `proxy` replaces the proxies of the environment, `ca_bundle` is a file of certificates to trust
    instead of the default ones; `verify` False trusts any certificate.
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
        """A name for the key that does not reveal it."""
        return hashlib.sha256(self.api_key.encode(errors="replace")).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Account:
    """One account, by name.

    `locate` finds the service; it is called again when an address stops answering. Times are in
    seconds: `pace_limit` submissions (None: no limit) in any `pace_window`; polls from `poll_first`
    to `poll_longest` apart. A submission whose outcome is unknown counts as never made once it is
    absent from two full listings `settle_gap` apart, the first no sooner than `settle_delay` after
    the last instant at which it can have been sent.
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
        """Return how many minutes it takes at least to submit so many jobs."""
        if self.pace_limit is None:
            return 0.0
        return max(0, jobs - 1) // self.pace_limit * self.pace_window / 60

"""What is written down about an account, wherever that is, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import UsageError
from ..exitcodes import ExitCode
from ..service.endpoint import Endpoint
from . import addresses

__all__ = [
    "DEFAULT",
    "DERIVED",
    "ENVIRONMENT",
    "FIGURES",
    "LOCAL_BACKEND",
    "Preference",
    "Settings",
    "UnknownAccount",
]

# What runs circuits on the embedded service when nothing else is asked for.
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


# Where a value comes from that stands nowhere.
DEFAULT = "default"
DERIVED = "derived from the instance"
_FROM_URL = "derived from the URL"
_ASKED_FOR = "asked for when needed"


class UnknownAccount(UsageError):
    """No account of this name, or one that lacks something."""

    code = "unknown_account"
    exit_code = ExitCode.AUTHENTICATION


@dataclass(frozen=True, slots=True)
class Preference:
    """Which instances an account without one of its own may take; empty: any."""

    region: str = ""
    plans: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """An account as it is written down.

    `kind` tells where: "stored", "environment" or "qiskit". `instance` is a CRN or a name, `url`
    the base of the API; without one it follows from the CRN's region. `cloud` is the domain of
    IBM's services. `origins` tells for each value that is given where it stands.
    """

    name: str
    kind: str
    token: str = field(repr=False)
    instance: str | None = None
    instance_name: str | None = None
    url: str | None = None
    iam_url: str | None = None
    private_endpoint: bool = False
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    verify: bool = True
    cloud: str = addresses.CLOUD
    preference: Preference = Preference()
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def crn(self) -> str | None:
        """The instance's CRN, where it is known without asking."""
        return self.instance if self.instance and addresses.is_crn(self.instance) else None

    def endpoint(self, crn: str) -> Endpoint:
        """Return the endpoint of an instance of this account; raises UnknownAccount."""
        url = self.url
        if url is None:
            region = addresses.region_of(crn)
            if region is None:
                raise UnknownAccount(
                    f"The instance of the account '{self.name}' names no region: it is no whole "
                    "CRN.",
                    "A CRN looks like crn:v1:bluemix:public:quantum-computing:us-east:a/…:…::.",
                )
            url = addresses.api_url(region, cloud=self.cloud, private=self.private_endpoint)
        return self._endpoint(url, crn)

    def directory(self) -> Endpoint:
        """Return an endpoint that names no instance: enough to ask which instances there are."""
        return self._endpoint(self.url or f"https://quantum.{self.cloud}", "")

    def origin_of(self, value: str) -> str:
        """Return where a value of this account comes from, by its name here."""
        if value in self.origins:
            return self.origins[value]
        if value == "instance":
            return _ASKED_FOR
        if value == "url":
            return DERIVED
        if value == "iam_url" and self.url and addresses.is_loopback(self.url):
            return _FROM_URL
        return DEFAULT

    def _endpoint(self, url: str, crn: str) -> Endpoint:
        return Endpoint(
            url=url,
            iam_url=self.iam_url or addresses.iam_url(url, private=self.private_endpoint),
            api_key=self.token,
            instance=crn,
            proxy=self.proxy,
            ca_bundle=self.ca_bundle,
            verify=self.verify,
        )

"""Addresses of services: checked ones, and those that follow from an instance's CRN."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from ..errors import UsageError

__all__ = [
    "CLOUD",
    "api_url",
    "checked_iam_url",
    "checked_proxy",
    "checked_url",
    "cloud_of",
    "discovery_urls",
    "iam_url",
    "is_crn",
    "is_loopback",
    "origin",
    "region_of",
    "whole_crn",
    "without_password",
]

# The domain of IBM's cloud; services stand under it. The second is IBM's own for tests.
CLOUD = "cloud.ibm.com"
_TEST_CLOUD = f"test.{CLOUD}"
_API_PATH = "/api/v1"
_HOME_REGION = "us-east"  # has no region in its address

# A region becomes part of a host's name: nothing else may be smuggled into it.
_REGION = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_REGION_FIELD, _CRN_FIELDS = 5, 10


def is_crn(text: str) -> bool:
    """Return whether a text is a CRN, and not the name of an instance."""
    return text.startswith("crn:")


def whole_crn(crn: str) -> str:
    """Return a CRN with the two colons at its end, which are easily lost when it is copied."""
    return f"{crn}::" if crn.count(":") == _CRN_FIELDS - 3 else crn


def region_of(crn: str) -> str | None:
    """Return the region that a CRN names; None when it names none."""
    fields = crn.split(":")
    if len(fields) != _CRN_FIELDS or not _REGION.fullmatch(fields[_REGION_FIELD]):
        return None
    return fields[_REGION_FIELD]


def api_url(region: str, *, cloud: str = CLOUD, private: bool = False) -> str:
    """Return where IBM serves the API for a region."""
    if private:
        return f"https://private.{region}.quantum.{cloud}{_API_PATH}"
    prefix = "" if region == _HOME_REGION else f"{region}."
    return f"https://{prefix}quantum.{cloud}{_API_PATH}"


def cloud_of(url: str) -> str | None:
    """Return the domain of IBM's cloud that an address belongs to; None when it is not IBM's."""
    host = urlsplit(url).hostname or ""
    for cloud in (_TEST_CLOUD, CLOUD):
        if host == cloud or host.endswith(f".{cloud}"):
            return cloud
    return None


def iam_url(url: str, *, private: bool = False) -> str:
    """Return where keys for the API at `url` are exchanged, where nothing else is said.

    That is IBM's IAM; but a service on this machine has its own, which is taken to be of the same
    origin: no key of it is IBM's business.
    """
    if is_loopback(url):
        return origin(url)
    return f"https://{'private.' if private else ''}iam.{cloud_of(url) or CLOUD}"


def discovery_urls(iam: str) -> tuple[str, str]:
    """Return where the holder of a token of `iam` searches for instances, and the plans' catalog.

    IBM has hosts of their own for these, which the official client asks in private networks too.
    Any other service is asked at the origin of its IAM.
    """
    cloud = cloud_of(iam)
    if cloud is None:
        return origin(iam), origin(iam)
    return f"https://api.global-search-tagging.{cloud}", f"https://globalcatalog.{cloud}{_API_PATH}"


def origin(url: str) -> str:
    """Return the part of an address before its path."""
    address = urlsplit(url)
    return f"{address.scheme}://{address.netloc}"


def is_loopback(url: str) -> bool:
    """Return whether an address leads to this machine itself."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or re.fullmatch(r"127(\.\d{1,3}){3}", host) is not None


def checked_url(url: str, named: str) -> str:
    """Return the base of an API in its one form, with IBM's path where none is given.

    Raises UsageError, which calls it as it is `named`.
    """
    address = _checked(url, named)
    path = address.path.rstrip("/")
    return f"{address.scheme}://{address.netloc}{path or _API_PATH}"


def checked_iam_url(url: str, named: str) -> str:
    """Return the address of an IAM in its one form; raises UsageError."""
    address = _checked(url, named)
    path = address.path.rstrip("/").removesuffix("/identity/token")
    return f"{address.scheme}://{address.netloc}{path}"


def checked_proxy(url: str, named: str) -> str:
    """Return the address of a proxy, whose scheme may be left out; raises UsageError."""
    address = _checked(url if "://" in url else f"http://{url}", named, password=True)
    return f"{address.scheme}://{address.netloc}"


def without_password(url: str) -> str:
    """Make an address fit to be shown."""
    return re.sub(r"//.*@", "//***@", url)  # a password may hold anything


def _checked(url: str, named: str, *, password: bool = False) -> SplitResult:
    """Take an address apart; raises UsageError when no service or proxy can have it."""
    try:
        address = urlsplit(url.strip())
        sound = (
            address.scheme in {"http", "https"}
            and address.hostname
            and address.port != 0
            and url.strip().isprintable()
            and not re.search(r"\s", url.strip())
            and not (address.query or address.fragment)
        )
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(
            f"{named} is not an address: '{without_password(url)}'.",
            "An address begins with https:// (or http://) and the name of a host.",
        )
    if address.username is not None and not password:
        raise UsageError(
            f"{named} holds a user's name or password.", "Leave out what stands before the @."
        )
    return address

"""The accounts that Qiskit's users have already: in `~/.qiskit/qiskit-ibm.json`, or in variables.

They are read only, and used only when named: `qiskit:NAME`, where NAME is that of the file, or
`environment` for QISKIT_IBM_TOKEN and the variables beside it. What their fields mean is what they
mean to qiskit-ibm-runtime (0.51), whose file has this one place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import Call, StorageError, UsageError, Words
from .addresses import (
    CLOUD,
    checked_iam_url,
    checked_proxy,
    checked_url,
    cloud_of,
    is_loopback,
    whole_crn,
)
from .api_keys import is_header_text
from .environment import variable
from .model import Preference, Settings, UnknownAccount

__all__ = ["PREFIX", "qiskit_names", "qiskit_path", "qiskit_settings"]

PREFIX = "qiskit:"
_ENVIRONMENT = f"{PREFIX}environment"
_VARIABLES = {
    "token": "QISKIT_IBM_TOKEN",
    "url": "QISKIT_IBM_URL",
    "instance": "QISKIT_IBM_INSTANCE",
    "channel": "QISKIT_IBM_CHANNEL",
}
_CHANNELS = {"ibm_quantum_platform", "ibm_cloud"}  # two names of the same service
_CLOUD_URL = f"https://{CLOUD}"
_ANY_INSTANCE = "auto"  # how Qiskit's users write that any will do


def qiskit_path() -> Path:
    """Return where Qiskit keeps its accounts."""
    return Path("~/.qiskit/qiskit-ibm.json").expanduser()


def qiskit_names() -> list[str]:
    """Return the names of Qiskit's accounts; raises StorageError when its file is damaged."""
    described = [_ENVIRONMENT] if os.environ.get(_VARIABLES["token"]) else []
    # One of this name in the file would be hidden by the variables, or stands in for them.
    return list(dict.fromkeys([*described, *(f"{PREFIX}{name}" for name in sorted(_read()))]))


def qiskit_settings(name: str) -> Settings | None:
    """Return the account of this name, None when there is none.

    Raises UnknownAccount when it cannot be used, and StorageError.
    """
    if name == _ENVIRONMENT and os.environ.get(_VARIABLES["token"]):
        given = {key: os.environ[var] for key, var in _VARIABLES.items() if os.environ.get(var)}
        return _settings(name, given, {key: variable(_VARIABLES[key]) for key in given})
    entry = _read().get(name.removeprefix(PREFIX))
    if entry is None:
        return None
    return _settings(name, entry, dict.fromkeys(entry, f"file {qiskit_path()}"))


def _read() -> dict[str, Mapping[str, Any]]:
    try:
        kept = json.loads(qiskit_path().read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise StorageError(
            f"Qiskit's accounts in {qiskit_path()} cannot be read: {error.strerror or error}.",
            "Mend its permissions, or use another account.",
        ) from error
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict):
        raise StorageError(
            f"Qiskit's file of accounts, {qiskit_path()}, is damaged.",
            "Save the accounts again with Qiskit, or use another account.",
        )
    return {name: entry if isinstance(entry, dict) else {} for name, entry in kept.items()}


def _settings(name: str, entry: Mapping[str, Any], origins: dict[str, str]) -> Settings:
    channel = entry.get("channel") or "ibm_quantum_platform"
    if channel == "ibm_quantum":
        raise _unusable(name, "is of IBM Quantum's old platform, which has been shut down")
    if channel not in _CHANNELS:
        raise _unusable(name, f"is of the channel {channel!r}, which leads to no service")
    token = _text(entry, "token")
    if not is_header_text(token):
        raise _unusable(name, "has no usable API key")
    instance = _text(entry, "instance")
    if instance == _ANY_INSTANCE:
        instance = ""
    if not (instance.isascii() and instance.isprintable()):
        raise _unusable(name, "has no usable instance")
    try:
        url, cloud = _resolved(_text(entry, "url") or _CLOUD_URL, f"The URL of '{name}'")
        proxy = _proxy(name, entry, url or _CLOUD_URL)
        iam = os.environ.get("IAM_URL")  # as Qiskit has it
        iam_url = checked_iam_url(iam, "IAM_URL") if iam else None
    except UsageError as error:
        raise UnknownAccount(error.message, error.hint) from error
    if iam_url:
        origins = {**origins, "iam_url": variable("IAM_URL")}
    verify = entry.get("verify", True)
    return Settings(
        name=name,
        kind="qiskit",
        token=token,
        instance=whole_crn(instance) or None,
        url=url,
        iam_url=iam_url,
        private_endpoint=entry.get("private_endpoint") is True,
        proxy=proxy,
        # To Qiskit's HTTP library this may also be a file of certificates.
        ca_bundle=verify if isinstance(verify, str) else None,
        verify=verify is not False,
        cloud=cloud,
        preference=Preference(
            _text(entry, "region"), _texts(entry, "plans_preference"), _texts(entry, "tags")
        ),
        origins=_origins(origins, instance, url),
    )


def _origins(of_entry: Mapping[str, str], instance: str, url: str | None) -> dict[str, str]:
    """Return where the values stand, by our names for them."""
    ours = {
        "token": "token",
        "instance": "instance" if instance else "",
        "url": "url" if url else "",
        "iam_url": "iam_url",
        "private_endpoint": "private_endpoint",
        "proxy": "proxies",
        "verify": "verify",
        "ca_bundle": "verify",
    }
    return {value: of_entry[key] for value, key in ours.items() if key in of_entry}


def _resolved(url: str, named: str) -> tuple[str | None, str]:
    """Return the base of the API, None where it follows from the instance; and the cloud's domain.

    Qiskit makes https://REGION.quantum.HOST/api/v1 of https://HOST and a CRN, and leaves an address
    with "experimental" in it as it is. One of this machine would lose its port by that, and leads
    nowhere; as it is, it does.
    """
    base = checked_url(url, named)
    cloud = cloud_of(base)
    if "experimental" in base or is_loopback(base):
        return base, cloud or CLOUD
    return None, cloud or urlsplit(base).hostname or CLOUD


def _proxy(name: str, entry: Mapping[str, Any], url: str) -> str | None:
    """Return the proxy: Qiskit can have one for each scheme, or scheme and host."""
    proxies = entry.get("proxies")
    if not isinstance(proxies, dict):
        return None
    if proxies.get("username_ntlm") or proxies.get("password_ntlm"):
        raise _unusable(name, "needs a proxy with NTLM, which ibmqbatch does not speak")
    urls = proxies.get("urls")
    address = urlsplit(url)
    for key in (f"{address.scheme}://{address.hostname}", address.scheme, "all"):
        found = urls.get(key) if isinstance(urls, dict) else None
        if isinstance(found, str) and found:
            return checked_proxy(found, f"The proxy of '{name}'")
    return None


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value.strip() if isinstance(value, str) else ""


def _texts(entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = entry.get(key)
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _unusable(name: str, why: str) -> UnknownAccount:
    return UnknownAccount(
        f"The account '{name}' cannot be used: it {why}.",
        Words("Use another, or log in to one with {}.", Call("account login")),
    )

"""Accounts and instances as plain data, for people and for scripts. No key stands in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ..errors import IbmqbatchError
from ..service.endpoint import LOCAL
from . import addresses
from .environment import variable
from .find import chosen_name, find_account, find_settings
from .model import DEFAULT, FIGURES

if TYPE_CHECKING:
    from ..service.endpoint import Account, Endpoint
    from .instances import Instance
    from .model import Settings

__all__ = ["account_data", "account_details", "instance_data"]


def account_data(name: str) -> dict[str, Any]:
    """Describe an account in short; one that cannot be used with the reason, its `problem`.

    Raises StorageError when it is not known which account is in use.
    """
    data: dict[str, Any] = {
        "name": name,
        "kind": LOCAL,
        "in_use": chosen_name()[0] == name,
        "problem": "",
        "url": None,
        "instance": None,
        "instance_name": None,
        "region": None,
    }
    if name == LOCAL:
        return data
    try:
        settings = find_settings(name)
        endpoint = _endpoint(settings)
    except IbmqbatchError as error:
        prefix = name.partition(":")[0]
        data["kind"] = prefix if prefix in {"environment", "qiskit"} else "stored"
        data["problem"] = error.message
        return data
    data |= {
        "kind": settings.kind,
        "url": settings.url if endpoint is None else endpoint.url,
        "instance": settings.crn,
        "instance_name": settings.instance_name or (None if settings.crn else settings.instance),
        "region": addresses.region_of(settings.crn) if settings.crn else None,
    }
    return data


def account_details(name: str, because: str) -> dict[str, Any]:
    """Describe an account whole; `because` tells what makes it the one that is shown.

    `origins` tells where each value comes from. Raises UnknownAccount, StorageError, UsageError.
    """
    account = find_account(name)
    data = account_data(name) | _service(None) | _figures(account)
    origins = {"name": because, **{key: _figure_origin(key) for key in FIGURES}}
    if name != LOCAL:
        settings = find_settings(name)
        data |= _service(settings)
        origins |= {key: settings.origin_of(key) for key in ("url", *_service(None))}
        origins["instance"] = settings.origin_of("instance")
        origins["key"] = settings.origin_of("token")
    return {**data, "origins": origins}


def instance_data(instance: Instance, *, in_use: bool) -> dict[str, Any]:
    """Describe an instance; `in_use` tells whether the account's jobs go to it."""
    return {
        "name": instance.name,
        "crn": instance.crn,
        "plan": instance.plan,
        "pricing": instance.pricing,
        "region": instance.region,
        "backends": list(instance.backends),
        "in_use": in_use,
    }


def _endpoint(settings: Settings) -> Endpoint | None:
    """Return the account's endpoint where it is known without asking."""
    return settings.endpoint(settings.crn) if settings.crn else None


def _service(settings: Settings | None) -> dict[str, Any]:
    """Describe the way to the service; None: the embedded one, which finds its own."""
    if settings is None:
        keys = ("iam_url", "key", "private_endpoint", "proxy", "ca_bundle", "verify")
        return {**dict.fromkeys(keys), "private_endpoint": False, "verify": True}
    endpoint = _endpoint(settings) or settings.directory()
    return {
        "iam_url": endpoint.iam_url,
        "key": {"id": endpoint.key_id, "characters": len(endpoint.api_key)},
        "private_endpoint": settings.private_endpoint,
        "proxy": addresses.without_password(endpoint.proxy) if endpoint.proxy else None,
        "ca_bundle": endpoint.ca_bundle,
        "verify": endpoint.verify,
    }


def _figures(account: Account) -> dict[str, Any]:
    return {
        "default_backend": account.default_backend,
        "pace_limit": account.pace_limit,
        "pace_window": account.pace_window,
        "max_pending": account.max_pending,
        "settle_delay": account.settle_delay,
    }


def _figure_origin(figure: str) -> str:
    """Return where a figure comes from, of those that variables can change."""
    name = FIGURES[figure]
    return variable(name) if os.environ.get(name) else DEFAULT

"""`IBMQ`: the accounts of a program, and the way to their providers."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from ..accounts import addresses
from ..accounts.api_keys import key_in
from ..accounts.find import (
    account_names,
    chosen_name,
    find_account,
    find_settings,
    register_account,
    registered_names,
    remote_account,
    unregister_account,
)
from ..accounts.model import Settings
from ..accounts.store import add_account, checked_name, name_in_use, remove_account, stored_names
from ..accounts.view import account_data, account_details
from ..errors import UsageError
from ..service.endpoint import LOCAL
from .caller_warnings import warn_caller
from .exceptions import IBMQAccountError, IBMQProviderError, translated
from .provider import AccountProvider

__all__ = ["IBMQ", "IBMQFactory"]

_log = logging.getLogger(__name__)
_STORED = "ibm"  # the name of an account that is saved without one
_ENABLED = "enabled"  # the name of an account that is enabled without one
_OLD_HOST = "quantum-computing.ibm.com"  # of the platform that has been shut down
_OF_HUBS = ("hub", "group", "project")


class IBMQFactory:
    """The accounts that a program uses.

    They are those of the commands (`ibmqbatch account`), by name, and those that only the program
    has. No service is asked before a backend is needed.
    """

    def __init__(self) -> None:
        self._active: str | None = None

    def load_account(self) -> AccountProvider:
        """Return the provider of the account that a command would use.

        That is, in this order, the one named by IBMQBATCH_ACCOUNT, the one described by
        IBMQBATCH_TOKEN and related variables, the one in use (`save_account`, or `ibmqbatch account
        use`), or `local`, which simulates on this machine. Raises IBMQAccountError where it cannot
        be used.
        """
        with translated(IBMQAccountError):
            name = find_account(None).name
        if self._active not in {None, name}:
            _log.info("The account '%s' takes the place of '%s'.", name, self._active)
        self._active = name
        return AccountProvider(name)

    def default_provider(self) -> AccountProvider:
        """Return the provider of the account that the program has enabled, or that a command uses.

        Raises IBMQAccountError.
        """
        if self._active is not None and self._active in registered_names():
            return AccountProvider(self._active)
        with translated(IBMQAccountError):
            return AccountProvider(find_account(None).name)

    def enable_account(
        self, token: str, url: str | None = None, instance: str | None = None, **kwargs: Any
    ) -> AccountProvider:
        """Use an account in this program alone, and return its provider.

        `token` is an API key of IBM Cloud. `instance` is a CRN, or the name of an instance, by
        default the only one that the key reaches. `url` is for services other than IBM's. Further
        keywords: name, iam_url, proxies, verify. Other programs see jobs of this account when they
        enable it by the same name, or when it is saved.

        Raises IBMQAccountError for what cannot be an account's.
        """
        _warn_of_hubs({key: kwargs.pop(key, None) for key in _OF_HUBS})
        with translated(IBMQAccountError):
            settings = _settings(kwargs.pop("name", None) or _ENABLED, token, url, instance, kwargs)
            register_account(remote_account(settings))
        self._active = settings.name
        return AccountProvider(settings.name)

    def disable_account(self) -> None:
        """Stop using the account in use; raises IBMQAccountError when none is."""
        if self._active is None:
            raise IBMQAccountError("No account is in use in this session.")
        unregister_account(self._active)
        self._active = None

    def save_account(
        self,
        token: str,
        url: str | None = None,
        instance: str | None = None,
        overwrite: bool = False,
        name: str = _STORED,
        **kwargs: Any,
    ) -> None:
        """Save an account on this machine, and put it in use, also for commands.

        The arguments are those of `enable_account`. The key is written to a file that only its
        owner can read, and is not checked before it is used. Raises IBMQAccountError, also where an
        account of this name exists and `overwrite` is not set.
        """
        _warn_of_hubs({key: kwargs.pop(key, None) for key in _OF_HUBS})
        with translated(IBMQAccountError):
            settings = _settings(checked_name(name), token, url, instance, kwargs)
            if name in stored_names() and not overwrite:
                raise UsageError(
                    f"There is an account named '{name}' already.",
                    "Set overwrite=True to replace it, or give another name.",
                )
            if not settings.verify:
                warn_caller(
                    "verify=False is not kept: name a file of certificates to trust instead."
                )
            add_account(settings, replace=overwrite, use=True)

    def delete_account(self, name: str | None = None) -> None:
        """Remove a saved account and its key: by name, or the one in use, or the only one.

        Raises IBMQAccountError where it is not clear which is meant, or none is saved.
        """
        with translated(IBMQAccountError):
            remove_account(_saved(name) or name or "")

    def stored_account(self, name: str | None = None) -> dict[str, Any]:
        """Return what is known of a saved account, with the fields that `account show` has as JSON.

        Empty where none is saved. The key is not in it: `key` has its length, and an id that does
        not reveal it. Raises IBMQAccountError where it is not clear which one is meant.
        """
        with translated(IBMQAccountError):
            saved = _saved(name)
            return {} if saved is None else account_details(saved, "saved")

    def active_account(self) -> dict[str, Any] | None:
        """Return what is known of the account in use in this session; None where none is.

        That is its `name`, `kind` and whether commands have it `in_use`. A saved one also has
        `url`, `instance`, `instance_name`, `region`, and a `problem` where it cannot be used. The
        key is not in it.
        """
        if self._active is None:
            return None
        if self._active in registered_names():
            return {"name": self._active, "kind": "enabled", "in_use": True}
        with translated(IBMQAccountError):
            return account_data(self._active)

    def providers(
        self, hub: str | None = None, group: str | None = None, project: str | None = None
    ) -> list[AccountProvider]:
        """Return a provider for each account that this program knows, the one in use first.

        Hubs, groups and projects do not exist any more: giving them warns, and has no effect.
        Raises IBMQAccountError where the file of accounts cannot be read.
        """
        _warn_of_hubs({"hub": hub, "group": group, "project": project})
        with translated(IBMQAccountError):
            first = self._active or chosen_name()[0]
            return [
                AccountProvider(name)
                for name in dict.fromkeys([first, *registered_names(), *account_names()])
            ]

    def get_provider(
        self,
        hub: str | None = None,
        group: str | None = None,
        project: str | None = None,
        *,
        account: str | None = None,
        instance: str | None = None,
    ) -> AccountProvider:
        """Return a provider: of the account in use, of a named one, or of one for an instance.

        `instance` is the CRN, or the name, of an instance. A known account for it is used, or else
        the account's key, in this program, under the name `ACCOUNT@INSTANCE`. Where no account is
        in use, it is loaded as by `load_account`. Hubs, groups and projects warn. Raises
        IBMQAccountError, and IBMQProviderError where the account has no instances.
        """
        _warn_of_hubs({"hub": hub, "group": group, "project": project})
        if account is None and self._active is None:
            self.load_account()
        name = account or self._active
        assert name is not None
        with translated(IBMQAccountError):
            find_account(name)
            return AccountProvider(name if instance is None else _with_instance(name, instance))

    def __repr__(self) -> str:
        return f"<IBMQ: account {self._active!r}>" if self._active else "<IBMQ: no account in use>"


def _settings(
    name: str, token: str, url: str | None, instance: str | None, more: dict[str, Any]
) -> Settings:
    """Return the settings of an account; raises UsageError and NoKey without showing the key."""
    if url is not None and _OLD_HOST in str(url):
        warn_caller(f"The url is that of IBM's old platform, {_OLD_HOST}, and is left out.")
        url = None
    if not isinstance(token, str):
        raise UsageError(
            f"The token is a {type(token).__name__}, not a string.", "Give an API key."
        )
    if instance is not None and not (instance.isascii() and instance.isprintable()):
        raise UsageError("The instance is neither a CRN nor a name.", "Was it copied whole, alone?")
    verify = more.pop("verify", True)
    iam_url = more.pop("iam_url", None)
    proxy = _proxy(more.pop("proxies", None))
    for key in more:
        warn_caller(f"{key} is not a property of an account, and is ignored.")
    return Settings(
        name=name,
        kind="stored",
        token=key_in(token, "the token"),
        instance=addresses.whole_crn(instance.strip()) if instance else None,
        url=None if url is None else addresses.checked_url(url, "The url"),
        iam_url=None if iam_url is None else addresses.checked_iam_url(iam_url, "The iam_url"),
        proxy=None if proxy is None else addresses.checked_proxy(proxy, "The proxy"),
        ca_bundle=verify if isinstance(verify, str) else None,
        verify=verify is not False,
    )


def _proxy(proxies: Any) -> str | None:
    """Return the proxy of `proxies`, which were given as {"urls": {"https": ...}}."""
    urls = proxies.get("urls", proxies) if isinstance(proxies, dict) else {}
    return urls.get("https") or urls.get("http")


def _saved(name: str | None) -> str | None:
    """Return the name of the saved account that is meant; raises UsageError when it is unclear."""
    names = stored_names()
    if name is not None:
        if name not in names:
            raise UsageError(f"No account named '{name}' is saved.", f"Saved are: {names}.")
        return name
    in_use = name_in_use()
    if in_use in names:
        return in_use
    if len(names) > 1:
        raise UsageError(
            f"{len(names)} accounts are saved, and none of them is in use.",
            f"Name one: {', '.join(names)}.",
        )
    return names[0] if names else None


def _with_instance(name: str, instance: str) -> str:
    """Return the name of an account for an instance, and make one where none is known."""
    for known in [name, *account_names()]:
        if known != LOCAL and known not in registered_names():
            settings = find_settings(known)
            if instance in {settings.crn, settings.instance, settings.instance_name}:
                return known
    if name == LOCAL or name in registered_names():
        raise IBMQProviderError(
            f"The account '{name}' has no instances to choose from. Enable one with `instance`."
        )
    settings = replace(
        find_settings(name),
        name=f"{name}@{instance}",
        instance=addresses.whole_crn(instance),
        instance_name=None,
    )
    register_account(remote_account(settings))
    return settings.name


def _warn_of_hubs(given: dict[str, Any]) -> None:
    named = [key for key, value in given.items() if value]
    if named:
        warn_caller(
            f"{', '.join(named)}: there are no hubs, groups and projects any more. An account has "
            "an instance: give `instance`, a CRN or a name."
        )


IBMQ = IBMQFactory()

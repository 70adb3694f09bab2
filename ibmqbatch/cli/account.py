"""`ibmqbatch account`: the group of the verbs that keep accounts, each a function of its name."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from ..errors import StorageError, UsageError
from ..render.console import message
from ..render.text import plural
from . import _options
from ._lifecycle import Context, can_ask, confirm, pick, running
from .completion import candidates

if TYPE_CHECKING:
    from ..accounts.instances import Instance
    from ..accounts.model import Settings

_NAME = "ibm"
_STDIN = Path("-")


def command() -> None:
    """Log in to IBM Quantum, and choose the account that is used.

    Without any, circuits run on this machine, as the account `local`. An API key is read from a
    prompt, a file or standard input, and kept in a file that only you can read.

    Example: ibmqbatch account list
    """


def account_list(json: _options.Json = False, verbose: _options.Verbose = 0) -> int:
    """List the accounts, and which one is in use. No service is asked.

    Those named `qiskit:NAME` are Qiskit's own; they are used only when they are named.

    Example: ibmqbatch account list
    """
    from ..accounts.find import account_names, chosen_name
    from ..accounts.qiskit import qiskit_names
    from ..accounts.store import stored_names
    from ..accounts.view import account_data
    from ..render.accounts import show_accounts

    with running("account list", json=json, verbose=verbose) as context:
        stored_names()  # must be readable: it tells what is in use
        names = account_names()
        context.data["accounts"] = [account_data(name) for name in names]
        if not context.json:
            show_accounts(context.data["accounts"])
        chosen, because = chosen_name()
        if chosen not in names:
            message(f"'{chosen}', in use by the {because}, does not exist.")
        try:
            qiskit_names()
        except StorageError as error:
            message(f"Left out: {error.message}")
    return context.exit_code


def account_use(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="The account.", autocompletion=candidates.accounts),
    ],
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Choose the account that is used where neither `--account` nor a variable names one.

    Example: ibmqbatch account use local
    """
    from ..accounts.find import chosen_name, find_account
    from ..accounts.store import use_account
    from ..accounts.view import account_data
    from ..render.accounts import account_line

    with running("account use", json=json, verbose=verbose) as context:
        find_account(name)
        use_account(name)
        context.data["account"] = account_data(name)
        if not context.json:
            message(f"In use: {account_line(context.data['account'])}.")
        chosen, because = chosen_name()
        if chosen != name:
            message(f"Note: '{chosen}' goes before it, by the {because}.")
    return context.exit_code


def account_show(
    name: Annotated[
        Optional[str],  # noqa: UP045
        typer.Argument(
            metavar="[NAME]",
            help="The account; default: the one in use.",
            show_default=False,
            autocompletion=candidates.accounts,
        ),
    ] = None,
    origin: Annotated[
        bool, typer.Option("--origin", help="Show where each value comes from.")
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Show an account, by default the one in use. Its key stays secret.

    Example: ibmqbatch account show --origin
    """
    from ..accounts.find import chosen_name
    from ..accounts.view import account_details
    from ..render.accounts import show_account

    with running("account show", json=json, verbose=verbose) as context:
        context.data["account"] = account_details(*chosen_name(name))
        if not context.json:
            show_account(context.data["account"], origins=origin)
    return context.exit_code


def account_instances(
    account: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--account",
            metavar="NAME",
            help="The account whose key is used.",
            autocompletion=candidates.accounts,
        ),
    ] = None,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """List the instances that an account's key reaches, with their plans, regions and CRNs.

    Example: ibmqbatch account instances
    """
    from ..accounts.find import chosen_name, find_account, find_settings
    from ..accounts.instances import reachable_instances
    from ..accounts.view import instance_data
    from ..render.accounts import show_instances
    from ..service.endpoint import LOCAL

    with running("account instances", json=json, verbose=verbose) as context:
        name, _ = chosen_name(account)
        if name == LOCAL:
            endpoint = find_account(name).locate()
            meant: str | None = endpoint.instance
        else:
            settings = find_settings(name)
            endpoint, meant = settings.directory(), settings.instance
        instances = reachable_instances(endpoint, context.clock)
        if meant is None and len(instances) == 1:
            meant = instances[0].crn
        context.data["instances"] = [
            instance_data(item, in_use=meant in {item.crn, item.name}) for item in instances
        ]
        if not instances:
            message(f"The key of the account '{name}' reaches no instance.")
        elif not context.json:
            show_instances(context.data["instances"])
    return context.exit_code


def account_logout(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="An account that was logged in to.",
            autocompletion=candidates.stored_accounts,
        ),
    ],
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Remove an account and its API key from this machine; IBM Cloud keeps the key itself.

    Example: ibmqbatch account logout ibm
    """
    from ..accounts.find import chosen_name
    from ..accounts.store import remove_account
    from ..accounts.view import account_data

    with running("account logout", json=json, verbose=verbose) as context:
        was_in_use = remove_account(name)
        now, _ = chosen_name()
        context.data["account"] = account_data(now)
        message(f"Logged out: '{name}' and its key are gone from this machine.")
        if was_in_use:
            message(f"It was in use; now '{now}' is.")
        _warn_of_open_sets(name)
    return context.exit_code


def _warn_of_open_sets(name: str) -> None:
    """Warn of unfinished sets that need the account to go on."""
    from ..jobset.catalog import set_paths
    from ..manifest.peek import peek

    try:
        looks = [peek(path, state=True) for path in set_paths()]
    except StorageError:
        return
    of_account = [look for look in looks if look is not None and look.account == name]
    number = sum(look.state in {"planned", "submitting", "running"} for look in of_account)
    if number:
        message(
            f"Warning: {plural(number, 'unfinished set')} of it can go on only when you log in "
            f"again, by the same name and to the same instance."
        )


def account_login(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=f"Name of the account; default: '{_NAME}'.",
            show_default=False,
            autocompletion=candidates.stored_accounts,
        ),
    ] = _NAME,
    instance: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--instance",
            metavar="CRN|NAME",
            help="The instance; may be left out if there is only one.",
        ),
    ] = None,
    token_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            "--token-file", metavar="FILE", help="Read the API key from this file; - for stdin."
        ),
    ] = None,
    url: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--url", metavar="URL", help="URL of the API; default: IBM's."),
    ] = None,
    iam_url: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--iam-url", metavar="URL", help="URL of the token service (IAM); default: IBM's."
        ),
    ] = None,
    private_endpoint: Annotated[
        bool,
        typer.Option("--private-endpoint", help="Use IBM Cloud's private network."),
    ] = False,
    ca_bundle: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--ca-bundle", metavar="FILE", help="Trust the certificates in this file."),
    ] = None,
    proxy: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--proxy", metavar="URL", help="Use this proxy."),
    ] = None,
    no_check: Annotated[
        bool,
        typer.Option("--no-check", help="Do not ask the service; --instance must then be a CRN."),
    ] = False,
    use: Annotated[
        Optional[bool],  # noqa: UP045
        typer.Option(
            "--use/--no-use",
            help="Make it the account in use, or do not; default: if none is in use.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an account of this name without asking.")
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """Log in with an API key, which is read from a prompt, from a file or from standard input.

    The key and its instance are checked first; nothing is stored if that fails. Without `--url` and
    `--iam-url` the variables IBMQBATCH_URL and IBMQBATCH_IAM_URL are used, unless IBMQBATCH_TOKEN
    makes an account of them.

    Example: ibmqbatch account login --token-file apikey.json
    """
    from ..accounts.store import add_account, checked_name

    with running("account login", json=json, verbose=verbose) as context:
        context.advice = "Nothing is stored."
        checked_name(name)
        if no_check and not (instance or "").startswith("crn:"):
            raise UsageError(
                "Without a check the instance has to be known.", "Give its CRN with --instance."
            )
        settings = _settings(
            name, instance, url, iam_url, proxy, ca_bundle, private=private_endpoint
        )
        replacing = force or _agreed_to_replace(name)
        settings = replace(settings, token=_read_key(token_file))
        _warn_of_plain_http(settings)
        backends = None
        if no_check:
            from ..accounts.instances import locate

            locate(settings)  # which asks nobody where there is a CRN, but looks at it
        else:
            settings, backends = _checked(context, settings)
        in_use = add_account(settings, replace=replacing, use=use)
        _report(context, settings, backends, in_use=in_use)
    return context.exit_code


def _settings(
    name: str,
    instance: str | None,
    url: str | None,
    iam_url: str | None,
    proxy: str | None,
    ca_bundle: Path | None,
    *,
    private: bool,
) -> Settings:
    """Return the account's settings, all but its key; raises UsageError."""
    from ..accounts import addresses
    from ..accounts.model import Settings

    instance = None if instance is None else instance.strip()
    if instance is not None and not (instance and instance.isascii() and instance.isprintable()):
        raise UsageError("--instance is neither a CRN nor a name.", "Was it copied whole, alone?")
    at = _given("--url", url, "IBMQBATCH_URL")
    iam_at = _given("--iam-url", iam_url, "IBMQBATCH_IAM_URL")
    if at is not None and private:
        raise UsageError("--url and --private-endpoint contradict each other.", "Leave one out.")
    if ca_bundle is not None and not os.access(ca_bundle, os.R_OK):
        raise UsageError(f"The file {ca_bundle} cannot be read.", "Name one with certificates.")
    return Settings(
        name=name,
        kind="stored",
        token="",
        instance=addresses.whole_crn(instance) if instance else None,
        url=addresses.checked_url(*at) if at else None,
        iam_url=addresses.checked_iam_url(*iam_at) if iam_at else None,
        private_endpoint=private,
        proxy=addresses.checked_proxy(proxy, "--proxy") if proxy is not None else None,
        ca_bundle=str(ca_bundle.absolute()) if ca_bundle is not None else None,
    )


def _warn_of_plain_http(settings: Settings) -> None:
    from ..accounts.addresses import is_loopback

    url = settings.directory().iam_url
    if url.startswith("http://") and not is_loopback(url):
        message(
            f"Warning: the key goes to {url} as plain text; whoever stands between can read it."
        )


def _given(option: str, value: str | None, variable: str) -> tuple[str, str] | None:
    """Return an address and what to call it: an option's, or else a variable's."""
    if value is not None:
        return value, option
    text = os.environ.get(variable)
    return (text, variable) if text and not os.environ.get("IBMQBATCH_TOKEN") else None


def _agreed_to_replace(name: str) -> bool:
    """Ask before an account is replaced; False when there is none. Raises UsageError on a no."""
    from ..accounts.store import stored_names

    if name not in stored_names():
        return False
    if can_ask() and confirm(f"Replace the account '{name}'?"):
        return True
    raise UsageError(
        f"There is an account named '{name}' already, and it stays as it is.",
        "Give --force to replace it, or another name.",
    )


def _read_key(token_file: Path | None) -> str:
    """Return the API key. It is never an argument, which other users of the machine can see."""
    from ..accounts.api_keys import LONGEST, key_in, read_key_file

    if token_file is not None and token_file != _STDIN:
        return read_key_file(token_file)
    if token_file is None and sys.stdin.isatty():
        try:
            typed = getpass.getpass("API key (it is not shown): ")
        except (EOFError, KeyboardInterrupt) as end:
            message("")  # what comes next stands on a line of its own
            if isinstance(end, KeyboardInterrupt):
                raise
            typed = ""
        return key_in(typed, "the answer")
    return key_in(sys.stdin.buffer.read(LONGEST + 1), "standard input")


def _checked(context: Context, settings: Settings) -> tuple[Settings, int]:
    """Check the account with IAM, the search for instances and the service itself.

    Returns it with its instance, and the number of backends that it can use.
    """
    from ..accounts.find import remote_account
    from ..accounts.instances import reachable_instances
    from ..service.client import Client

    if settings.crn is None:
        found = reachable_instances(settings.directory(), context.clock)
        item = _meant(context, settings.instance, found)
        settings = replace(settings, instance=item.crn, instance_name=item.name or None)
    with Client(remote_account(settings), context.clock) as client:
        return settings, len(client.backend_names())


def _meant(context: Context, name: str | None, instances: Sequence[Instance]) -> Instance:
    """Return the instance of this name, or the only one, or the one that is chosen when asked."""
    from ..accounts.instances import instances_text, named_instance, no_instance
    from ..accounts.view import instance_data
    from ..render.accounts import show_choice

    if name is not None:
        return named_instance(instances, name)
    if not instances:
        raise no_instance()
    if len(instances) == 1:
        return instances[0]
    offered = [instance_data(item, in_use=False) for item in instances]
    if not can_ask():
        context.data["instances"] = offered
        raise UsageError(
            f"The key reaches {len(instances)} instances, and none is named.",
            f"Name one with --instance: {instances_text(instances)}.",
        )
    show_choice(offered)
    number = pick("Which instance?", len(instances))
    if number is None:
        raise UsageError("No instance is chosen.", "Name one with --instance.")
    return instances[number - 1]


def _report(context: Context, settings: Settings, backends: int | None, *, in_use: bool) -> None:
    """Report the account, and whether it will be used."""
    from ..accounts.find import chosen_name
    from ..accounts.view import account_data
    from ..render.accounts import account_line

    context.data["account"] = account_data(settings.name)
    checked = "not checked" if backends is None else plural(backends, "backend")
    message(f"Logged in: {account_line(context.data['account'])}, {checked}.")
    now, because = chosen_name()
    if now == settings.name:
        message("It is in use wherever no other account is named.")
    elif in_use:
        message(f"It is in use, but '{now}' goes before it, by the {because}.")
    else:
        message(f"In use is '{now}'; `ibmqbatch account use {settings.name}` changes that.")

"""`ibmqbatch account list`: all accounts there are, wherever they are written down."""

from __future__ import annotations

from ..errors import StorageError
from . import _options
from ._lifecycle import verb


def command(json: _options.Json = False, verbose: _options.Verbose = 0) -> int:
    """List the accounts, and which of them is in use; nothing is asked of any service.

    Those named `qiskit:NAME` are Qiskit's own; they are used only when they are named.

    Example: ibmqbatch account list
    """
    from ..accounts.find import account_names, chosen_name
    from ..accounts.qiskit import qiskit_names
    from ..accounts.store import stored_names
    from ..accounts.view import account_data
    from ..render.accounts import show_accounts
    from ..render.console import message

    with verb("account list", json=json, verbose=verbose) as this:
        stored_names()  # must be readable: it tells what is in use
        names = account_names()
        this.data["accounts"] = [account_data(name) for name in names]
        if not this.json:
            show_accounts(this.data["accounts"])
        chosen, because = chosen_name()
        if chosen not in names:
            message(f"'{chosen}', in use by the {because}, does not exist.")
        try:
            qiskit_names()
        except StorageError as error:
            message(f"Left out: {error.message}")
    return this.exit_code

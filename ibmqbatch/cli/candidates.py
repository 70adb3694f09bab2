"""What can stand where an argument or an option's value is expected: for completion, from disk.

Each function is the `autocompletion` of options and arguments: it returns words, or words with a
description. Nothing here asks a service, starts one, or writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["accounts", "backends", "job_sets", "levels", "one_of", "stored_accounts", "tags"]

_LOOKED_AT = 100  # sets whose names, states and tags are read: the newest ones

Candidates = list[str | tuple[str, str]]


def one_of(*words: str) -> Callable[[], list[str]]:
    """Return a completion that offers these words."""
    return lambda: list(words)


def levels() -> Candidates:
    """Offer the levels of the compiler's optimization."""
    efforts = ("none: only what the device demands", "light", "medium", "heavy")
    return [(str(level), effort) for level, effort in enumerate(efforts)]


def job_sets() -> Candidates:
    """Offer the newest set, the ids of all, and the names that mean a single one."""
    from ..errors import StorageError
    from ..jobset.catalog import LATEST, set_paths
    from ..manifest.glance import glance

    try:
        paths = set_paths()
    except StorageError:
        return []
    if not paths:
        return []
    seen = {path.stem: glance(path) for path in paths[:_LOOKED_AT]}
    described: Candidates = []
    for path in paths:
        set_ = seen.get(path.stem)
        described.append((path.stem, f"{set_.state}, {set_.name}") if set_ else path.stem)
    looks = [look for look in seen.values() if look is not None]
    uses = Counter(look.name for look in looks)
    names = [(look.name, f"{look.state}, {look.id}") for look in looks if uses[look.name] == 1]
    return [(LATEST, "the newest set"), *described, *names]


def tags() -> Candidates:
    """Offer the tags that sets have, those of the newest first."""
    found = Counter(tag for look in _looks() for tag in look.tags)
    return [(tag, f"of {n} set{'' if n == 1 else 's'}") for tag, n in found.items()]


def accounts() -> Candidates:
    """Offer the accounts that can be used."""
    from ..accounts.find import account_names

    return list(account_names())


def stored_accounts() -> Candidates:
    """Offer the accounts that were logged in to."""
    from ..accounts.store import stored_names
    from ..errors import StorageError

    try:
        return list(stored_names())
    except StorageError:
        return []


def backends(ctx: Any) -> Candidates:
    """Offer the backends of the account that is named, or else of all: those that were seen."""
    from ..accounts.model import LOCAL_BACKEND
    from ..service.backend_names import known_backends
    from ..service.endpoint import LOCAL

    found = {(LOCAL_BACKEND, LOCAL)}
    found |= {(name, account) for account, names in known_backends().items() for name in names}
    found |= {(look.backend, look.account) for look in _looks()}
    wanted = ctx.params.get("account")
    by_name: dict[str, list[str]] = {}
    for name, account in sorted(found):
        if wanted in {None, account}:
            by_name.setdefault(name, []).append(account)
    return [(name, ", ".join(of)) for name, of in by_name.items()]


def _looks() -> Iterator[Any]:
    from ..errors import StorageError
    from ..jobset.catalog import set_paths
    from ..manifest.glance import glance

    try:
        paths = set_paths()[:_LOOKED_AT]
    except StorageError:
        return
    for path in paths:
        look = glance(path)
        if look is not None:
            yield look

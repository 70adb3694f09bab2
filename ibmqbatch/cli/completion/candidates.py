"""What can stand where an argument or an option's value is expected: for completion, from disk.

Each function is the `autocompletion` of options and arguments: it returns words, or words with a
description. Nothing here asks a service, starts one, or writes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...manifest.peek import Peek

__all__ = [
    "accounts",
    "backends",
    "circuits",
    "job_sets",
    "jobs",
    "known_tags",
    "levels",
    "one_of",
    "programs",
    "stored_accounts",
    "tags",
    "tags_of_set",
]

_LOOKED_AT = 100  # sets whose names, states and tags are read: the newest ones
_MOST = 200  # circuits, or jobs, that are offered of a set

Candidates = list[str | tuple[str, str]]


def one_of(*words: str) -> Callable[[], list[str]]:
    """Return a completion that offers these words."""
    return lambda: list(words)


def levels() -> Candidates:
    """Offer the levels of the compiler's optimization."""
    efforts = ("none: only what the device demands", "light", "medium", "heavy")
    return [(str(level), effort) for level, effort in enumerate(efforts)]


def programs() -> Candidates:
    """Offer the programs of the service that run circuits."""
    return [
        ("auto", "the sampler, as long as the service takes it"),
        ("sampler", "twirls and decouples on the service"),
        ("executor", "twirls and decouples on this machine"),
    ]


def job_sets() -> Candidates:
    """Offer the newest set, the ids of all, and the names that mean a single one."""
    from ...errors import StorageError
    from ...jobset.catalog import LATEST, set_paths
    from ...manifest.peek import peek

    try:
        paths = set_paths()
    except StorageError:
        return []
    if not paths:
        return []
    seen = {path.stem: peek(path, state=True) for path in paths[:_LOOKED_AT]}
    described: Candidates = []
    for path in paths:
        set_ = seen.get(path.stem)
        described.append((path.stem, f"{set_.state}, {set_.name}") if set_ else path.stem)
    looks = [look for look in seen.values() if look is not None]
    uses = Counter(look.name for look in looks)
    names = [(look.name, f"{look.state}, {look.id}") for look in looks if uses[look.name] == 1]
    return [(LATEST, "the newest set"), *described, *names]


def known_tags() -> Counter[str]:
    """Return the tags that sets have, those of the newest first, with the numbers of sets."""
    return Counter(tag for look in _looks() for tag in look.tags)


def tags() -> Candidates:
    """Offer the tags that sets have."""
    return [(tag, f"of {n} set{'' if n == 1 else 's'}") for tag, n in known_tags().items()]


def tags_of_set(ctx: Any) -> Candidates:
    """Offer the tags of the set that is named, or else of all."""
    path = _named_set(ctx)
    look = _peek(path) if path is not None else None
    return tags() if look is None else list(look.tags)


def circuits(ctx: Any, incomplete: str) -> Candidates:
    """Offer the circuits of the set that is named: by name, or by index where that is not clear."""
    from ...manifest.peek import peek_circuits

    path = _named_set(ctx)
    found = [] if path is None else peek_circuits(path, incomplete, _MOST)
    return [
        (name, f"circuit {index}") if clear else (str(index), name) for index, name, clear in found
    ]


def jobs(ctx: Any, incomplete: str) -> Candidates:
    """Offer the jobs of the set that is named, with how they stand."""
    from ...manifest.peek import peek_jobs
    from ...render.text import span_text, status_word

    path = _named_set(ctx)
    found = [] if path is None else peek_jobs(path)
    fitting = (job for job in found if str(job.index).startswith(incomplete))
    return [
        (
            str(job.index),
            f"{status_word(str(job.status)).lower()}, "
            + span_text("circuit", job.first_circuit, job.last_circuit, job.total_circuits),
        )
        for job in islice(fitting, _MOST)
    ]


def _named_set(ctx: Any) -> Path | None:
    """Return the file of the set that stands on the command line, if it is there."""
    from ...errors import IbmqbatchError
    from ...jobset.catalog import find_path

    reference = ctx.params.get("job_set")
    if not isinstance(reference, str) or not reference:
        return None
    try:
        return find_path(reference, name_of=_name)
    except IbmqbatchError:
        return None


def _name(path: Path) -> str | None:
    look = _peek(path)
    return None if look is None else look.name


def _peek(path: Path) -> Peek | None:
    from ...manifest.peek import peek

    return peek(path)


def accounts() -> Candidates:
    """Offer the accounts that can be used."""
    from ...accounts.find import account_names

    return list(account_names())


def stored_accounts() -> Candidates:
    """Offer the accounts that were logged in to."""
    from ...accounts.store import stored_names
    from ...errors import StorageError

    try:
        return list(stored_names())
    except StorageError:
        return []


def backends(ctx: Any) -> Candidates:
    """Offer the backends of the account that is named, or else of all: those that were seen."""
    from ...accounts.model import LOCAL_BACKEND
    from ...service.cache import known_backends
    from ...service.endpoint import LOCAL

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
    from ...errors import StorageError
    from ...jobset.catalog import set_paths
    from ...manifest.peek import peek

    try:
        paths = set_paths()[:_LOOKED_AT]
    except StorageError:
        return
    for path in paths:
        look = peek(path)
        if look is not None:
            yield look

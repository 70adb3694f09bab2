"""Which copy of a set's file may send its jobs, and what the others have sent.

A file may be a backup that was put back, or stand in several places. It does not know then what
another copy has sent, and the service's listing need not tell it yet. So the *generation* of the
file changes with whatever is sent; and outside of it, where no backup reaches and a restart of the
machine may leave nothing (see `paths.runtime`), the *lease* of the set keeps a chain of generations
and of what was sent with each. Whoever sends holds the lease.

A file whose generation is the last of the chain knows all that was sent from this machine. One
whose generation stands further up learns from the chain what it has missed. One whose generation is
not in it has to claim the lease: from that instant no other copy on this machine sends, and the
file itself only once listings have shown, for as long as they may lag, nothing that it does not
know.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import paths
from ..clock import Instant
from ..errors import StorageError
from ..files import FileLock
from .errors import SetInUse

__all__ = ["Begun", "Claim", "Lease", "forget_old", "lease"]

_SUFFIX = ".lease"
_KEPT = 30 * 86_400.0  # seconds; without it a set is claimed anew, which takes no more than a wait


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt at a job that was about to be sent."""

    job: int
    attempt: int
    nonce: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of a file: since when, and when a full listing has first spoken for it."""

    since: Instant
    missed: Instant | None = None


@dataclass(slots=True)
class _Kept:
    """What is kept of a set: the chain, first link first; or else claims, by their generations."""

    chain: list[tuple[str, list[Begun]]] = field(default_factory=list)
    claims: dict[str, Claim] = field(default_factory=dict)


class Lease:
    """What is kept of a set outside of its file, while it is locked: see `lease`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, generation: str) -> None:
        """Begin a chain with the generation of a file that knows all that was ever sent."""
        self._put(_link(generation, []))

    def add(self, generation: str, sent: Sequence[Begun]) -> None:
        """Add what is about to be sent, and the generation of the file that knows of it."""
        self._put(_link(generation, sent), append=True)

    def since(self, generation: str) -> tuple[str, list[Begun]] | None:
        """Return the last generation, and what was sent after this one; None: it is not known."""
        chain = self._read().chain
        generations = [link for link, _ in chain]
        if not generation or generation not in generations:
            return None
        missed = chain[generations.index(generation) + 1 :]
        return generations[-1], [attempt for _, sent in missed for attempt in sent]

    def claim(self, generation: str, at: Instant) -> Claim:
        """Claim the lease for the file of this generation, unless it has before `at`, now."""
        kept = self._read()
        known = kept.claims.get(generation)
        if known is None or at.since(known.since) < 0:
            kept.claims[generation] = Claim(at)
            self._put_claims(kept.claims)
        return kept.claims[generation]

    def miss(self, generation: str, at: Instant) -> None:
        """Keep that a full listing, begun at `at`, has spoken for a claim."""
        claims = self._read().claims
        claims[generation] = replace(claims[generation], missed=at)
        self._put_claims(claims)

    def _read(self) -> _Kept:
        """Read what is kept. A line that is damaged, as by a kill, is as good as none.

        Nothing had been sent of it yet.
        """
        kept = _Kept()
        for line in self._lines():
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                entry: dict[str, Any] = json.loads(line)
                if "claims" in entry:
                    kept.claims = {
                        str(generation): Claim(Instant.read(since), missed and Instant.read(missed))
                        for generation, (since, missed) in entry["claims"].items()
                    }
                else:
                    kept.chain.append(
                        (str(entry["generation"]), [Begun(*sent) for sent in entry["sent"]])
                    )
        return kept

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text("utf-8", "replace").splitlines()
        except OSError as error:
            raise _unusable(self._path, error) from error

    def _put_claims(self, claims: dict[str, Claim]) -> None:
        entries = {
            generation: [claim.since.write(), claim.missed and claim.missed.write()]
            for generation, claim in claims.items()
        }
        self._put(json.dumps({"claims": entries}))

    def _put(self, line: str, *, append: bool = False) -> None:
        try:
            # In place, and never made here: the file is also what is locked.
            with self._path.open("r+b") as file:
                if append and file.seek(0, os.SEEK_END):
                    file.seek(-1, os.SEEK_END)
                    # What another process did not come to the end of is a line of its own.
                    line = line if file.read() == b"\n" else f"\n{line}"
                else:
                    file.truncate()
                file.write(f"{line}\n".encode())
        except OSError as error:
            raise _unusable(self._path, error) from error


def _link(generation: str, sent: Sequence[Begun]) -> str:
    return json.dumps({"generation": generation, "sent": [astuple(attempt) for attempt in sent]})


@contextlib.contextmanager
def lease(set_id: str) -> Iterator[Lease]:
    """Lock what is kept of a set: whoever holds it sends, and nobody claims the set meanwhile.

    Raises SetInUse where somebody else does, StorageError.
    """
    path = paths.ensure_runtime() / f"{set_id}{_SUFFIX}"
    lock = FileLock(path)
    try:
        held = lock.acquire(blocking=False)
    except OSError as error:
        raise _unusable(path, error) from error
    if not held:
        raise SetInUse(
            f"Another copy of the set {set_id} is sending its jobs at present.",
            "Wait until it is done, then try again.",
        )
    try:
        yield Lease(path)
    finally:
        lock.release()


def forget_old() -> None:
    """Remove what is kept of sets that nobody has sent anything of for long."""
    with contextlib.suppress(OSError):
        for path in paths.runtime().glob(f"*{_SUFFIX}"):
            if path.stat().st_mtime > time.time() - _KEPT:
                continue
            lock = FileLock(path)
            if lock.acquire(blocking=False):
                path.unlink(missing_ok=True)
                lock.release()


def _unusable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path} cannot be used: {error.strerror or error}.",
        "See to its folder, or set IBMQBATCH_RUNTIME to another one that no backup holds.",
    )

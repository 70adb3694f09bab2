"""Which copy of a job set's file may send its jobs, and what the others have sent.

A file may be a backup that was put back, or stand in several places. It does not know then what
another copy has sent, and the service's listing need not tell it yet. So whatever is sent changes
the *seal* in the file; and outside of it, where no backup reaches and a restart of the machine may
leave nothing (see `paths.runtime`), a chain is kept of the seals and of what was sent with each.

A file whose seal is the last of the chain knows all that was sent from this machine. One whose seal
stands further up learns from the chain what it has missed. One whose seal is not in it has to claim
the set: from that instant no other copy on this machine sends, and the file itself only once
listings have shown, for as long as they may lag, nothing that it does not know.
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

__all__ = ["Begun", "Claim", "Custody", "custody", "forget_old"]

_SUFFIX = ".custody"
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
    """What is kept of a set: the chain, first link first; or else claims, by their seals."""

    chain: list[tuple[str, list[Begun]]] = field(default_factory=list)
    claims: dict[str, Claim] = field(default_factory=dict)


class Custody:
    """What is kept of a set outside of its file, while it is locked: see `custody`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def begin(self, seal: str) -> None:
        """Begin a chain with the seal of a file that knows all that was ever sent."""
        self._put(_link(seal, []))

    def add(self, seal: str, sent: Sequence[Begun]) -> None:
        """Add what is about to be sent, and the seal of the file that knows of it."""
        self._put(_link(seal, sent), append=True)

    def since(self, seal: str) -> tuple[str, list[Begun]] | None:
        """Return the last seal, and what was sent after this one; None where it is not known."""
        chain = self._read().chain
        seals = [link for link, _ in chain]
        if not seal or seal not in seals:
            return None
        missed = chain[seals.index(seal) + 1 :]
        return seals[-1], [attempt for _, sent in missed for attempt in sent]

    def claim(self, seal: str, at: Instant) -> Claim:
        """Claim the set for the file with this seal, unless it has claimed it before `at`, now."""
        kept = self._read()
        known = kept.claims.get(seal)
        if known is None or at.since(known.since) < 0:
            kept.claims[seal] = Claim(at)
            self._put_claims(kept.claims)
        return kept.claims[seal]

    def miss(self, seal: str, at: Instant) -> None:
        """Keep that a full listing, begun at `at`, has spoken for a claim."""
        claims = self._read().claims
        claims[seal] = replace(claims[seal], missed=at)
        self._put_claims(claims)

    def _read(self) -> _Kept:
        """Read what is kept. A line that is damaged, as by a kill, is as good as none.

        Nothing had been sent of it yet.
        """
        kept = _Kept()
        for line in self._lines():
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
                told: dict[str, Any] = json.loads(line)
                if "claims" in told:
                    kept.claims = {
                        str(seal): Claim(Instant.read(since), missed and Instant.read(missed))
                        for seal, (since, missed) in told["claims"].items()
                    }
                else:
                    kept.chain.append((str(told["seal"]), [Begun(*sent) for sent in told["sent"]]))
        return kept

    def _lines(self) -> list[str]:
        try:
            return self._path.read_text("utf-8", "replace").splitlines()
        except OSError as error:
            raise _unusable(self._path, error) from error

    def _put_claims(self, claims: dict[str, Claim]) -> None:
        told = {
            seal: [claim.since.write(), claim.missed and claim.missed.write()]
            for seal, claim in claims.items()
        }
        self._put(json.dumps({"claims": told}))

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


def _link(seal: str, sent: Sequence[Begun]) -> str:
    return json.dumps({"seal": seal, "sent": [astuple(attempt) for attempt in sent]})


@contextlib.contextmanager
def custody(set_id: str) -> Iterator[Custody]:
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
        yield Custody(path)
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

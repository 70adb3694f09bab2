"""Access tokens on disk, so that a command every minute does not ask IAM every minute.

One file a key and IAM, readable by its owner alone. Its name does not give the key away. Where it
cannot be read or written nothing is kept, and every process fetches a token of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .. import paths
from ..clock import Clock
from ..errors import StorageError
from ..files import FileLock, replacing

__all__ = ["Token", "TokenCache", "forget_tokens"]

_LONGEST = 86_400.0  # seconds; a token said to be good for longer comes of a clock that was wrong
_PATIENCE = 30.0  # seconds to wait for another process that fetches a token
_LOCK_POLL = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the time (epoch) from which a new one is to be fetched."""

    text: str = field(repr=False)
    renew_at: float

    def is_good(self, now: float) -> bool:
        """Tell whether it need not be renewed yet."""
        return now < self.renew_at <= now + _LONGEST


class TokenCache:
    """The token of one API key, shared by all processes."""

    def __init__(self, iam_url: str, api_key: str, clock: Clock) -> None:
        # An embedded service has another port after a restart, and knows its tokens still.
        origin = re.sub(r"^http://127\.0\.0\.1:[0-9]+", "http://127.0.0.1", iam_url.rstrip("/"))
        name = hashlib.sha256(f"{origin}\n{api_key}".encode()).hexdigest()[:24]
        self._path = paths.tokens() / f"{name}.json"
        self._clock = clock

    @contextlib.contextmanager
    def fetching(self) -> Iterator[None]:
        """Let one process at a time fetch a token.

        Whoever has waited looks first whether there is one by now. Waiting ends without the lock
        when it takes too long, or the clock ends all waits.
        """
        lock = self._lock()
        try:
            if lock is not None:
                self._acquire(lock)
            yield
        finally:
            if lock is not None:
                lock.release()

    def read(self) -> Token | None:
        """Return the token that is kept, if it is good for a while yet."""
        try:
            told: Any = json.loads(self._path.read_bytes())
            token = Token(str(told["token"]), float(told["renew_at"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        fit = token.text.isascii() and token.text.isprintable() and token.text
        return token if fit and token.is_good(self._clock.now()) else None

    def keep(self, token: Token) -> None:
        """Keep a token for others."""
        with contextlib.suppress(OSError, StorageError):
            paths.ensure_folder(self._path.parent)
            with replacing(self._path) as file:
                file.write(json.dumps({"token": token.text, "renew_at": token.renew_at}).encode())

    def forget(self, text: str | None = None) -> None:
        """Forget the token that is kept; with `text` only if it is still this one."""
        lock = self._lock()
        if lock is None:
            return
        try:
            # Whoever holds the lock for long is about to put another in its place.
            self._acquire(lock)
            kept = self.read()
            if text is None or (kept is not None and kept.text == text):
                with contextlib.suppress(OSError):
                    self._path.unlink(missing_ok=True)
        finally:
            lock.release()

    def _lock(self) -> FileLock | None:
        try:
            paths.ensure_folder(self._path.parent)
        except StorageError:
            return None
        return FileLock(self._path.with_suffix(".lock"))

    def _acquire(self, lock: FileLock) -> None:
        deadline = self._clock.monotonic() + min(_PATIENCE, self._clock.left)
        with contextlib.suppress(OSError):
            while not lock.acquire(blocking=False):
                if self._clock.monotonic() >= deadline or self._clock.interrupted.is_set():
                    return
                self._clock.sleep(_LOCK_POLL)


def forget_tokens(iam_url: str, api_key: str) -> None:
    """Forget the token that is kept for a key, as when its owner logs out."""
    TokenCache(iam_url, api_key, Clock()).forget()

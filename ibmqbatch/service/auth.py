"""Access tokens: an API key is exchanged for one at IAM, and again before it runs out.

Tokens are kept on disk, so that a command every minute does not ask IAM every minute: one file for
each key and IAM, readable by its owner alone, whose name does not give the key away. Where that
cannot be read or written, nothing is kept and every process fetches a token of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import paths
from ..clock import Clock
from ..errors import StorageError
from ..files import FileLock, replacing
from .errors import AuthenticationFailed, Refused, ServiceError, Unreadable

if TYPE_CHECKING:
    from .transport import Transport  # which loads the HTTP library

__all__ = ["Token", "TokenCache", "TokenSource", "forget_tokens"]

_LONGEST = 86_400.0  # seconds; a longer life means that a clock was wrong
_PATIENCE = 30.0  # seconds to wait for another process that fetches a token
_LOCK_POLL = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the time (epoch) from which a new one is to be fetched."""

    text: str = field(repr=False)
    renew_at: float

    def is_good(self, now: float) -> bool:
        """Return whether it need not be renewed yet."""
        return now < self.renew_at <= now + _LONGEST


class TokenCache:
    """The token of one API key, shared by all processes."""

    def __init__(self, iam_url: str, api_key: str, clock: Clock) -> None:
        # An embedded service changes its port with a restart, but not its tokens.
        origin = re.sub(r"^http://127\.0\.0\.1:[0-9]+", "http://127.0.0.1", iam_url.rstrip("/"))
        name = hashlib.sha256(f"{origin}\n{api_key}".encode()).hexdigest()[:24]
        self._path = paths.tokens() / f"{name}.json"
        self._clock = clock

    @contextlib.contextmanager
    def fetching(self) -> Iterator[None]:
        """Hold the lock under which one process at a time fetches a token.

        Whoever has waited for it looks first whether there is one by now. Waiting ends without the
        lock when it takes too long, or the clock ends all waits.
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
        """Return the cached token, if it is valid for a while yet."""
        try:
            told: Any = json.loads(self._path.read_bytes())
            token = Token(str(told["token"]), float(told["renew_at"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None
        fit = token.text.isascii() and token.text.isprintable() and token.text
        return token if fit and token.is_good(self._clock.now()) else None

    def keep(self, token: Token) -> None:
        """Write a token to the cache."""
        with contextlib.suppress(OSError, StorageError):
            paths.ensure_folder(self._path.parent)
            with replacing(self._path) as file:
                file.write(json.dumps({"token": token.text, "renew_at": token.renew_at}).encode())

    def forget(self, text: str | None = None) -> None:
        """Remove the cached token; with `text` only if it is this one."""
        lock = self._lock()
        if lock is None:
            return
        try:
            # Another process that holds the lock is about to replace it.
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
        with contextlib.suppress(OSError):
            for _ in self._clock.tries(_PATIENCE, _LOCK_POLL):
                if lock.acquire(blocking=False):
                    return


def forget_tokens(iam_url: str, api_key: str) -> None:
    """Remove the cached token of a key, as when its owner logs out."""
    TokenCache(iam_url, api_key, Clock()).forget()


_LIFETIME = 3600.0  # seconds, where IAM does not tell


class TokenSource:
    """The access token of one API key, fetched when first needed; safe to use from threads.

    All processes that use the key share it.
    """

    def __init__(self, transport: Transport, iam_url: str, api_key: str, clock: Clock) -> None:
        self._transport = transport
        self._url = iam_url.rstrip("/") + "/identity/token"
        self._api_key = api_key
        self._clock = clock
        self._cache = TokenCache(iam_url, api_key, clock)
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._refused = ""

    def token(self) -> str:
        """Return a token that is valid for a while yet.

        Raises AuthenticationFailed when IAM does not accept the key.
        """
        with self._lock:
            if self._token is None or self._clock.now() >= self._token.renew_at:
                self._token = self._cached() or self._fetch()
            return self._token.text

    def discard(self, token: str) -> None:
        """Discard a token that the service rejected, so that the next one is new.

        One that another process has fetched meanwhile stays.
        """
        with self._lock:
            if self._token is not None and self._token.text == token:
                self._token = None
            self._refused = token
            self._cache.forget(token)

    def _cached(self) -> Token | None:
        """Return the cached token, unless the service rejected it: removing it may have failed."""
        kept = self._cache.read()
        return None if kept is None or kept.text == self._refused else kept

    def _fetch(self) -> Token:
        with self._cache.fetching():
            # Whoever held the lock may just have fetched one.
            kept = self._cached()
            if kept is not None:
                return kept
            try:
                token = self._exchange()
            except ServiceError as error:
                # Whatever IAM did, the request that needed the token was not sent.
                error.nothing_created = True
                raise
            self._cache.keep(token)
            return token

    def _exchange(self) -> Token:
        form = {"grant_type": "urn:ibm:params:oauth:grant-type:apikey", "apikey": self._api_key}
        try:
            answer = self._transport.send("POST", self._url, form=form)
        except Refused as error:
            raise AuthenticationFailed(
                f"The API key was not accepted: {error.message}",
                "Check the key of this account.",
                status=error.status,
                number=error.number,
                trace=error.trace,
            ) from error
        body = answer.json()
        token = body.get("access_token") if isinstance(body, dict) else None
        if not isinstance(token, str) or not token:
            raise Unreadable("IAM's answer has no token.", "Check the account's IAM URL.")
        if not (token.isascii() and token.isprintable()):
            raise Unreadable("IAM's token is not a valid one.", "Check the account's IAM URL.")
        now = self._clock.now()
        seconds = _lifetime(body, now)
        # Renewed a tenth of its life early, or a minute: requests sent with it must arrive in time.
        return Token(token, now + seconds - max(seconds / 10, min(60.0, seconds / 2)))


def _lifetime(body: dict[str, Any], now: float) -> float:
    """Return for how many seconds a token is valid, from whichever figure makes sense."""
    until = body.get("expiration")
    for told in (body.get("expires_in"), until - now if isinstance(until, int | float) else None):
        if isinstance(told, int | float) and 0 < told <= 86_400:
            return float(told)
    return _LIFETIME

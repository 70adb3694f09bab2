"""Access tokens: an API key is exchanged for one at IAM, and again before it runs out."""

from __future__ import annotations

import threading
from typing import Any

from ..clock import Clock
from .errors import AuthenticationFailed, Refused, ServiceError, Unreadable
from .token_cache import Token, TokenCache
from .transport import Transport

__all__ = ["TokenSource"]

_LIFETIME = 3600.0  # seconds, where IAM does not tell


class TokenSource:
    """The access token of one API key, fetched when first needed; safe to use from threads.

    All processes that use the key share it: see `token_cache`.
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
        """Return a token that is good for a while yet.

        Raises AuthenticationFailed when IAM does not accept the key.
        """
        with self._lock:
            if self._token is None or self._clock.now() >= self._token.renew_at:
                self._token = self._kept() or self._fetched()
            return self._token.text

    def discard(self, token: str) -> None:
        """Forget `token`, which the service did not accept, so that the next is a new one.

        What another process has fetched meanwhile stays.
        """
        with self._lock:
            if self._token is not None and self._token.text == token:
                self._token = None
            self._refused = token
            self._cache.forget(token)

    def _kept(self) -> Token | None:
        """Return the token on disk, unless it is the one that was refused: not all can forget."""
        kept = self._cache.read()
        return None if kept is None or kept.text == self._refused else kept

    def _fetched(self) -> Token:
        with self._cache.fetching():
            # Whoever held the lock may just have fetched one.
            kept = self._kept()
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
            raise Unreadable("The answer of IAM holds no token.", "Check the account's IAM URL.")
        if not (token.isascii() and token.isprintable()):
            raise Unreadable("The token of IAM is none.", "Check the account's IAM URL.")
        now = self._clock.now()
        seconds = _lifetime(body, now)
        # Early enough that a request sent with it arrives in time: a tenth, or a minute.
        return Token(token, now + seconds - max(seconds / 10, min(60.0, seconds / 2)))


def _lifetime(body: dict[str, Any], now: float) -> float:
    """Return for how many seconds a token is good: as told, or until when, whatever makes sense."""
    until = body.get("expiration")
    for told in (body.get("expires_in"), until - now if isinstance(until, int | float) else None):
        if isinstance(told, int | float) and 0 < told <= 86_400:
            return float(told)
    return _LIFETIME

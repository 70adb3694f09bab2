"""Access tokens: an API key is exchanged for one at IAM, and again before it runs out."""

from __future__ import annotations

import threading

from ..clock import Clock
from .errors import AuthenticationFailed, Refused, ServiceError, Unreadable
from .transport import Transport

__all__ = ["TokenSource"]


class TokenSource:
    """The access token of one API key, fetched when first needed; safe to use from threads."""

    def __init__(self, transport: Transport, iam_url: str, api_key: str, clock: Clock) -> None:
        self._transport = transport
        self._url = iam_url.rstrip("/") + "/identity/token"
        self._api_key = api_key
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def token(self) -> str:
        """Return a token that is good for a while yet.

        Raises AuthenticationFailed when IAM does not accept the key.
        """
        with self._lock:
            if self._token is None or self._clock.now() >= self._renew_at:
                try:
                    self._token, self._renew_at = self._exchange()
                except ServiceError as error:
                    # Whatever IAM did, the request that needed the token was not sent.
                    error.nothing_created = True
                    raise
            return self._token

    def discard(self, token: str) -> None:
        """Forget `token`, which the service did not accept, so that the next is a new one."""
        with self._lock:
            if self._token == token:
                self._token = None

    def _exchange(self) -> tuple[str, float]:
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
        lifetime = body.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float) else 3600.0
        # Early enough that a request sent with it arrives in time: a tenth, or a minute.
        return token, self._clock.now() + seconds - max(60.0, seconds / 10)

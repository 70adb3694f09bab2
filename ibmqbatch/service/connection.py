"""The way to the service of one account: found, authorised, tried again as far as that is safe."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, TypeVar
from urllib.parse import urlsplit

from ..clock import Clock
from ..errors import UsageError
from .auth import TokenSource
from .bounds import LARGEST_ANSWER
from .endpoint import Account, Endpoint
from .errors import AuthenticationFailed, Unreachable, WrongInstance
from .retry import RetryPolicy
from .transport import Answer, Transport, printable

__all__ = ["API_VERSION", "Connection"]

API_VERSION = "2026-04-15"

Result = TypeVar("Result")


class _Place:
    """A transport and a token source for one address of the service."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        self.endpoint = endpoint

        self.transport = Transport.of(endpoint, endpoint.url, clock)
        # IAM is another host; it is asked too rarely to deserve a pool of its own, but an origin
        # on this machine must not be asked through a proxy, and one elsewhere perhaps must.
        self.iam = Transport.of(endpoint, endpoint.iam_url, clock)
        self.tokens = TokenSource(self.iam, endpoint.iam_url, endpoint.api_key, clock)

    def close(self) -> None:
        self.transport.close()
        self.iam.close()


class Connection:
    """The way to the service of one account; safe to use from threads. Made when first needed."""

    def __init__(self, account: Account, clock: Clock) -> None:
        self._account = account
        self._clock = clock
        self._retry = RetryPolicy()
        self._lock = threading.Lock()
        self._place: _Place | None = None
        self._abandoned: list[_Place] = []
        self._api_version = _api_version()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for place in [*self._abandoned, self._place]:
                if place is not None:
                    place.close()
            self._abandoned, self._place = [], None

    @property
    def endpoint(self) -> Endpoint:
        """Where the service is at present."""
        return self._found().endpoint

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: object = None,
        content: bytes | None = None,
        repeatable: bool = True,
        slow: bool = False,
        largest: int = LARGEST_ANSWER,
    ) -> Answer:
        """Send a request, with `body` as JSON or `content` as it is; return its 2xx answer.

        `repeatable` tells that it changes nothing when it is sent twice; `slow` allows for a large
        body; the answer has `largest` bytes at most. Raises a ServiceError.
        """
        if body is not None:
            content = json.dumps(body).encode()

        def send(place: _Place, headers: Mapping[str, str]) -> Answer:
            if content is not None:
                headers = {**headers, "Content-Type": "application/json"}
            return place.transport.send(
                method,
                place.endpoint.url + path,
                headers=headers,
                params=params,
                content=content,
                slow=slow,
                largest=largest,
            )

        return self._authorised(send, repeatable=repeatable)

    def download(self, path: str, file: BinaryIO, *, repeatable: bool) -> int:
        """Write the body of a GET to `file`; return its status. Raises a ServiceError."""

        def send(place: _Place, headers: Mapping[str, str]) -> int:
            url = place.endpoint.url + path
            return place.transport.download(url, file, headers=headers, once=not repeatable)

        return self._authorised(send, repeatable=repeatable)

    def _authorised(
        self, send: Callable[[_Place, Mapping[str, str]], Result], *, repeatable: bool
    ) -> Result:
        """Send with a token, and again as often as may be and may help."""

        def attempt() -> Result:
            place = self._found()
            try:
                return self._admitted(place, send)
            except WrongInstance as error:
                self._explain(error, place.endpoint)
                raise
            except Unreachable:
                # The service may have moved: the embedded one has a new port after a restart.
                self._abandon(place)
                raise

        return self._retry.run(attempt, self._clock, repeatable=repeatable)

    def _admitted(
        self, place: _Place, send: Callable[[_Place, Mapping[str, str]], Result]
    ) -> Result:
        """Send with a token; once more with a new one when it is not accepted."""
        token = place.tokens.token()
        try:
            return send(place, self._headers(place, token))
        except AuthenticationFailed as error:
            if error.status != 401:  # 403 is about rights, not the token
                raise
        place.tokens.discard(token)
        return send(place, self._headers(place, place.tokens.token()))

    def _headers(self, place: _Place, token: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token}",
            "Service-CRN": place.endpoint.instance,
            "IBM-API-Version": self._api_version,
        }

    def _explain(self, error: WrongInstance, endpoint: Endpoint) -> None:
        """Have an error about the CRN say what the account says, and how that does not fit."""
        host = urlsplit(endpoint.url).hostname
        region = (endpoint.instance.split(":") + 6 * [""])[5]
        error.hint = f"Mend the URL or the CRN of the account '{self._account.name}'."
        if region:
            error.message = (
                f"The account's instance, of the region {printable(region, 40)}, is not known at "
                f"{host}: {error.message}"
            )
        else:
            error.message = f"The account's instance is not named by a whole CRN: {error.message}"
            error.hint += " A CRN begins with crn:v1: and ends with two colons."
        error.args = (error.message,)

    def _found(self) -> _Place:
        with self._lock:
            if self._place is None:
                self._place = _Place(self._account.locate(), self._clock)
            return self._place

    def _abandon(self, place: _Place) -> None:
        """Have the next request look where the service is. Others may still use this place."""
        with self._lock:
            if self._place is place:
                self._abandoned.append(place)
                self._place = None


def _api_version() -> str:
    version = os.environ.get("IBMQBATCH_API_VERSION") or API_VERSION
    if not re.fullmatch(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", version):
        raise UsageError(
            f"IBMQBATCH_API_VERSION is '{printable(version, 40)}', which is no version.",
            f"It is a date, such as {API_VERSION}; unset, it is this one.",
        )
    return version

"""Who may speak to the service: its API key, the access tokens made from it, instance names.

Tokens are signed with a key derived from the API key and nothing about them is stored, so the
tokens of running clients stay good when the service starts again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
import uuid

from .errors import ApiError
from .limits import TOKEN_SECONDS

__all__ = ["USER_ID", "Authority", "account_of", "instance_of", "new_api_key", "new_instance"]

USER_ID = "local"

_CRN_FORM = re.compile(
    r"crn:v1:[a-z0-9-]{1,40}:[a-z0-9-]{1,40}:quantum-computing:[a-z0-9-]{1,40}:"
    r"a/[A-Za-z0-9_-]{1,64}:[A-Za-z0-9_-]{1,64}::",
    re.ASCII,
)


def new_api_key() -> str:
    """Make a key of 44 characters, the length that IBM's have."""
    return secrets.token_urlsafe(33)


def new_instance() -> str:
    """Make the CRN of an instance that no other job store announces.

    Whoever keeps it with a job can tell that another store, without that job, is another one. Any
    other well-formed CRN is an instance of its own, too.
    """
    return f"crn:v1:bluemix:public:quantum-computing:us-east:a/{'0' * 32}:{uuid.uuid4()}::"


def instance_of(crn: str | None) -> str:
    """Return the instance that a request names by its `Service-CRN` header.

    Raises ApiError (1241) where the header is missing or is no CRN.
    """
    if crn is None or _CRN_FORM.fullmatch(crn) is None:
        raise ApiError(
            400,
            1241,
            "The Service-CRN header is missing or is not a CRN.",
            "Send the full CRN of an instance, with the two colons at its end.",
        )
    return crn


def account_of(crn: str) -> str:
    """Return the account that an instance belongs to, by its CRN."""
    return crn.split(":")[6].removeprefix("a/")


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Authority:
    """Makes access tokens for the holder of the API key, and knows its own again."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key.encode()
        self._signing_key = hmac.digest(self._api_key, b"ibmqbatch access token", "sha256")

    def admits_key(self, api_key: str) -> bool:
        """Tell whether this is the API key, in a time that does not tell how much of it is."""
        return hmac.compare_digest(api_key.encode(errors="replace"), self._api_key)

    def issue(self) -> tuple[str, int]:
        """Return a new access token and the second at which it ends."""
        now = int(time.time())
        expires = now + TOKEN_SECONDS
        header = {"alg": "HS256", "typ": "JWT"}
        claims = {"sub": USER_ID, "iat": now, "exp": expires, "jti": secrets.token_hex(8)}
        signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, claims))
        return f"{signed}.{_encode(self._sign(signed))}", expires

    def admits_token(self, token: str) -> bool:
        """Tell whether this token was issued here and has not ended."""
        signed, _, signature = token.rpartition(".")
        try:
            if not hmac.compare_digest(_decode(signature), self._sign(signed)):
                return False
            claims = json.loads(_decode(signed.partition(".")[2]))
        except (binascii.Error, ValueError):
            return False
        return bool(time.time() < claims["exp"])

    def check_bearer(self, authorization: str | None) -> None:
        """Raise ApiError (401, 1200) unless the header holds an access token that is good now."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not self.admits_token(token.strip()):
            raise ApiError(
                401,
                1200,
                "Not authorized: the access token is missing, unknown or has expired.",
                "Exchange the API key for a new access token.",
            )

    def check_key(self, authorization: str | None) -> None:
        """Raise ApiError (401, 1200) unless the header holds the API key itself."""
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "apikey" or not self.admits_key(key.strip()):
            raise ApiError(401, 1200, "Not authorized: this needs the API key of the service.")

    def _sign(self, text: str) -> bytes:
        digest = hmac.new(self._signing_key, text.encode(errors="replace"), hashlib.sha256)
        return digest.digest()

"""The endpoints around the API: IAM tokens, discovery of instances, and the tool's own."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .. import __version__
from .http import MAX_FORM_BYTES, TOKEN_SECONDS, ApiError, Authority, Call, endpoint, json_reply
from .pool import Pool
from .store import Store

__all__ = ["PLAN_ID", "PROTOCOL", "Identity"]

# The version of what the tool and the service say to each other.
PROTOCOL = 1

PLAN_ID = "ibmqbatch-local"
_INSTANCE_NAME = "local"


class Identity:
    """The endpoints of the origin itself."""

    def __init__(
        self, authority: Authority, store: Store, pool: Pool, stop: Callable[[], None]
    ) -> None:
        self._authority = authority
        self._store = store
        self._pool = pool
        self._stop = stop

    def routes(self) -> list[Route]:
        """Return the routes; the catch-all for the plan must come last."""
        return [
            Route(
                "/identity/token",
                # Its sender is not authenticated yet.
                endpoint(self.token, most=MAX_FORM_BYTES),
                methods=["POST"],
            ),
            Route("/v3/resources/search", endpoint(self.search, self._bearer), methods=["POST"]),
            Route("/v2/resource_instances", endpoint(self.resources, self._bearer)),
            Route("/local/service", endpoint(self.service, self._key)),
            Route("/local/stop", endpoint(self.stop, self._key), methods=["POST"]),
            Route(f"/{PLAN_ID}", endpoint(self.plan)),
        ]

    def _bearer(self, request: Request) -> str:
        self._authority.check_bearer(request.headers.get("authorization"))
        return ""

    def _key(self, request: Request) -> str:
        self._authority.check_key(request.headers.get("authorization"))
        return ""

    def token(self, call: Call) -> Response:
        """Exchange the API key for an access token, as IAM does."""
        try:
            form = parse_qs(call.body.decode("ascii"), max_num_fields=20)
        except ValueError:
            raise ApiError.invalid("The body is not a form.") from None
        if not self._authority.admits_key(form.get("apikey", [""])[0]):
            refusal = {
                "errorCode": "BXNIM0415E",
                "errorMessage": "Provided API key could not be found.",
                "context": {"requestId": os.urandom(8).hex()},
            }
            return json_reply(refusal, 400)
        token, expires = self._authority.issue()
        return json_reply(
            {
                "access_token": token,
                "refresh_token": "not_supported",
                "token_type": "Bearer",
                "expires_in": TOKEN_SECONDS,
                "expiration": expires,
                "scope": "ibm openid",
            }
        )

    def search(self, _call: Call) -> Response:
        """List the instances: the service announces one."""
        item = {
            "crn": self._store.instance,
            "name": _INSTANCE_NAME,
            "service_plan_unique_id": PLAN_ID,
            "tags": [],
            "doc": {"extensions": {"backends": ["ANY"]}},
        }
        return json_reply({"items": [item], "limit": 100})

    def resources(self, call: Call) -> Response:
        """List the instances as the resource controller does, all or by name."""
        wanted = call.query("name")
        named = {"crn": self._store.instance, "name": _INSTANCE_NAME, "state": "active"}
        found = [named] if wanted in {None, _INSTANCE_NAME} else []
        return json_reply({"rows_count": len(found), "resources": found})

    def plan(self, _call: Call) -> Response:
        """Describe the plan of the instance, as the global catalog does."""
        return json_reply(
            {
                "overview_ui": {"en": {"display_name": "Local"}},
                "metadata": {"pricing": {"type": "free"}},
            }
        )

    def service(self, _call: Call) -> Response:
        """Describe the service, and how much it has to do."""
        return json_reply(
            {
                "protocol": PROTOCOL,
                "version": __version__,
                "pid": os.getpid(),
                "unfinished_jobs": self._store.unfinished(),
                "workers": self._pool.workers,
            }
        )

    def stop(self, _call: Call) -> Response:
        """Stop the service once this is answered."""
        return Response(status_code=204, background=BackgroundTask(self._stop))

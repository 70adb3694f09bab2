"""The sessions of the REST API."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from .errors import ApiError
from .http import Call, json_reply
from .sessions import Sessions
from .submission import parse_json, parse_session

__all__ = ["SessionApi"]


class SessionApi:
    """The endpoints under `/sessions`. `check_backend` raises ApiError for an unknown name."""

    def __init__(self, sessions: Sessions, check_backend: Callable[[str], object]) -> None:
        self._sessions = sessions
        self._check_backend = check_backend

    def endpoints(self) -> list[tuple[str, Callable[[Call], Response], str]]:
        """Return the paths, with what answers there and to which method."""
        return [
            ("/sessions", self.open, "POST"),
            ("/sessions/{id}", self.session, "GET"),
            ("/sessions/{id}", self.change, "PATCH"),
            ("/sessions/{id}/close", self.close, "DELETE"),
        ]

    def open(self, call: Call) -> Response:
        """Open a session."""
        opening = parse_session(call.body)
        self._check_backend(opening.backend)
        return json_reply(self._sessions.open(call.crn, opening))

    def session(self, call: Call) -> Response:
        """Return one session."""
        return json_reply(self._sessions.get(call.crn, call.path("id")))

    def change(self, call: Call) -> Response:
        """Have a session take no more jobs; there is no way back."""
        body = parse_json(call.body)
        wanted = body.get("accepting_jobs")
        if set(body) != {"accepting_jobs"} or type(wanted) is not bool:
            raise ApiError.invalid(
                "The body is not valid: it must hold accepting_jobs, true or false, and nothing "
                "else."
            )
        if not wanted:
            self._sessions.drain(call.crn, call.path("id"))
        elif not self._sessions.get(call.crn, call.path("id"))["accepting_jobs"]:
            raise ApiError(
                400, 1217, "The session is closed.", "Open another: none is opened again."
            )
        return Response(status_code=204)

    def close(self, call: Call) -> Response:
        """Close a session: the jobs that wait in it are cancelled."""
        self._sessions.close(call.crn, call.path("id"))
        return Response(status_code=204)

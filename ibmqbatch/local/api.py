"""The endpoints of the REST API that are about backends, jobs and sessions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router

from .account import AccountApi, usage
from .backends import Backend, BackendTable
from .database import timestamp
from .http import (
    MAX_COST_SECONDS,
    MAX_INTEGER,
    PAGE,
    TAG_SEARCH_CHARACTERS,
    USER_ID,
    ApiError,
    Authority,
    Call,
    Endpoint,
    RateLimit,
    endpoint,
    instance_of,
    json_reply,
)
from .pool import Pool
from .sessions import Sessions
from .store import FINAL, RAN_TOO_LONG, Filter, Store
from .submission import parse_json, parse_session, parse_submission, parse_tags

__all__ = ["Api", "SessionApi"]

_PREFIXES = ("/api/v1", "/experimental/api/v1")
_VERSION = "2026-04-15"
# A request without the version header is of the first version, which lists backends by name.
_FIRST_VERSION, _BACKENDS_AS_OBJECTS = "2024-01-01", "2025-01-01"
_RAN_TOO_LONG = "Cancelled - Ran too long"  # in the status of such a job, not in its state


class Api:
    """The endpoints under `/api/v1`."""

    def __init__(
        self,
        authority: Authority,
        store: Store,
        pool: Pool,
        backends: BackendTable,
        *,
        sessions: Sessions,
        account: AccountApi,
        rate: RateLimit,
    ) -> None:
        self._authority = authority
        self._store = store
        self._sessions = sessions
        self._account = account
        self._pool = pool
        self._backends = backends
        self._rate = rate

    def routes(self) -> list[BaseRoute]:
        """Return the routes, under both prefixes."""

        def route(path: str, handler: Callable[[Call], Response], method: str = "GET") -> Route:
            def answer(call: Call) -> Response:
                # No request sees a session, or a job of it, that should have ended.
                self._sessions.end_overdue()
                return handler(call)

            return Route(path, endpoint(answer, self._check), methods=[method])

        versions: Endpoint = endpoint(self.versions)
        routes = [
            Route("/versions", versions),
            route("/backends", self.backends),
            route("/backends/{name}/configuration", self.configuration),
            route("/backends/{name}/properties", self.properties),
            route("/backends/{name}/status", self.status),
            route("/backends/{name}/defaults", self.defaults),
            route("/jobs", self.submit, "POST"),
            route("/jobs", self.jobs),
            route("/jobs/{id}", self.job),
            route("/jobs/{id}", self.delete, "DELETE"),
            route("/jobs/{id}/results", self.results),
            route("/jobs/{id}/logs", self.logs),
            route("/jobs/{id}/metrics", self.metrics),
            route("/jobs/{id}/tags", self.retag, "PUT"),
            route("/jobs/{id}/cancel", self.cancel, "POST"),
            route("/tags", self.tags),
            *(route(*each) for each in self._account.endpoints()),
            *(route(*each) for each in SessionApi(self._sessions, self._backend).endpoints()),
        ]
        router = Router(routes, redirect_slashes=False)
        return [Mount(prefix, router) for prefix in _PREFIXES]

    def _check(self, request: Request) -> str:
        self._authority.check_bearer(request.headers.get("authorization"))
        return instance_of(request.headers.get("service-crn"))

    # Backends.

    def versions(self, _call: Call) -> Response:
        """List the supported versions of the API."""
        return json_reply({"versions": [{"version": _VERSION, "status": "live"}]})

    def backends(self, call: Call) -> Response:
        """List the backends, and their mocks with `include_mocks`."""
        version = call.request.headers.get("ibm-api-version", _FIRST_VERSION)
        if version < _BACKENDS_AS_OBJECTS:
            return json_reply({"devices": list(self._backends)})
        mocks = self._backends.mocks if call.boolean("include_mocks") else {}
        entries = [
            backend.entry(self._store.queue_length(name))
            for name, backend in (*self._backends.items(), *mocks.items())
        ]
        return json_reply({"devices": entries})

    def configuration(self, call: Call) -> Response:
        """Describe a backend."""
        return json_reply(self._backend(call.path("name")).configuration)

    def properties(self, call: Call) -> Response:
        """Return the calibration of a backend, the same for all times; 404 for a simulator."""
        backend = self._backend(call.path("name"))
        call.moment("updated_before")
        if backend.properties is None:
            raise ApiError(404, 1250, f"The backend {backend.name} has no properties.")
        return json_reply(backend.properties)

    def status(self, call: Call) -> Response:
        """Return whether a backend accepts jobs, and how many are queued."""
        backend = self._backend(call.path("name"))
        return json_reply(
            {
                "backend_name": backend.name,
                "backend_version": backend.version,
                "state": True,
                "status": "active",
                "message": "available",
                "length_queue": self._store.queue_length(backend.name),
            }
        )

    def defaults(self, call: Call) -> Response:
        """Return null: the API has no pulse defaults any more."""
        self._backend(call.path("name"))
        return json_reply(None)

    def _backend(self, name: str) -> Backend:
        backend = self._backends.find(name)
        if backend is None:
            advice = self._backends.advice(name)
            raise ApiError(404, 1216, f"Backend not found: {name}", advice)
        return backend

    # Jobs.

    def submit(self, call: Call) -> Response:
        """Create a job; it is on the disk before the reply."""
        self._rate.check()
        job = parse_submission(call.body)
        self._backend(job.backend)
        job_id = self._store.add(call.crn, job)
        self._pool.wake()
        reply: dict[str, Any] = {"id": job_id, "backend": job.backend}
        for key in ("session_id", "private", "calibration_id"):
            if value := getattr(job, key):
                reply[key] = value
        return json_reply(reply)

    def jobs(self, call: Call) -> Response:
        """Return a page of the matching jobs."""
        # As at IBM, a limit out of range silently becomes the greatest.
        limit = call.integer("limit", PAGE)
        limit = limit if 1 <= limit <= PAGE else PAGE
        offset = call.integer("offset", 0)
        if not 0 <= offset <= MAX_INTEGER:
            raise ApiError.invalid(f"offset: must be from 0 to {MAX_INTEGER}.")
        sort = (call.query("sort") or "DESC").upper()
        if sort not in {"ASC", "DESC"}:
            raise ApiError.invalid("sort: must be ASC or DESC.")
        backend, mocks = call.query("backend"), call.boolean("include_mocks")
        wanted = Filter(
            pending=call.boolean("pending"),
            program=call.query("program"),
            backend=backend,
            # Jobs on mocks are listed only when asked for.
            without=() if mocks or backend else tuple(self._backends.mocks),
            session_id=call.query("session_id"),
            created_after=call.moment("created_after"),
            created_before=call.moment("created_before"),
            tags=call.queries("tags"),
        )
        page, count = self._store.page(
            call.crn, wanted, limit=limit, offset=offset, oldest_first=sort == "ASC"
        )
        head = {"count": count, "limit": limit, "offset": offset}
        if call.boolean("exclude_params") is not False:
            return json_reply({"jobs": [_job_document(job) for job in page], **head})
        documents = b",".join(self._with_params(job) for job in page)
        body = b'{"jobs":[' + documents + b"]," + json.dumps(head)[1:].encode()
        return Response(body, media_type="application/json")

    def job(self, call: Call) -> Response:
        """Return one job, with its params unless they are excluded or private."""
        job = self._job(call)
        if call.boolean("exclude_params"):
            return json_reply(_job_document(job))
        return Response(self._with_params(job), media_type="application/json")

    def results(self, call: Call) -> Response:
        """Return the results of a Completed job as the worker wrote them; 204 for any other."""
        job = self._job(call)
        body = self._store.results(job["seq"], once=bool(job["private"]))
        if body is None:
            return Response(status_code=204)
        return Response(body, media_type="application/json")

    def logs(self, call: Call) -> Response:
        """Return the log of a job, the traceback of a failed one; 404 until there is one."""
        job = self._job(call)
        text = self._store.logs(job["seq"])
        if text is None:
            raise ApiError(404, 1294, f"The job has no logs. Job ID: {job['id']}")
        return Response(text, media_type="text/plain")

    def metrics(self, call: Call) -> Response:
        """Return the times of a job's states, and its usage."""
        job = self._job(call)
        times = {
            key: None if job[key] is None else timestamp(job[key])
            for key in ("created", "running", "finished")
        }
        return json_reply(
            {
                "timestamps": times,
                "usage": usage(job["seconds"], ended=job["status"] in FINAL),
                "circuits_execution_time_ns": int(job["seconds"] * 1e9),
                "qiskit_version": job["qiskit_version"],
                "caller": "ibmqbatch",
            }
        )

    def retag(self, call: Call) -> Response:
        """Replace the tags of a job."""
        body = parse_json(call.body)
        if set(body) != {"tags"}:
            raise ApiError.invalid("The body is not valid: it must hold tags, and nothing else.")
        if not self._store.replace_tags(call.crn, call.path("id"), parse_tags(body["tags"])):
            raise ApiError.no_job(call.path("id"))
        return Response(status_code=204)

    def cancel(self, call: Call) -> Response:
        """Cancel a job; 409 for a final one."""
        before = self._pool.cancel(call.crn, call.path("id"))
        if before is None:
            raise ApiError.no_job(call.path("id"))
        if before in FINAL:
            raise ApiError(409, 1292, f"The job cannot be cancelled: it is {before}.")
        return Response(status_code=204)

    def delete(self, call: Call) -> Response:
        """Delete a final job."""
        before = self._store.delete(call.crn, call.path("id"))
        if before is None:
            raise ApiError.no_job(call.path("id"))
        if before not in FINAL:
            raise ApiError(
                400, 1293, f"The job cannot be deleted: it is {before}.", "Cancel it first."
            )
        return Response(status_code=204)

    def tags(self, call: Call) -> Response:
        """Return the tags of jobs that contain a string."""
        search = call.query("search") or ""
        if call.query("type") != "job":
            raise ApiError.invalid("type: must be job.")
        if len(search) not in TAG_SEARCH_CHARACTERS:
            raise ApiError.invalid(
                f"search: must have from {TAG_SEARCH_CHARACTERS[0]} to "
                f"{TAG_SEARCH_CHARACTERS[-1]} characters."
            )
        return json_reply({"tags": self._store.tags_like(call.crn, search)})

    def _job(self, call: Call) -> dict[str, Any]:
        job = self._store.job(call.crn, call.path("id"))
        if job is None:
            raise ApiError.no_job(call.path("id"))
        return job

    def _with_params(self, job: dict[str, Any]) -> bytes:
        """Return a job's document with the stored params, without parsing them."""
        document = json.dumps(_job_document(job), separators=(",", ":")).encode()
        params = None if job["private"] else self._store.params(job["seq"])
        return document if params is None else document[:-1] + b',"params":' + params + b"}"


def _job_document(job: Mapping[str, Any]) -> dict[str, Any]:
    """Return a job as the API shows it, without its params."""
    state = {"status": job["status"]}
    for key in ("reason", "reason_code", "reason_solution"):
        if job[key]:
            state[key] = job[key]
    document = {
        "id": job["id"],
        "backend": job["backend"],
        "created": timestamp(job["created"]),
        "user_id": USER_ID,
        "program": {"id": job["program"]},
        "state": state,
        "status": _RAN_TOO_LONG if job["reason_code"] == RAN_TOO_LONG else job["status"],
        "tags": job["tags"],
        "cost": MAX_COST_SECONDS if job["cost"] is None else job["cost"],
        "private": bool(job["private"]),
        "usage": usage(job["seconds"], ended=job["status"] in FINAL),
        "estimated_running_time_seconds": job["estimated_seconds"],
    }
    for key in ("session_id", "log_level", "calibration_id", "runtime"):
        if job[key] is not None:
            document[key] = job[key]
    return document


class SessionApi:
    """The endpoints under `/sessions`. `check_backend` raises ApiError for an unknown name."""

    def __init__(self, sessions: Sessions, check_backend: Callable[[str], object]) -> None:
        self._sessions = sessions
        self._check_backend = check_backend

    def endpoints(self) -> list[tuple[str, Callable[[Call], Response], str]]:
        """Return paths, handlers and methods."""
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
        """Close a session to further jobs, for good."""
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
        """Close a session and cancel its queued jobs."""
        self._sessions.close(call.crn, call.path("id"))
        return Response(status_code=204)

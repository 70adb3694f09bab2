"""The calls of the Qiskit Runtime REST API that this program makes, authorised and retried."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote, urlsplit

from ..clock import Clock
from ..errors import UsageError
from .auth import TokenSource
from .cache import recall, remember, remember_backends
from .endpoint import Account, Endpoint
from .error_mapping import printable
from .errors import AuthenticationFailed, Conflict, NotFound, Unreachable, Unreadable, WrongInstance
from .limits import LARGEST_ANSWER, LARGEST_SENT
from .models import Backend, BackendEntry, JobPage, RemoteJob, Usage
from .pace import Pace
from .retry import RetryPolicy
from .transport import Answer, Transport

__all__ = ["API_VERSION", "PAGE", "Client", "Connection"]

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

        `repeatable` requests may be sent twice without harm; `slow` allows time for a large body;
        an answer of more than `largest` bytes is refused. Raises a ServiceError.
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
        """Send with a token; retry as often as that is safe and may help."""

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
        """Send with a token, and once more with a new one when the service rejects it."""
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
        """Reword an error about the CRN: name the account, its region and the host."""
        host = urlsplit(endpoint.url).hostname
        region = (endpoint.instance.split(":") + 6 * [""])[5]
        error.hint = f"Correct the URL or the CRN of the account '{self._account.name}'."
        if region:
            error.message = (
                f"The account's instance, of the region {printable(region, 40)}, is not known at "
                f"{host}: {error.message}"
            )
        else:
            error.message = f"The account's instance is not a complete CRN: {error.message}"
            error.hint += " A CRN begins with crn:v1: and ends with two colons."
        error.args = (error.message,)

    def _found(self) -> _Place:
        with self._lock:
            if self._place is None:
                self._place = _Place(self._account.locate(), self._clock)
            return self._place

    def _abandon(self, place: _Place) -> None:
        """Look the service up again at the next request; requests under way keep this place."""
        with self._lock:
            if self._place is place:
                self._abandoned.append(place)
                self._place = None


def _api_version() -> str:
    version = os.environ.get("IBMQBATCH_API_VERSION") or API_VERSION
    if not re.fullmatch(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", version):
        raise UsageError(
            f"IBMQBATCH_API_VERSION is '{printable(version, 40)}', not a version of the API.",
            f"Use a date such as {API_VERSION}, which is the default.",
        )
    return version


_NO_JOB = 1291
PAGE = 200  # jobs in one page of a listing; a larger limit is silently taken as this


class Client:
    """The service of one account; safe to use from threads. Connects when first needed.

    Every method raises a `ServiceError` when it does not get the answer it documents.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self._clock = clock
        self._connection = Connection(account, clock)
        self._call = self._connection.call

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._connection.close()

    @property
    def instance(self) -> str:
        """The CRN of the instance whose jobs are seen and made."""
        return self._connection.endpoint.instance

    def serving(self, account: str) -> Self | None:
        """Return this client where it is one of the account, and None where it is not."""
        return self if account == self.account.name else None

    def pace(self) -> Pace:
        """Return the pace that all processes with this account's key share."""
        return Pace(
            self._connection.endpoint.key_id,
            self.account.pace_limit,
            self.account.pace_window,
            self._clock,
            # A pace that the user has set is not adjusted by what refusals tell.
            fixed=any(map(os.environ.get, ("IBMQBATCH_PACE", "IBMQBATCH_PACE_WINDOW"))),
        )

    def submit(self, body: bytes) -> str:
        """Create a job and return its id. Retried only where nothing can have been created."""
        answer = self._call("POST", "/jobs", content=body, repeatable=False, slow=True).json()
        job_id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(job_id, str) or not job_id or printable(job_id) != job_id:
            raise Unreadable(
                "The service accepted a job without returning its id.",
                "It will be looked for in the service's listing.",
            )
        return job_id

    def jobs(
        self,
        *,
        tags: Sequence[str] = (),
        pending: bool | None = None,
        limit: int = PAGE,
        offset: int = 0,
        oldest_first: bool = False,
        **filters: str | None,
    ) -> JobPage:
        """List jobs, newest first: those that carry all `tags`, without their parameters.

        `filters` are the API's own: backend, program, created_after and created_before (ISO 8601).
        """
        params = [("limit", str(limit)), ("offset", str(offset)), ("exclude_params", "true")]
        # A dry run on the mock of a device is a job like any other.
        params.append(("include_mocks", "true"))
        params += [(name, value) for name, value in filters.items() if value is not None]
        if oldest_first:
            params.append(("sort", "ASC"))
        # Repeated keys: the service silently ignores every other form.
        params += [("tags", tag) for tag in tags]
        if pending is not None:
            params.append(("pending", str(pending).lower()))
        return JobPage.from_wire(self._call("GET", "/jobs", params=params).json())

    def job(self, job_id: str) -> RemoteJob:
        """Return one job, without its parameters; raises NotFound."""
        params = [("exclude_params", "true")]
        return RemoteJob.from_wire(self._call("GET", _job(job_id), params=params).json())

    def download_results(self, job_id: str, file: BinaryIO, *, repeatable: bool = True) -> bool:
        """Write a job's result body to `file`; return False when the service has none (204).

        With `repeatable` False the request is sent once only: the results of a private job can be
        read a single time, and a second answer would say that there are none.
        """
        path = f"{_job(job_id)}/results"
        return self._connection.download(path, file, repeatable=repeatable) != 204

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; return False when it has already ended (or is gone).

        When the request had to be repeated, it may have ended because of the first one.
        """
        try:
            self._call("POST", f"{_job(job_id)}/cancel")
        except (Conflict, NotFound):
            return False
        return True

    def open_batch(self, backend: str) -> str:
        """Open a batch and return its id. One that is never used closes by itself."""
        told = {"mode": "batch", "backend": backend, "instance": self.instance}
        answer = self._call("POST", "/sessions", body=told).json()
        batch = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(batch, str) or not batch or printable(batch) != batch:
            raise Unreadable("The service opened a batch without returning its id.")
        return batch

    def close_batch(self, batch: str) -> None:
        """Close a batch to further jobs; those that it has still run. Raises NotFound."""
        told = {"accepting_jobs": False}
        self._call("PATCH", f"/sessions/{quote(batch, safe='')}", body=told)

    def set_tags(self, job_id: str, tags: Sequence[str]) -> None:
        """Replace all tags of a job."""
        self._call("PUT", f"{_job(job_id)}/tags", body={"tags": list(tags)})

    def backend(self, name: str) -> Backend:
        """Return a backend with its calibration, where it has one; raises NotFound."""
        configuration = self.configuration(name)
        found = Backend.from_wire(configuration)
        if found.simulator:
            return found
        return Backend.from_wire(configuration, self.properties(name))

    def backend_names(self) -> list[str]:
        """Return the names of the backends that the instance can use."""
        return [entry.name for entry in self.backends()]

    def backends(self) -> list[BackendEntry]:
        """Return the list of those backends."""
        body = self._call("GET", "/backends").json()
        devices = body.get("devices") if isinstance(body, dict) else None
        if not isinstance(devices, list):
            raise Unreadable("The service's answer has no list of backends.")
        entries = [entry for entry in map(BackendEntry.from_wire, devices) if entry is not None]
        remember_backends(self.account.name, [entry.name for entry in entries])
        self._remember("list", devices)
        return entries

    def configuration(self, name: str) -> Mapping[str, Any]:
        """Return the configuration of a backend; raises NotFound."""
        told = self._call("GET", f"{_backend(name)}/configuration").json()
        found = Backend.from_wire(told).configuration
        self._remember(f"configuration of {name}", told)
        return found

    def properties(self, name: str, before: datetime | None = None) -> Mapping[str, Any] | None:
        """Return a backend's calibration, the latest or that in force at a time; None for none."""
        params = [] if before is None else [("updated_before", before.isoformat())]
        try:
            told = self._call("GET", f"{_backend(name)}/properties", params=params).json()
        except NotFound:
            told = None
        if not (told is None or isinstance(told, dict)):
            raise Unreadable("The service's answer has no properties of a backend.")
        if before is None:
            self._remember(f"properties of {name}", told)
        return told

    def backend_status(self, name: str) -> Mapping[str, Any]:
        """Return whether a backend takes jobs, and how many wait; raises NotFound."""
        told = self._call("GET", f"{_backend(name)}/status").json()
        return told if isinstance(told, dict) else {}

    def usage(self) -> Usage:
        """Return what the instance has used of its time, and its limit."""
        return Usage.from_wire(self._call("GET", "/instances/usage").json())

    def metrics(self, job_id: str) -> Mapping[str, Any]:
        """Return the times of a job's states and its usage, as the service has them."""
        told = self._call("GET", f"{_job(job_id)}/metrics").json()
        return told if isinstance(told, dict) else {}

    def logs(self, job_id: str) -> str:
        """Return the log of a job; empty where there is none (yet)."""
        try:
            return self._call("GET", f"{_job(job_id)}/logs").text()
        except NotFound as error:
            if error.number == _NO_JOB:
                raise
            return ""

    def params(self, job_id: str) -> Mapping[str, Any] | None:
        """Return the params of a job; None for a private one. Raises NotFound."""
        told = self._call("GET", _job(job_id), largest=LARGEST_SENT).json()
        params = told.get("params") if isinstance(told, dict) else None
        return params if isinstance(params, dict) and params else None

    def seen_backends(self) -> tuple[list[BackendEntry], float] | None:
        """Return the cached list of backends, and when it was read (epoch)."""
        seen = self._recall("list")
        if seen is None or not isinstance(seen[0], list):
            return None
        return [e for e in map(BackendEntry.from_wire, seen[0]) if e is not None], seen[1]

    def seen_configuration(self, name: str) -> tuple[Mapping[str, Any], float] | None:
        """Return the cached configuration of a backend, and when it was read (epoch)."""
        seen = self._recall(f"configuration of {name}")
        try:
            return None if seen is None else (Backend.from_wire(seen[0]).configuration, seen[1])
        except Unreadable:
            return None

    def seen_backend(self, name: str) -> tuple[Backend, float] | None:
        """Return the cached backend, and when it was read (epoch)."""
        configuration = self.seen_configuration(name)
        properties = self._recall(f"properties of {name}")
        if configuration is None:
            return None
        told = None if properties is None else properties[0]
        return Backend.from_wire(configuration[0], told), configuration[1]

    def _remember(self, what: str, told: object) -> None:
        remember(self.account.name, self.instance, what, told, self._clock.now())

    def _recall(self, what: str) -> tuple[Any, float] | None:
        return recall(self.account.name, self.instance, what)


def _backend(name: str) -> str:
    return f"/backends/{quote(name, safe='')}"


def _job(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"

"""The calls of the Qiskit Runtime REST API that this program makes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO, Self, TypeVar
from urllib.parse import quote

from ..clock import Clock
from .accounts import Account, Endpoint
from .backend_cache import recall, remember
from .backend_names import remember_backends
from .errors import AuthenticationFailed, Conflict, NotFound, Unreachable, Unreadable
from .pace import Pace
from .retry import RetryPolicy
from .tokens import TokenSource
from .transport import Answer, Transport, printable
from .types import Backend, BackendEntry, JobPage, RemoteJob, Usage

__all__ = ["API_VERSION", "PAGE", "Client"]

API_VERSION = "2026-04-15"
_NO_JOB = 1291
PAGE = 200  # jobs in one page of a listing; a larger limit is silently taken as this

Result = TypeVar("Result")


class _Connection:
    """A transport and a token source for one address of the service."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        self.endpoint = endpoint
        self.transport = Transport(endpoint.url)
        # IAM is another host; it is asked too rarely to deserve a pool of its own, but an origin
        # on this machine must not be asked through a proxy, and one elsewhere perhaps must.
        self.iam = Transport(endpoint.iam_url)
        self.tokens = TokenSource(self.iam, endpoint.iam_url, endpoint.api_key, clock)

    def close(self) -> None:
        self.transport.close()
        self.iam.close()


class Client:
    """The service of one account; safe to use from threads. Connects when first needed.

    Every method raises a `ServiceError` when it does not get the answer it documents.
    """

    def __init__(self, account: Account, clock: Clock) -> None:
        self.account = account
        self._clock = clock
        self._retry = RetryPolicy()
        self._lock = threading.Lock()
        self._connection: _Connection | None = None
        self._abandoned: list[_Connection] = []
        self._api_version = os.environ.get("IBMQBATCH_API_VERSION", API_VERSION)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for connection in [*self._abandoned, self._connection]:
                if connection is not None:
                    connection.close()
            self._abandoned, self._connection = [], None

    @property
    def instance(self) -> str:
        """The CRN of the instance whose jobs are seen and made."""
        return self._connected().endpoint.instance

    def pace(self) -> Pace:
        """Return the pace that all processes with this account's key share."""
        key_id = self._connected().endpoint.key_id
        return Pace(key_id, self.account.pace_limit, self.account.pace_window, self._clock)

    def submit(self, body: bytes) -> str:
        """Create a job and return its id. Sent again only where nothing can have been created."""
        answer = self._call("POST", "/jobs", content=body, repeatable=False, slow=True).json()
        job_id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(job_id, str) or not job_id or printable(job_id) != job_id:
            raise Unreadable(
                "The service took a job but did not tell its id.",
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
    ) -> JobPage:
        """List jobs, newest first: those that carry all `tags`, without their parameters."""
        params = [("limit", str(limit)), ("offset", str(offset)), ("exclude_params", "true")]
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

        `repeatable` False sends the request once only: the results of a private job can be read a
        single time, and a second answer would say that there are none.
        """

        def send(connection: _Connection, headers: Mapping[str, str]) -> int:
            url = f"{connection.endpoint.url}{_job(job_id)}/results"
            return connection.transport.download(url, file, headers=headers)

        return self._authorised(send, repeatable=repeatable) != 204

    def cancel(self, job_id: str) -> bool:
        """Ask for a job to be cancelled; return False when it has already ended (or is gone)."""
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
            raise Unreadable("The service opened a batch but did not tell its id.")
        return batch

    def close_batch(self, batch: str) -> None:
        """Have a batch take no more jobs; what it has, it runs. Raises NotFound."""
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
        try:
            properties = self._call("GET", f"{_backend(name)}/properties").json()
        except NotFound:
            properties = None
        found = Backend.from_wire(configuration, properties)
        self._remember(f"properties of {name}", properties)
        return found

    def backend_names(self) -> list[str]:
        """Return the names of the backends that the instance can use."""
        return [entry.name for entry in self.backends()]

    def backends(self) -> list[BackendEntry]:
        """Return those backends, as the service lists them."""
        body = self._call("GET", "/backends").json()
        devices = body.get("devices") if isinstance(body, dict) else None
        if not isinstance(devices, list):
            raise Unreadable("The service's answer lacks a list of backends.")
        entries = [entry for entry in map(BackendEntry.from_wire, devices) if entry is not None]
        remember_backends(self.account.name, [entry.name for entry in entries])
        self._remember("list", devices)
        return entries

    def configuration(self, name: str) -> Mapping[str, Any]:
        """Return what a backend is, without its calibration; raises NotFound."""
        told = self._call("GET", f"{_backend(name)}/configuration").json()
        found = Backend.from_wire(told).configuration
        self._remember(f"configuration of {name}", told)
        return found

    def seen_backends(self) -> tuple[list[BackendEntry], float] | None:
        """Return the backends as they were last listed, and when (epoch); asks nobody."""
        seen = self._recall("list")
        if seen is None or not isinstance(seen[0], list):
            return None
        return [e for e in map(BackendEntry.from_wire, seen[0]) if e is not None], seen[1]

    def seen_configuration(self, name: str) -> tuple[Mapping[str, Any], float] | None:
        """Return a configuration as it was last told, and when (epoch); asks nobody."""
        seen = self._recall(f"configuration of {name}")
        try:
            return None if seen is None else (Backend.from_wire(seen[0]).configuration, seen[1])
        except Unreadable:
            return None

    def seen_backend(self, name: str) -> tuple[Backend, float] | None:
        """Return a backend as it was last told, and when (epoch); asks nobody."""
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

    def usage(self) -> Usage:
        """Return what the instance has used of its time, and may use."""
        return Usage.from_wire(self._call("GET", "/instances/usage").json())

    def metrics(self, job_id: str) -> Mapping[str, Any]:
        """Return when a job was where, and what it used, as the service tells it."""
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
        """Return what a job was asked to do; None where that is private. Raises NotFound."""
        told = self._call("GET", _job(job_id)).json()
        params = told.get("params") if isinstance(told, dict) else None
        return params if isinstance(params, dict) and params else None

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: object = None,
        content: bytes | None = None,
        repeatable: bool = True,
        slow: bool = False,
    ) -> Answer:
        if body is not None:
            content = json.dumps(body).encode()

        def send(connection: _Connection, headers: Mapping[str, str]) -> Answer:
            if content is not None:
                headers = {**headers, "Content-Type": "application/json"}
            return connection.transport.send(
                method,
                connection.endpoint.url + path,
                headers=headers,
                params=params,
                content=content,
                slow=slow,
            )

        return self._authorised(send, repeatable=repeatable)

    def _authorised(
        self, send: Callable[[_Connection, Mapping[str, str]], Result], *, repeatable: bool
    ) -> Result:
        """Send with a token; once with a new one when it is not accepted; again as may be."""

        def attempt() -> Result:
            connection = self._connected()
            token = ""
            try:
                token = connection.tokens.token()
                return send(connection, self._headers(connection, token))
            except AuthenticationFailed as error:
                if error.status != 401 or not token:  # 403 is about rights, not the token
                    raise
                connection.tokens.discard(token)
                token = connection.tokens.token()
                return send(connection, self._headers(connection, token))
            except Unreachable:
                # The service may have moved: the embedded one has a new port after a restart.
                self._abandon(connection)
                raise

        return self._retry.run(attempt, self._clock, repeatable=repeatable)

    def _headers(self, connection: _Connection, token: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token}",
            "Service-CRN": connection.endpoint.instance,
            "IBM-API-Version": self._api_version,
        }

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None:
                self._connection = _Connection(self.account.locate(), self._clock)
            return self._connection

    def _abandon(self, connection: _Connection) -> None:
        """Have the next request look where the service is. Others may still use this connection."""
        with self._lock:
            if self._connection is connection:
                self._abandoned.append(connection)
                self._connection = None


def _backend(name: str) -> str:
    return f"/backends/{quote(name, safe='')}"


def _job(job_id: str) -> str:
    return f"/jobs/{quote(job_id, safe='')}"

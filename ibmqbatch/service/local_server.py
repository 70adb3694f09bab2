"""Finding the embedded service of this machine, and starting it if it is not running.

All that is known of it here is its command line and the file that it writes once it listens
(`service.json`); everything else goes over HTTP, as to any other service.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .. import __version__, paths
from ..errors import Argument, Call, Words
from ..files import FileLock
from .cache import remember_backends
from .endpoint import LOCAL, Endpoint
from .error_mapping import printable
from .errors import ServiceError, Unreachable
from .transport import Transport

__all__ = [
    "PROTOCOL",
    "LocalService",
    "NotStarted",
    "find_service",
    "running_service",
    "stop_service",
]

# The version of service.json and of the /local paths.
PROTOCOL = 1

IDLE_EXIT = 600  # seconds without requests or unfinished jobs after which it ends
_START_PATIENCE = 60.0  # seconds


class NotStarted(Unreachable):
    """The embedded service does not start; trying again at once would change nothing."""

    transient = False


@dataclass(frozen=True, slots=True)
class LocalService:
    """A service that runs, as it describes itself."""

    endpoint: Endpoint
    pid: int
    version: str
    protocol: int
    unfinished_jobs: int
    backends: tuple[str, ...] = ()


def find_service() -> LocalService | None:
    """Return the running service of this data folder; None if none answers."""
    try:
        told = json.loads((paths.local_service() / "service.json").read_bytes())
        url, key, crn = str(told["url"]), str(told["api_key"]), str(told["crn"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    transport = Transport(url)
    try:
        headers = {"Authorization": f"apikey {key}"}
        answer = transport.send("GET", f"{url}/local/service", headers=headers).json()
        return LocalService(
            Endpoint(f"{url}/api/v1", url, key, crn),
            pid=int(answer["pid"]),
            version=printable(answer["version"], 40),
            protocol=int(answer["protocol"]),
            unfinished_jobs=int(answer["unfinished_jobs"]),
            backends=tuple(map(str, told.get("backends", ()))),
        )
    except (ServiceError, KeyError, TypeError, ValueError, OverflowError):
        # It is gone, or another program has its port.
        return None
    finally:
        transport.close()


def running_service() -> Endpoint:
    """Return where the service is, starting it if necessary.

    Raises NotStarted when it does not start, or when one of another version has jobs to do.
    """
    service = _usable(find_service()) or _started()
    return service.endpoint


def _started() -> LocalService:
    """Start the service, unless somebody else just has, and return it."""
    folder = paths.ensure_folder(paths.local_service())
    with FileLock(folder / "start.lock"):
        service = _usable(_answering_or_ended())
        if service is None:
            _start(folder)
            service = find_service()
            if service is not None:
                remember_backends(LOCAL, service.backends)
    if service is None:
        raise _not_started(folder)
    return service


def _answering_or_ended(patience: float = 20.0) -> LocalService | None:
    """Return the service; if its process lives without answering, wait until it answers or ends.

    One that is starting or stopping holds its lock without listening.
    """
    deadline = time.monotonic() + patience
    while (service := find_service()) is None and not _wait_for_end(0.1):
        if time.monotonic() > deadline:
            raise NotStarted(
                "The local service is running, but does not answer.",
                f"Its log may tell why: {paths.local_service() / 'service.log'}.",
            )
    return service


def _usable(service: LocalService | None) -> LocalService | None:
    """Return a service of our version; stop an idle one of another version."""
    if service is None or (service.protocol == PROTOCOL and service.version == __version__):
        return service
    if service.unfinished_jobs:
        raise NotStarted(
            f"A local service of version {service.version} is running "
            f"{service.unfinished_jobs} jobs; this is version {__version__}.",
            Words(
                "Wait until it has finished, or stop it with {} (its jobs are kept and go on "
                "afterwards).",
                Call("serve", arguments=(Argument("stop"),)),
            ),
        )
    stop_service(service)
    return None


def stop_service(service: LocalService, patience: float = 20.0) -> bool:
    """Stop a service; return whether it ended in time."""
    base = service.endpoint.iam_url
    transport = Transport(base)
    try:
        headers = {"Authorization": f"apikey {service.endpoint.api_key}"}
        with contextlib.suppress(ServiceError):  # it may be gone already: the lock tells
            transport.send("POST", f"{base}/local/stop", headers=headers)
    finally:
        transport.close()
    return _wait_for_end(patience)


def _wait_for_end(patience: float) -> bool:
    """Wait until the service has released the lock that it holds while it runs."""
    lock = FileLock(paths.local_service() / "service.lock")
    deadline = time.monotonic() + patience
    while not lock.acquire(blocking=False):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    lock.release()
    return True


def _start(folder: Path) -> None:
    """Start the service detached and wait until it listens.

    It inherits none of our streams: a child that held the caller's stdout would hang `$(...)`. It
    writes to a pipe once it listens; the pipe just closes if it never will.
    """
    reader, writer = os.pipe()
    try:
        log_file = os.open(folder / "service.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(log_file, "ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "ibmqbatch.local"),
                    *("--ready-fd", str(writer)),
                    *("--idle-exit", str(IDLE_EXIT)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[writer],
                start_new_session=True,
                # The caller's folder stays free to be unmounted; no path depends on it.
                cwd=folder,
                env={**os.environ, "IBMQBATCH_HOME": str(paths.home())},
            )
        # It outlives this program: no warning when the object is collected.
        process.returncode = 0
        os.close(writer)
        writer = -1
        ready, _, _ = select.select([reader], [], [], _START_PATIENCE)
        if not ready or not os.read(reader, 16):
            raise _not_started(folder)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)


def _not_started(folder: Path) -> NotStarted:
    return NotStarted(
        "The local service did not start.", f"Its log tells why: {folder / 'service.log'}."
    )

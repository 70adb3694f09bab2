"""One server process for a data folder: its lock, its socket, its service file, its end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import logging.handlers
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from .. import __version__, files, paths
from ..errors import IbmqbatchError, StorageError, UsageError
from .account import AccountApi, Analytics, Workloads
from .api import Api
from .backends import BackendTable
from .database import Database
from .http import Authority, Gate, RateLimit, exception_handlers, new_api_key
from .identity import PROTOCOL, Identity
from .pool import MemoryBudget, Pool
from .sessions import Sessions
from .store import Store

__all__ = ["Options", "ServiceRunningError", "recipe", "serve"]

_log = logging.getLogger(__name__)

_LOG_BYTES = 1_000_000
_IDLE_CHECK_SECONDS = 0.2
# Requests in flight when the service stops have this long to end.
_GRACE_SECONDS = 10


class ServiceRunningError(IbmqbatchError):
    """Another server uses the data folder."""

    code = "service_running"


@dataclass(frozen=True, slots=True)
class Options:
    """How to serve."""

    port: int = 0
    workers: int = 1
    worker_python: str = sys.executable
    token_file: Path | None = None
    memory: int = 2**30
    submissions_per_minute: int | None = None
    idle_exit: float | None = None
    ready_fd: int | None = None
    foreground: bool = False
    verbose: bool = False


def serve(options: Options) -> None:
    """Serve until stopped. Raises IbmqbatchError when that cannot start."""
    os.umask(0o077)
    folder = paths.ensure_folder(paths.local_service())
    lock = files.FileLock(folder / "service.lock")
    if not lock.acquire(blocking=False):
        raise ServiceRunningError(
            f"Another local service is running for the data folder {paths.home()}.",
            "Use that one, stop it, or set IBMQBATCH_HOME to another folder.",
        )
    with contextlib.ExitStack() as stack:
        stack.callback(lock.release)
        _log_to(None if options.foreground else folder / "service.log", verbose=options.verbose)
        api_key = _api_key(folder / "key", options.token_file)
        listener = stack.enter_context(_listen(options.port))
        database = stack.enter_context(contextlib.closing(Database(folder / "jobs.sqlite")))
        store = Store(database)
        store.requeue_running()
        backends = BackendTable(options.memory)
        pool = Pool(
            store,
            backends,
            MemoryBudget(options.memory),
            workers=options.workers,
            # All workers together use all cores.
            threads=max(1, (os.cpu_count() or 1) // options.workers),
            python=options.worker_python,
            log=_fresh_log(folder / "workers.log"),
        )
        service_file = _ServiceFile(
            folder / "service.json", listener, api_key, store.instance, list(backends)
        )
        server = _Server(options, service_file, store)
        authority = Authority(api_key)
        sessions = Sessions(database)
        account = AccountApi(
            store, Workloads(database, sessions), Analytics(database, sessions), backends
        )
        api = Api(
            authority,
            store,
            pool,
            backends,
            sessions=sessions,
            account=account,
            rate=RateLimit(options.submissions_per_minute),
        )
        app = Starlette(
            routes=[
                *api.routes(),
                *Identity(authority, store, pool, server.stop).routes(),
            ],
            exception_handlers=exception_handlers,
        )
        app.router.redirect_slashes = False
        server.answer_with(Gate(app))
        stack.callback(pool.stop)
        pool.start()
        with _signals_held():
            server.run(sockets=[listener])


def _api_key(path: Path, token_file: Path | None) -> str:
    """Return the API key: of the given file, or our own, which is created once."""
    source = token_file or path
    try:
        key = source.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        if token_file is not None:
            raise UsageError(f"The token file {token_file} does not exist.") from None
        key = new_api_key()
        with files.replacing(path) as file:
            file.write(key.encode())
    except (OSError, ValueError) as error:
        raise StorageError(f"The API key cannot be read from {source}: {error}.") from error
    if not key or not key.isprintable() or " " in key:
        raise UsageError(f"{source} has no API key.", "It must hold one word.")
    return key


def _listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback."""
    # With an explicit protocol, asyncio sets TCP_NODELAY; a reply takes 40 ms longer without.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # Connections of a service that has just ended must not block its port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise UsageError(
            f"Port {port} of 127.0.0.1 cannot be used: {error.strerror}.",
            "Choose another port, or none for a free one.",
        ) from error
    return listener


def _log_to(path: Path | None, *, verbose: bool) -> None:
    """Log to a rotated file, or to stderr without one."""
    handler: logging.Handler
    if path is None:
        handler = logging.StreamHandler()
    else:
        handler = logging.handlers.RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=1)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO if verbose else logging.WARNING)


def _fresh_log(path: Path) -> Path:
    """Return the path of a log, after setting aside one that has grown too large."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > _LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
    return path


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Keep SIGINT and SIGTERM from ending the process before it has cleaned up.

    Uvicorn handles them while it serves, and raises them again at its end.
    """
    held = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: None) for number in held]
    try:
        yield
    finally:
        for number, handler in zip(held, before, strict=True):
            signal.signal(number, handler)


class _ServiceFile:
    """How other processes of the user find the service; it exists while the service listens."""

    def __init__(
        self,
        path: Path,
        listener: socket.socket,
        api_key: str,
        instance: str,
        backends: Sequence[str],
    ) -> None:
        self._path = path
        self._backends = backends
        self.instance = instance
        self.url = "http://127.0.0.1:{1}".format(*listener.getsockname())
        self.api_key = api_key

    def write(self) -> None:
        """Write the file atomically, readable by the user alone."""
        document = {
            "protocol": PROTOCOL,
            "version": __version__,
            "pid": os.getpid(),
            "url": self.url,
            "api_key": self.api_key,
            "crn": self.instance,
            "backends": list(self._backends),
            "started_at": datetime.now(UTC).isoformat(),
        }
        with files.replacing(self._path) as file:
            file.write(json.dumps(document, indent=1).encode() + b"\n")

    def remove(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)


class _Server(uvicorn.Server):
    """Uvicorn with a service file, which ends when idle."""

    def __init__(self, options: Options, service_file: _ServiceFile, store: Store) -> None:
        self._options = options
        self._service_file = service_file
        self._store = store
        self._app: ASGIApp | None = None
        self._in_flight = 0
        self._last_request = time.monotonic()
        self._idle_watch: asyncio.Task[None] | None = None
        super().__init__(
            uvicorn.Config(
                self._count,
                interface="asgi3",
                lifespan="off",
                proxy_headers=False,
                log_config=None,
                access_log=options.verbose,
                server_header=False,
                # A client that polls every minute keeps its connection.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

    def answer_with(self, app: ASGIApp) -> None:
        """Set the application that answers requests."""
        self._app = app

    def stop(self) -> None:
        """Stop once the requests in flight are answered; callable from any thread."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, then announce it."""
        await super().startup(sockets)
        self._service_file.write()
        if self._options.foreground:
            told = self._service_file
            sys.stdout.write(
                f"url: {told.url}/api/v1\napi key: {told.api_key}\ninstance: {told.instance}\n\n"
                + recipe(told.url, told.api_key, told.instance)
            )
            sys.stdout.flush()
        if self._options.ready_fd is not None:
            # The parent may be gone.
            with (
                contextlib.suppress(BrokenPipeError),
                os.fdopen(self._options.ready_fd, "wb", buffering=0) as ready,
            ):
                ready.write(b"ready\n")
        if self._options.idle_exit is not None:
            self._idle_watch = asyncio.create_task(self._watch(self._options.idle_exit))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop answering, after removing the service file, so that nobody finds a closed port."""
        self._service_file.remove()
        if self._idle_watch is not None:
            self._idle_watch.cancel()
        await super().shutdown(sockets)

    async def _count(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None
        self._in_flight += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._in_flight -= 1
            self._last_request = time.monotonic()

    def _idle_for(self, seconds: float) -> bool:
        return not self._in_flight and time.monotonic() - self._last_request >= seconds

    async def _watch(self, seconds: float) -> None:
        """Stop the service after `seconds` without a request, but never with unfinished jobs."""
        while not self.should_exit:
            await asyncio.sleep(min(_IDLE_CHECK_SECONDS, seconds))
            if (
                self._idle_for(seconds)
                and not await asyncio.to_thread(self._store.unfinished)
                # A request may have arrived meanwhile.
                and self._idle_for(seconds)
            ):
                self.stop()


def recipe(origin: str, api_key: str, instance: str) -> str:
    """Return blocks to paste into a shell or into Python, to reach the service.

    IBM's client drops the port of a URL, unless the word "experimental" is in it. It gets tokens
    and instances from IBM, unless these variables of IBM's SDK name another place.
    """
    experimental = f"{origin}/experimental/api/v1"
    places = dict.fromkeys(("IAM_URL", "GLOBAL_SEARCH_URL", "GLOBAL_CATALOG_URL"), origin)
    ours = {
        "IBMQBATCH_URL": f"{origin}/api/v1",
        "IBMQBATCH_TOKEN": api_key,
        "IBMQBATCH_INSTANCE": instance,
    }
    theirs = {
        "QISKIT_IBM_URL": experimental,
        "QISKIT_IBM_TOKEN": api_key,
        "QISKIT_IBM_INSTANCE": instance,
        **places,
    }
    return "\n".join(
        (
            "# ibmqbatch, in another shell:",
            *_exports(ours),
            "",
            "# IBM's client (QiskitRuntimeService()), in another shell:",
            *_exports(theirs),
            "",
            "# IBM's client, in Python:",
            "import os",
            "from qiskit_ibm_runtime import QiskitRuntimeService",
            "os.environ.update(",
            *(f"    {name}={json.dumps(place)}," for name, place in places.items()),
            ")",
            "service = QiskitRuntimeService(",
            f"    url={json.dumps(experimental)},",
            f"    token={json.dumps(api_key)},",
            f"    instance={json.dumps(instance)},",
            ")",
            "",
        )
    )


def _exports(variables: dict[str, str]) -> list[str]:
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]

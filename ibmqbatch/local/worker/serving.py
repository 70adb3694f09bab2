"""The life of a worker process, and its conversation with the server.

A message is eight bytes of length, then JSON. A job goes

    server  {"program", "backend", "device", "params", "seconds": s}
    worker  {"begun": true}
    worker  {"needs": bytes, "part": name, "qubits": n, …}  or {"failed": …}
    server  {"go": true, "seconds": s, "by_clock": s}        or {"go": false}, which ends it
    worker  {"completed": …} and a frame with the results    or {"failed": …}

`device` is what the server has to tell about the backend's device, once to each worker: null for
one that has none, or that this worker knows. `seconds` is the processor time that reading the job
may take, then running it: with more the kernel ends the process, by a signal. `by_clock` is the
same by the clock, or null.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import importlib.util
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from typing import Any, BinaryIO, Protocol

from .backends import Backend, Backends
from .errors import JobError, first_line
from .executor import ExecutorJob
from .runs import Run
from .sampler import SamplerJob
from .simulation import warm_up

__all__ = ["limit_time", "load_qiskit", "prepare_time_limits", "serve"]

_LEAST_SECONDS = 0.001  # 0 would be no limit


def prepare_time_limits() -> None:
    """Restore the default action of the timers' signals, to end this process."""
    if hasattr(signal, "setitimer"):
        # Unlike RLIMIT_CPU, they leave no core dump, which would be as large as the memory.
        signals = {signal.SIGPROF, signal.SIGALRM}
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    else:
        text = "This platform limits no processor time: circuits that never end must be cancelled."
        print(text, file=sys.stderr)  # noqa: T201 - the log of the workers


@contextlib.contextmanager
def limit_time(seconds: float, by_clock: float | None = None) -> Iterator[None]:
    """End the process when its threads take more processor time during the block.

    So does more time by the clock, if that is limited. The kernel keeps count: simulators run for
    minutes in code that looks neither for signals nor for threads of Python.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return
    signal.setitimer(signal.ITIMER_PROF, max(seconds, _LEAST_SECONDS))
    signal.setitimer(signal.ITIMER_REAL, by_clock or 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)


_PACKAGES = {"qiskit": "Qiskit", "qiskit_aer": "Qiskit Aer"}
_INSTALL = f"Install it: {sys.executable} -m pip install 'ibmqbatch[qiskit]'"


def load_qiskit() -> str:
    """Import Qiskit and Aer, ready to simulate, and return Qiskit's version.

    Raises JobError (9999) if one is missing, or if they do not fit together.
    """
    importlib.invalidate_caches()
    for package, name in _PACKAGES.items():
        if package not in sys.modules and importlib.util.find_spec(package) is None:
            raise JobError(
                9999, f"{sys.executable}, which is to run the circuits, has no {name}.", _INSTALL
            )
    try:
        import qiskit

        version = str(qiskit.__version__)
        warm_up()
    except Exception as error:
        raise JobError(
            9999,
            f"{sys.executable}, which is to run the circuits, cannot load what is installed there "
            f"({_installed()}): {first_line(error)}.",
            f"Reinstall it: {sys.executable} -m pip uninstall -y qiskit qiskit-terra qiskit-aer "
            f"&& {sys.executable} -m pip install 'ibmqbatch[qiskit]'",
        ) from error
    return version


def _installed() -> str:
    found = []
    for package in ("qiskit", "qiskit-terra", "qiskit-aer"):
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


_MAX_RESULT_BYTES = 500_000_000


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when the server dies, on Linux."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before that
            os._exit(1)


def _read_messages(stream: BinaryIO, messages: queue.Queue[dict[str, Any]]) -> None:
    """Queue every message; end the process when the server closes the stream."""
    while len(head := stream.read(8)) == 8:
        size = int.from_bytes(head, "big")
        data = stream.read(size)
        if len(data) < size:
            break
        messages.put(json.loads(data))
    os._exit(0)


def _send(stream: BinaryIO, *frames: bytes) -> None:
    """Send frames, each prefixed by its length."""
    for frame in frames:
        stream.write(len(frame).to_bytes(8, "big"))
        stream.write(frame)
    stream.flush()


class _Job(Protocol):
    """What a program makes of the params of a job."""

    @property
    def part(self) -> str:
        """What a part of the job is called."""

    @property
    def runs(self) -> list[Run]:
        """The parts, as they are run."""

    @property
    def result_bytes(self) -> int:
        """An estimate of the memory that the results take."""

    def run(self) -> Any:
        """Run all parts and return the result document."""


_PROGRAMS: dict[str, Callable[[dict[str, Any], Backend], _Job]] = {
    "sampler": SamplerJob,
    "executor": ExecutorJob,
}


def _needs(job: _Job) -> dict[str, Any]:
    """Return what running a job takes: memory, and the figures that time depends on."""
    runs = job.runs
    largest = max(range(len(runs)), key=lambda index: runs[index].working_bytes)
    return {
        "needs": runs[largest].working_bytes + job.result_bytes,
        "part": f"{job.part} {largest}",
        "qubits": runs[largest].plan.qubits,
        "circuits": sum(run.executions for run in runs),
        "shots": sum(run.all_shots for run in runs),
        "estimate": sum(run.seconds for run in runs),
    }


def _run(job: _Job) -> bytes:
    """Run a job and return its results as JSON."""
    body = json.dumps(job.run(), separators=(",", ":")).encode()
    if len(body) > _MAX_RESULT_BYTES:
        raise JobError(
            5302,
            f"The results take {len(body)} bytes, more than {_MAX_RESULT_BYTES}.",
            "Run fewer shots or circuits in a job.",
        )
    return body


def _serve_job(
    message: dict[str, Any],
    backends: Backends,
    messages: queue.Queue[dict[str, Any]],
    out: BinaryIO,
) -> None:
    """Read one job, ask for memory, run it, send the results."""
    version = ""
    begun = time.process_time()
    try:
        with limit_time(message["seconds"]):
            version = load_qiskit()
            backend = backends.get(message["backend"], message["device"])
            job = _PROGRAMS[message["program"]](message["params"], backend)
            ask = _needs(job)
        _send(out, json.dumps(ask).encode())
        answer = messages.get()
        if not answer["go"]:
            return
        begun = time.process_time()
        with limit_time(answer["seconds"], answer["by_clock"]):
            body = _run(job)
    except JobError as error:
        failed = {
            "code": error.code,
            "reason": error.reason,
            "solution": error.solution,
            "log": traceback.format_exc(),
            "seconds": time.process_time() - begun,
            "qiskit": version,
        }
        _send(out, json.dumps({"failed": failed}).encode())
        if not version:
            # A failed import cannot be repeated here. The next job gets a fresh process.
            os._exit(0)
        return
    completed = {"seconds": time.process_time() - begun, "qiskit": version}
    _send(out, json.dumps({"completed": completed}).encode(), body)


def serve(parent: int) -> None:
    """Serve jobs until the server, the process `parent`, goes away."""
    _end_with(parent)
    prepare_time_limits()
    # Output of libraries must not get between the messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    messages: queue.Queue[dict[str, Any]] = queue.Queue()
    reader = threading.Thread(target=_read_messages, args=(sys.stdin.buffer, messages), daemon=True)
    reader.start()
    warnings.simplefilter("ignore")  # Terra warns about itself, Aer about Terra
    with contextlib.suppress(JobError):  # reported to the first job
        load_qiskit()  # ahead of the first job
    backends = Backends()
    while True:
        message = messages.get()
        # From here on, its death counts against the job.
        _send(out, json.dumps({"begun": True}).encode())
        _serve_job(message, backends, messages, out)

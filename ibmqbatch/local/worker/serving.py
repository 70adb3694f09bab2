"""The life of a worker process, and its conversation with the server.

A message is eight bytes of length, then JSON. A job goes

    server  {"backend", "device", "params", "seconds": s}
    worker  {"begun": true}
    worker  {"needs": bytes, "pub": index, "qubits": n, …}  or {"failed": …}
    server  {"go": true, "seconds": s}                       or {"go": false}, which ends it
    worker  {"completed": …} and a frame with the results    or {"failed": …}

`device` is what the server has to tell about the backend's device, once to each worker: null for
one that has none, or that this worker knows. `seconds` is the processor time that reading the job
may take, then running it: with more the kernel ends the process, by SIGPROF.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
import warnings
from typing import Any, BinaryIO

from .allowance import at_most, prepare
from .backends import Backends
from .errors import JobError, naming_pub
from .forms import PlainForm, TypedForm, now
from .installed import load_qiskit
from .sampler import Pub, read_pubs, run_pub

__all__ = ["serve"]

_MAX_RESULT_BYTES = 500_000_000


def _end_with(parent: int) -> None:
    """Have the kernel kill this process when the server dies, where the kernel can."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before that
            os._exit(1)


def _read_messages(stream: BinaryIO, messages: queue.Queue[dict[str, Any]]) -> None:
    """Pass on every message; end the process when the server closes the stream."""
    while len(head := stream.read(8)) == 8:
        size = int.from_bytes(head, "big")
        data = stream.read(size)
        if len(data) < size:
            break
        messages.put(json.loads(data))
    os._exit(0)


def _send(stream: BinaryIO, *frames: bytes) -> None:
    """Send frames, each with its length before it."""
    for frame in frames:
        stream.write(len(frame).to_bytes(8, "big"))
        stream.write(frame)
    stream.flush()


def _run_job(pubs: list[Pub], params: dict[str, Any]) -> bytes:
    """Run all pubs and return the results as they go over the wire.

    An execution's seed is that of the job plus the number of those before it, so that a sweep gives
    the same counts as its points do, each as a pub of its own, in one job or in several.
    """
    seed = ((params.get("options") or {}).get("simulator") or {}).get("seed_simulator")
    form = TypedForm() if params.get("support_qiskit") else PlainForm()
    results, spans = [], []
    executed = 0
    for index, pub in enumerate(pubs):
        with naming_pub(index):
            start = now()
            data = run_pub(pub, None if seed is None else seed + executed)
            executed += pub.executions
            spans.append(form.span(index, pub, start, now()))
            results.append(form.pub(pub, data))
    body = json.dumps(form.document(results, spans), separators=(",", ":")).encode()
    if len(body) > _MAX_RESULT_BYTES:
        raise JobError(
            5302,
            f"The results take {len(body)} bytes, more than {_MAX_RESULT_BYTES}.",
            "Run fewer shots or circuits in a job.",
        )
    return body


def _needs(pubs: list[Pub]) -> dict[str, Any]:
    """Return what running the pubs takes: the memory, and from what the time can be told."""
    largest = max(range(len(pubs)), key=lambda index: pubs[index].working_bytes)
    return {
        "needs": pubs[largest].working_bytes + sum(pub.result_bytes for pub in pubs),
        "pub": largest,
        "qubits": pubs[largest].plan.qubits,
        "circuits": sum(pub.executions for pub in pubs),
        "shots": sum(pub.executions * pub.shots for pub in pubs),
        "estimate": sum(pub.seconds for pub in pubs),
    }


def _serve_job(
    message: dict[str, Any],
    backends: Backends,
    messages: queue.Queue[dict[str, Any]],
    out: BinaryIO,
) -> None:
    """Read one job, ask for memory, run it, send the results."""
    params = message["params"]
    version = ""
    begun = time.process_time()
    try:
        with at_most(message["seconds"]):
            version = load_qiskit()
            pubs = read_pubs(params, backends.get(message["backend"], message["device"]))
            ask = _needs(pubs)
        _send(out, json.dumps(ask).encode())
        answer = messages.get()
        if not answer["go"]:
            return
        begun = time.process_time()
        with at_most(answer["seconds"]):
            body = _run_job(pubs, params)
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
            # What is half imported stays so. The next job has a fresh process, perhaps a Qiskit.
            os._exit(0)
        return
    completed = {"seconds": time.process_time() - begun, "qiskit": version}
    _send(out, json.dumps({"completed": completed}).encode(), body)


def serve(parent: int) -> None:
    """Serve jobs until the server, the process `parent`, goes away."""
    _end_with(parent)
    prepare()
    # What a library prints must not end up between the messages.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    messages: queue.Queue[dict[str, Any]] = queue.Queue()
    reader = threading.Thread(target=_read_messages, args=(sys.stdin.buffer, messages), daemon=True)
    reader.start()
    warnings.simplefilter("ignore")  # Terra warns about itself, Aer about Terra
    with contextlib.suppress(JobError):  # what is missing, the first job is told
        load_qiskit()  # before it asks
    backends = Backends()
    while True:
        message = messages.get()
        # From here on its death can be laid to the job.
        _send(out, json.dumps({"begun": True}).encode())
        _serve_job(message, backends, messages, out)

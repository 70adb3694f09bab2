"""The benchmarks, by name. Each yields its measurements."""

from __future__ import annotations

import base64
import io
import math
import os
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from ibmqbatch.jobset.advance import follow, try_advance
from ibmqbatch.jobset.plan import make_plan
from ibmqbatch.jobset.request import Request, check_request
from ibmqbatch.jobset.standing import is_sent, is_settled
from ibmqbatch.jobset.view import set_data
from ibmqbatch.jobset.work import IN_FLIGHT
from ibmqbatch.service.accounts import find_account
from ibmqbatch.service.client import PAGE
from ibmqbatch.service.types import Backend
from tests.bench.inputs import compiling, reading
from tests.bench.measure import Measurement, medians, timed
from tests.bench.sets import (
    SMALL,
    TimedClient,
    environment,
    planned,
    random_circuits,
    submitted,
    write_circuits,
)
from tests.bench.stub import Stub
from tests.manifest.conftest import write_set

SCRIPT = str(Path(sys.executable).with_name("ibmqbatch"))
BARE = (sys.executable, "-c", "import typer, rich.table")
ROUND_TRIP = 0.05  # seconds


def _run(*words: str) -> str:
    done = subprocess.run(
        words, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return done.stdout.strip()


def _process(*words: str) -> Callable[[], float]:
    return lambda: timed(lambda: _run(*words))


def startup() -> Iterator[Measurement]:
    """Whole processes: `--version`, and `status` of a set that is closed."""
    with environment() as variables:
        circuit = Path(variables["IBMQBATCH_HOME"], "circuit.qasm")
        circuit.write_text(SMALL)
        try:
            job_set = _run(SCRIPT, "submit", str(circuit), "--wait", "--quiet")
        finally:
            _run(SCRIPT, "serve", "--stop")
        runs = {
            "bare": _process(*BARE),
            "--version": _process(SCRIPT, "--version"),
            "status": _process(SCRIPT, "status", job_set),
        }
        found = medians(runs, 10)
    bare = found.pop("bare")
    for name, figure in found.items():
        yield Measurement(f"start-up, {name}", figure, bare, 1.6)


def completion() -> Iterator[Measurement]:
    """Whole processes: what a shell waits for after TAB, with 200 sets on disk.

    The bound keeps it under 150 ms where the reference takes 60.
    """
    bare = (sys.executable, "-c", "import typer")
    with environment(_IBMQBATCH_COMPLETE="complete_zsh"):
        for number in range(200):
            write_set(3, name=f"set {number}", tags=(f"tag {number}",))
        runs = {
            "bare": _process(*bare),
            "verbs": _process(SCRIPT, ""),
            "sets": _process(SCRIPT, "status", ""),
            "backends": _process(SCRIPT, "submit", "--backend", ""),
        }
        found = medians(runs, 10)
    reference = found.pop("bare")
    for name, figure in found.items():
        yield Measurement(f"completion, {name}", figure, reference, 2.4)


def submit() -> Iterator[Measurement]:
    """Send 200 jobs: from the first POST until the last id is in the manifest."""
    jobs = 200

    def once() -> float:
        with Stub(ROUND_TRIP) as stub, planned(stub, jobs) as work:
            follow(work, is_sent)
            ended = time.perf_counter()
            assert isinstance(work.client, TimedClient)
            assert stub.take_counts()["submit"] == jobs
            return 1000 * (ended - work.client.first_submit)

    yield Measurement(f"submit, {jobs} jobs", medians({"": once}, 5)[""], _ideal(jobs), 1.25)


def results() -> Iterator[Measurement]:
    """Fetch the results of 200 jobs that are done, after one page of their states."""
    jobs = 200

    def once() -> float:
        with Stub(ROUND_TRIP) as stub, submitted(stub, jobs) as work:
            stub.finish_jobs()
            return timed(lambda: follow(work, is_settled))

    reference = _ideal(jobs) + 1000 * ROUND_TRIP
    yield Measurement(f"results, {jobs} jobs", medians({"": once}, 3)[""], reference)


def _ideal(requests: int) -> float:
    """Return the milliseconds of so many requests, were nothing to be done but to wait for them."""
    return 1000 * ROUND_TRIP * math.ceil(requests / IN_FLIGHT)


def refresh() -> Iterator[Measurement]:
    """Refresh 1,000 jobs: how many requests, and how long over those requests' own time."""
    jobs = 1000
    with Stub(ROUND_TRIP) as stub, submitted(stub, jobs) as work:
        elapsed = timed(lambda: try_advance(work, sending=False, fetching=False))
        requests = stub.take_counts().total()
    pages = jobs // PAGE
    yield Measurement(f"refresh, {jobs} jobs", requests, pages, 1.0, "requests")
    yield Measurement(f"refresh, {jobs} jobs", elapsed, 1000 * ROUND_TRIP * pages)


def resume() -> Iterator[Measurement]:
    """Resume a set of 200 jobs that all run: one listing, and a whole process."""
    with Stub(ROUND_TRIP) as stub, submitted(stub, 200) as work:
        words = (SCRIPT, "resume", work.manifest.job_set().id)
        _run(*words)
        requests = stub.take_counts()
        yield Measurement("resume, nothing to do", requests["list"], 1, 1.0, "requests")
        found = medians({"bare": _process(*BARE), "resume": _process(*words)}, 10)
    yield Measurement("resume, nothing to do", found["resume"], found["bare"])


def plan() -> Iterator[Measurement]:
    """Plan 1,000 small circuits: against parsing and encoding the same texts, and nothing else."""
    circuits = 1000
    texts = random_circuits(circuits)
    backend = Backend("ideal_simulator", 30, True, None, None, True, None, {"n_qubits": 30})
    with environment(IBMQBATCH_ACCOUNT="local"):
        folder = write_circuits(Path(os.environ["IBMQBATCH_HOME"], "circuits"), texts)
        request = check_request(Request((folder,)))
        account = find_account()

        def ours() -> None:
            made, _ = make_plan(request, account, backend, "an instance", lambda *_: None)
            assert made.total_circuits == circuits

        runs = {"ours": lambda: timed(ours), "bare": lambda: timed(lambda: _encode(texts))}
        found = medians(runs, 5)
    yield Measurement(f"plan, {circuits} circuits", found["ours"], found["bare"], 1.5)


def frame() -> Iterator[Measurement]:
    """Draw a set of 5,000 jobs on a screen of 200 by 60: within 30 ms."""
    from rich.console import Console

    from ibmqbatch.render.tables import job_set_view

    with Stub(0) as stub, planned(stub, 5000) as work:
        item = set_data(work.manifest.job_set(), work.manifest.jobs())
    console = Console(file=io.StringIO(), force_terminal=True, width=200, height=60)

    def draw() -> None:
        console.print(job_set_view(item, rows=console.height, width=console.width))

    drawn = medians({"": lambda: timed(draw)}, 20)[""]
    yield Measurement("frame, 5000 jobs", drawn, 30, 1.0)


def _encode(texts: list[str]) -> None:
    from qiskit import qasm2, qpy

    for text in texts:
        circuit = qasm2.loads(text, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)
        buffer = io.BytesIO()
        qpy.dump(circuit, buffer)
        base64.b64encode(zlib.compress(buffer.getvalue()))


CASES = {
    case.__name__: case
    for case in (startup, completion, submit, refresh, plan, resume, results, frame)
} | {"read": reading, "compile": compiling}

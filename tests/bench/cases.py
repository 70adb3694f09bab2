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
from statistics import median

from ibmqbatch.accounts.find import find_account
from ibmqbatch.jobset.advance import follow, try_advance
from ibmqbatch.jobset.documents import set_data
from ibmqbatch.jobset.job_writer import JobWriter
from ibmqbatch.jobset.plan import make_plan
from ibmqbatch.jobset.request import Request, check_request
from ibmqbatch.jobset.tags import labels
from ibmqbatch.jobset.work import IN_FLIGHT, Work
from ibmqbatch.manifest.snapshot import Snapshot
from ibmqbatch.manifest.submissions import Intent
from ibmqbatch.service.client import PAGE
from ibmqbatch.service.models import Backend
from tests.bench.inputs import reading
from tests.bench.managed import manager
from tests.bench.measure import Measurement, medians, timed, worked
from tests.bench.processes import client, cluster, detached
from tests.bench.report import report
from tests.bench.sets import (
    SMALL,
    TimedClient,
    environment,
    planned,
    random_circuits,
    submitted,
    write_circuits,
)
from tests.bench.simulating import simulate, simulate_all
from tests.bench.watching import watching, watching_large
from tests.support.manifests import write_set
from tests.support.stub import BACKEND, Stub

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
            follow(work, Snapshot.is_sent)
            ended = time.perf_counter()
            assert isinstance(work.client, TimedClient)
            assert stub.take_counts()["submit"] == jobs
            return 1000 * (ended - work.client.first_submit)

    yield Measurement(f"submit, {jobs} jobs", medians({"": once}, 5)[""], _ideal(jobs), 1.25)


def batch() -> Iterator[Measurement]:
    """Send 100 jobs of 20 circuits: against the requests' own time and writing their bodies."""
    jobs, circuits = 100, 20
    writing: list[float] = []

    def once() -> float:
        with Stub(ROUND_TRIP) as stub, planned(stub, jobs, circuits) as work:
            writing.append(timed(lambda: _write_bodies(work)))
            follow(work, Snapshot.is_sent)
            ended = time.perf_counter()
            assert isinstance(work.client, TimedClient)
            assert stub.take_counts()["submit"] == jobs
            return 1000 * (ended - work.client.first_submit)

    taken = medians({"": once}, 5)[""]
    reference = _ideal(jobs) + median(writing)
    yield Measurement(f"submit, {jobs} jobs of {circuits}", taken, reference, 1.25)


def _write_bodies(work: Work) -> None:
    """Write the body of every job of a set, without sending it."""
    record = work.manifest.job_set()
    for job in work.manifest.jobs():
        intent = Intent(job.index, 1, "n", job.first_place, job.last_place, job.repeat, job.shots)
        pubs = work.manifest.pubs(job.first_place, job.last_place)
        JobWriter(record, "sampler", None).body(intent, pubs, labels(record, intent, intent))


def memory() -> Iterator[Measurement]:
    """The most memory that `submit` takes: 100 jobs of 127-qubit circuits against 10 of them."""
    few, many, circuits = 10, 100, 20
    text = random_circuits(1, 127, 600)[0]

    def peak(jobs: int) -> float:
        with Stub() as stub, environment(**stub.environment) as variables:
            home = Path(variables["IBMQBATCH_HOME"])
            folder = write_circuits(home / "circuits", jobs * circuits * [text])
            words = (SCRIPT, "submit", str(folder), "--backend", BACKEND, "--quiet")
            with (home / "output").open("wb") as output:
                process = subprocess.Popen(
                    (*words, "--max-circuits", str(circuits)), stdout=output, stderr=output
                )
                _, status, used = os.wait4(process.pid, 0)
            assert status == 0, (home / "output").read_text()
            assert stub.take_counts()["submit"] == jobs
            return used.ru_maxrss / 1000

    yield Measurement(f"memory, {many} jobs", peak(many), peak(few), 1.1, "MB")


def results() -> Iterator[Measurement]:
    """Fetch the results of 200 jobs that are done, after one page of their states."""
    jobs = 200

    def once() -> float:
        with Stub(ROUND_TRIP) as stub, submitted(stub, jobs) as work:
            stub.finish_jobs()
            return timed(lambda: follow(work, Snapshot.is_settled))

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
    # Over what any command of Python takes to start, with the libraries it needs.
    over = found["resume"] - found["bare"]
    yield Measurement("resume, beyond start-up", over, 300, 1.0)


def plan() -> Iterator[Measurement]:
    """Plan 1,000 small circuits: against parsing and encoding the same texts, and nothing else.

    Both on one processor.
    """
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

        runs = {"ours": lambda: worked(ours), "bare": lambda: worked(lambda: _encode(texts))}
        found = medians(runs, 7)
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
    for case in (startup, completion, submit, batch, refresh, plan, resume, results, frame, memory)
} | {"read": reading, "manager": manager}
CASES |= {case.__name__: case for case in (detached, client, report, simulate)}

# Those that take minutes, and are run when they are named.
LONG = {case.__name__: case for case in (cluster, simulate_all, watching, watching_large)}

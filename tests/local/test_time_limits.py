"""How long jobs may take, in processor time, and what becomes of those that take longer."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Terra and Aer warn about each other
    from qiskit import QuantumCircuit

from ibmqbatch.local.backends import BackendTable
from ibmqbatch.local.pool import seconds_to_read, seconds_to_run
from ibmqbatch.local.process import Worker, WorkerDiedError
from ibmqbatch.local.worker.backends import Backends
from ibmqbatch.local.worker.sampler import SamplerJob
from ibmqbatch.local.worker.serving import limit_time, prepare_time_limits
from tests.support.service import Client, LocalServer
from tests.support.waiting import wait_until

from .support import bell, encode, endless, slow

NewServer = Callable[..., LocalServer]


def test_a_job_that_takes_longer_than_it_may_is_ended_as_ibm_does(client: Client) -> None:
    job = client.wait(client.submit(endless(), cost=1))
    assert job["status"] == "Cancelled - Ran too long"
    state = job["state"]
    assert (state["status"], state["reason_code"]) == ("Cancelled", 1305)
    assert state["reason"].startswith("Ran too long: ")
    assert "1 s of processor time" in state["reason"]
    assert "max_execution_time" in state["reason_solution"]
    assert client.get(f"/jobs/{job['id']}/results").status_code == 204
    usage = {"qpu_charge_time_seconds": 1, "status": "complete"}
    assert client.get(f"/jobs/{job['id']}/metrics").json()["usage"] == usage


def test_other_jobs_go_on_when_one_ran_too_long(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        ended = client.submit(endless(), cost=1, private=True)
        after = client.submit([bell(), None, 1])
        assert client.wait(after)["status"] == "Completed"
        assert client.job(ended)["state"]["reason_code"] == 1305
    # It is not tried again, and what was private is gone with it.
    assert server.rows("SELECT starts FROM jobs") == [(1,), (1,)]
    assert not server.rows("SELECT id FROM jobs JOIN params USING (seq) WHERE private")


def test_the_limit_of_a_job_is_not_that_of_the_next(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        client.run([bell(), None, 1], cost=1)
        pub = slow()
        pub[2] = 4000  # about two seconds
        client.run(pub)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_cancelling_ends_the_worker_of_a_circuit_that_never_ends(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        job_id = client.submit(endless())
        client.wait(job_id, "Running")
        (pid,) = wait_until(server.workers)
        assert client.call("POST", f"/jobs/{job_id}/cancel").status_code == 204
        assert client.job(job_id)["status"] == "Cancelled"
        wait_until(lambda: pid not in server.workers())
        client.run([bell(), None, 1])


@pytest.mark.slow
def test_a_job_that_says_no_limit_has_one(client: Client) -> None:
    job_id = client.submit(endless(), [bell(), None, 4000])
    # More than a minute of processor time is more minutes on a machine that is busy.
    wait_until(lambda: client.job(job_id)["state"]["status"] == "Cancelled", seconds=900)
    state = client.job(job_id)["state"]
    assert state["reason_code"] == 1305
    assert f" {seconds_to_run(2, 4001, 0)} s " in state["reason"]


def test_the_limit_grows_with_circuits_and_shots_up_to_three_hours() -> None:
    least = seconds_to_run(1, 1, 0)
    assert least >= 60
    assert seconds_to_run(300, 1, 0) > least
    assert seconds_to_run(1, 1_000_000, 0) > least
    assert seconds_to_run(1, 1, 80) > 10 * 80
    assert seconds_to_run(300, 10_000_000, 1e9) == 10_800
    assert seconds_to_read(100_000) > seconds_to_read(100)
    assert seconds_to_read(300_000_000) == 10_800
    assert seconds_to_read(300_000_000, cost=1) == 11


def test_the_estimate_counts_the_turns_of_loops() -> None:
    circuit = QuantumCircuit(1, 1)
    with circuit.for_loop(range(1000)), circuit.for_loop(range(10)):
        circuit.x(0)
    circuit.measure(0, 0)
    ideal = Backends().get(BackendTable(2**30)["ideal_simulator"].worker, None)
    once, often = (
        sum(
            run.seconds
            for run in SamplerJob({"pubs": [[encode(circuit), None, shots]]}, ideal).runs
        )
        for shots in (1, 100)
    )
    assert often == pytest.approx(100 * once)
    assert once > 10_000 * 1e-6


def test_reading_a_job_has_a_limit_too(tmp_path: Path, worker_python: str) -> None:
    params = json.dumps({"pubs": [[bell(), None, 1]] * 1000, "version": 2}).encode()
    program = Worker(worker_python, 1, tmp_path / "workers.log")
    try:
        program.send_job("sampler", BackendTable(2**30)["ideal_simulator"], params, 0)
        with pytest.raises(WorkerDiedError):
            program.receive()
        assert program.ran_too_long
    finally:
        program.close()


def limited(seconds: float | str, work: str) -> int:
    """Return how a process ends that does some work within a limit, as a worker does it."""
    program = (
        "import time\n"
        "from ibmqbatch.local.worker.serving import limit_time, prepare_time_limits\n"
        "prepare_time_limits()\n"
        f"with limit_time({seconds}):\n    {work}\n"
    )
    return subprocess.run([sys.executable, "-c", program], check=False).returncode


def test_time_in_which_a_process_does_nothing_does_not_count() -> None:
    assert limited(0.1, "time.sleep(0.5)") == 0
    assert limited(0.1, "[... for _ in iter(int, 1)]") == -signal.SIGPROF


def test_time_by_the_clock_is_limited_where_a_job_says_so() -> None:
    assert limited("60, 0.1", "time.sleep(60)") == -signal.SIGALRM
    assert limited("60, 30", "time.sleep(0.1)") == 0


def test_the_limit_holds_where_its_signal_is_ignored() -> None:
    before = signal.signal(signal.SIGPROF, signal.SIG_IGN)  # which a child inherits
    try:
        assert limited(0.1, "while True: pass") == -signal.SIGPROF
    finally:
        signal.signal(signal.SIGPROF, before)


def test_the_time_of_all_threads_counts() -> None:
    work = (
        "import hashlib, threading; data = bytes(10**7)\n"
        "    hash = lambda: [hashlib.sha256(data) for _ in range(1000)]\n"
        "    threads = [threading.Thread(target=hash) for _ in range(2)]\n"
        "    [thread.start() for thread in threads]; threads[0].join()"
    )
    assert limited(0.2, work) == -signal.SIGPROF


def test_a_platform_that_limits_nothing_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(signal, "setitimer")
    prepare_time_limits()
    assert "limits no processor time" in capsys.readouterr().err
    with limit_time(0.001):
        assert sum(range(1_000_000))

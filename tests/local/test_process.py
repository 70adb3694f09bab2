"""The life of the service process and of its workers."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from ibmqbatch.local import http
from ibmqbatch.local.http import ApiError
from tests.support.service import Client, LocalServer
from tests.support.waiting import wait_until

from .support import bell, dense, encode, error, measured, slow

NewServer = Callable[..., LocalServer]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def busy_worker(server: LocalServer) -> int:
    (pid,) = wait_until(server.workers)
    return pid


def begun(server: LocalServer, client: Client, pub: list[object]) -> tuple[str, int]:
    """Submit a job, wait until a worker runs it, and return the ids of the job and the process."""
    client.run([bell(), None, 1])  # what it loads before its first job takes time, too
    pid = busy_worker(server)
    before = processor_time(pid)
    job_id = client.submit(pub)
    wait_until(lambda: processor_time(pid) > before + 0.1)
    return job_id, pid


def processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_service_file_tells_its_owner_alone_how_to_connect(local_server: LocalServer) -> None:
    service = local_server.service
    assert set(service) == {
        "protocol",
        "version",
        "pid",
        "url",
        "api_key",
        "crn",
        "backends",
        "started_at",
    }
    assert service["url"].startswith("http://127.0.0.1:")
    for name in ("service.json", "key", "jobs.sqlite", "service.lock", "workers.log"):
        mode = stat.S_IMODE((local_server.folder / name).stat().st_mode)
        assert mode == 0o600, name
    assert stat.S_IMODE(local_server.folder.stat().st_mode) == 0o700


def test_foreground_prints_how_to_connect(new_server: NewServer) -> None:
    server = new_server("--foreground").start()
    service = server.service
    assert server.process is not None
    assert server.process.stdout is not None
    lines = [server.process.stdout.readline().decode() for _ in range(3)]
    assert lines == [
        f"url: {service['url']}/api/v1\n",
        f"api key: {service['api_key']}\n",
        f"instance: {service['crn']}\n",
    ]


def test_only_loopback_is_served(local_server: LocalServer) -> None:
    port = int(local_server.service["url"].rpartition(":")[2])
    with pytest.raises(OSError, match=r"refused|unreachable"):
        socket.create_connection(("127.0.0.2", port), timeout=5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(new_server: NewServer, number: int) -> None:
    server = new_server().start()
    assert server.end(number) == 0
    assert not (server.folder / "service.json").exists()


def test_a_request_ends_it_cleanly(new_server: NewServer) -> None:
    server = new_server().start()
    service = server.service
    headers = {"Authorization": f"apikey {service['api_key']}"}
    assert httpx.post(f"{service['url']}/local/stop", headers=headers).status_code == 204
    assert server.process is not None
    assert server.process.wait(20) == 0
    assert not (server.folder / "service.json").exists()


def test_a_folder_has_one_server(local_server: LocalServer) -> None:
    second = local_server.spawn()
    _, message = second.communicate(timeout=20)
    assert second.returncode == 1
    assert message.decode().startswith("error: Another local service is running")
    assert message.count(b"\n") == 2


def test_a_port_in_use_is_a_sentence(local_server: LocalServer, new_server: NewServer) -> None:
    port = local_server.service["url"].rpartition(":")[2]
    second = new_server().spawn("--port", port)
    _, message = second.communicate(timeout=20)
    assert second.returncode == 1
    assert f"Port {port}" in message.decode()
    assert b"Traceback" not in message


def test_a_port_can_be_chosen(new_server: NewServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = new_server("--port", str(port)).start()
    assert server.service["url"] == f"http://127.0.0.1:{port}"


def test_the_key_outlives_the_process_and_so_do_tokens(new_server: NewServer) -> None:
    server = new_server().start()
    key = server.service["api_key"]
    with server.client() as client:
        server.end()
        server.start()
        assert server.service["api_key"] == key
        client.http.base_url = httpx.URL(server.service["url"])
        assert client.get("/jobs").status_code == 200


def test_the_key_can_be_given_in_a_file(new_server: NewServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("my-own-key\n")
    server = new_server("--token-file", str(tmp_path / "token")).start()
    assert server.service["api_key"] == "my-own-key"


@pytest.mark.parametrize("content", [None, "", "two words"])
def test_a_token_file_without_a_key_is_a_sentence(
    new_server: NewServer, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    process = new_server().spawn("--token-file", str(tmp_path / "token"))
    _, message = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"Traceback" not in message


def test_a_damaged_store_is_a_sentence(new_server: NewServer) -> None:
    server = new_server()
    server.folder.mkdir(parents=True)
    (server.folder / "jobs.sqlite").write_bytes(b"not a database" * 100)
    process = server.spawn()
    _, message = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"jobs.sqlite" in message
    assert b"Traceback" not in message


def test_the_server_never_imports_qiskit_or_numpy(tmp_path: Path) -> None:
    program = (
        "import json, sys, atexit\n"
        "from ibmqbatch.local.__main__ import main\n"
        "from ibmqbatch.local.backends import BackendTable\n"
        "assert all(backend.device for backend in list(BackendTable(2**30).values())[1:])\n"
        "code = main(['--idle-exit', '0.1'])\n"
        "assert code == 0, code\n"
        "roots = {name.partition('.')[0] for name in sys.modules}\n"
        "rooms = {name for name in sys.modules if name.startswith('ibmqbatch.')}\n"
        "print(json.dumps([sorted(roots), sorted(rooms)]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "IBMQBATCH_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=30,
    )
    roots, rooms = json.loads(done.stdout)
    assert not {"qiskit", "qiskit_aer", "numpy", "httpx"} & set(roots)
    outside = {name for name in rooms if not name.startswith("ibmqbatch.local")}
    shared = ("errors", "exitcodes", "files", "paths", "transactions")
    assert outside <= {f"ibmqbatch.{name}" for name in shared}


def test_it_ends_when_idle_but_not_with_unfinished_jobs(new_server: NewServer) -> None:
    job = slow()  # made before the clock runs
    server = new_server("--idle-exit", "1", "--workers", "1").start()
    with server.client() as client:
        crn = client.http.headers["Service-CRN"]
        job_id = client.submit(job)
    assert server.process is not None
    # Long past the idle time, and the job still runs.
    with pytest.raises(subprocess.TimeoutExpired):
        server.process.wait(2.5)
    with server.client(crn) as client:
        assert client.call("POST", f"/jobs/{job_id}/cancel").status_code == 204
    assert server.process.wait(20) == 0
    assert not (server.folder / "service.json").exists()


@linux_only
def test_kill_9_loses_no_job_and_leaves_no_worker(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        crn = client.http.headers["Service-CRN"]
        running = client.submit(medium())
        queued = client.submit([bell(), None, 10])
        client.wait(running, "Running")
    pids = server.workers()
    assert pids
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    states = server.rows("SELECT id, status, starts, completions FROM jobs ORDER BY seq")
    assert states == [(running, "Running", 1, 0), (queued, "Queued", 0, 0)]
    wait_until(lambda: not any(alive(pid) for pid in pids))
    assert (server.folder / "service.json").exists()
    server.start()
    with server.client(crn) as client:
        assert client.wait(running)["status"] == "Completed"
        assert client.wait(queued)["status"] == "Completed"
    states = server.rows("SELECT status, starts, completions FROM jobs ORDER BY seq")
    assert states == [("Completed", 2, 1), ("Completed", 1, 1)]


def medium() -> list[object]:
    """Return a pub that runs for about two seconds."""
    pub = slow()
    pub[2] = 4000
    return pub


@linux_only
def test_a_clean_stop_puts_the_running_job_back(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        job_id = client.submit(slow())
        client.wait(job_id, "Running")
    pids = server.workers()
    server.end()
    assert not any(alive(pid) for pid in pids)
    server.start()
    with server.client() as client:
        wait_until(lambda: server.rows("SELECT starts FROM jobs") == [(2,)])


@linux_only
def test_a_job_whose_worker_dies_is_tried_again(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        job_id, pid = begun(server, client, medium())
        os.kill(pid, signal.SIGKILL)
        assert client.wait(job_id)["status"] == "Completed"
    starts = server.rows("SELECT starts, completions FROM jobs WHERE id = ?", job_id)
    assert starts == [(2, 1)]


@linux_only
def test_a_job_whose_worker_dies_twice_fails(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        job_id, pid = begun(server, client, slow())
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: server.rows("SELECT starts FROM jobs WHERE id = ?", job_id) == [(2,)])
        os.kill(busy_worker(server), signal.SIGKILL)
        state = client.wait(job_id)["state"]
        assert state["status"] == "Failed"
        assert "worker" in state["reason"]
        assert "died" in state["reason"]
        client.run([bell(), None, 1])


def dies_idle(server: LocalServer, client: Client, pub: list[object]) -> str:
    """Submit a job to an idle worker that dies as it comes, before it has begun it."""
    client.run([bell(), None, 1])
    idle = busy_worker(server)
    # A process that is being taken apart still takes what is written to it, as one that is stopped.
    os.kill(idle, signal.SIGSTOP)
    job_id = client.submit(pub)
    client.wait(job_id, "Running")
    os.kill(idle, signal.SIGKILL)
    wait_until(lambda: idle not in server.workers())
    return job_id


@linux_only
def test_the_death_of_an_idle_worker_is_not_laid_to_the_next_job(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        job_id = dies_idle(server, client, [bell(), None, 1])
        assert client.wait(job_id)["status"] == "Completed"
    assert server.rows("SELECT starts FROM jobs") == [(1,), (1,)]


@linux_only
def test_after_the_death_of_an_idle_worker_a_job_has_two_tries(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        job_id = dies_idle(server, client, medium())
        os.kill(busy_worker(server), signal.SIGKILL)
        assert client.wait(job_id)["status"] == "Completed"
    assert server.rows("SELECT starts FROM jobs WHERE id = ?", job_id) == [(2,)]


def test_a_worker_that_cannot_start_fails_the_job(new_server: NewServer) -> None:
    server = new_server("--worker-python", "/nonexistent/python").start()
    with server.client() as client:
        assert "/nonexistent/python" in client.fail([bell()])["reason"]
    server = new_server("--worker-python", "/bin/false").start()
    with server.client() as client:
        assert "died" in client.fail([bell()])["reason"]


def test_a_queued_job_is_cancelled_and_never_runs(new_server: NewServer) -> None:
    server = new_server("--workers", "1").start()
    with server.client() as client:
        first, second = client.submit(slow()), client.submit([bell(), None, 1])
        client.wait(first, "Running")
        assert client.job(second)["status"] == "Queued"
        assert client.get("/backends").json()["devices"][0]["queue_length"] == 1
        assert client.call("POST", f"/jobs/{second}/cancel").status_code == 204
        client.call("POST", f"/jobs/{first}/cancel")
        client.run([bell(), None, 1])
        assert client.job(second)["status"] == "Cancelled"
    assert server.rows("SELECT starts FROM jobs WHERE id = ?", second) == [(0,)]


def wide(qubits: int, shots: int) -> list[object]:
    """Return a pub that needs a state vector of that many qubits; every shot is run anew."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(qubits, 1)
    circuit.h(range(qubits))
    for qubit in range(qubits - 1):
        circuit.cx(qubit, qubit + 1)
    circuit.measure(qubits - 1, 0)
    circuit.h(qubits - 1)
    circuit.measure(qubits - 1, 0)
    return [encode(circuit), None, shots]


def test_a_circuit_over_the_memory_fails_with_a_sentence(new_server: NewServer) -> None:
    server = new_server("--memory", str(2**24)).start()
    with server.client() as client:
        state = client.fail([bell(), None, 1], [encode(measured(dense(24))), None, 1])
        assert state["reason_code"] == 1520
        assert "Pub 1" in state["reason"]
        assert "24 active qubits" in state["reason"]
        client.run(wide(19, 1))


def test_workers_share_the_memory_and_a_waiting_job_can_be_cancelled(
    new_server: NewServer,
) -> None:
    # Room for one of the wide jobs, not for two.
    server = new_server("--memory", str(3 * 2**22 + 2**28), "--workers", "2").start()
    with server.client() as client:
        first = client.submit([*wide(18, 1_000_000)])
        client.wait(first, "Running")
        second = client.submit([*wide(18, 1_000_000)])
        client.wait(second, "Running")
        assert client.call("POST", f"/jobs/{second}/cancel").status_code == 204
        third = client.submit([bell(), None, 10])
        assert client.wait(third)["status"] == "Completed"
        assert client.job(first)["status"] == "Running"
        client.call("POST", f"/jobs/{first}/cancel")


def test_submissions_over_the_rate_are_refused(new_server: NewServer) -> None:
    server = new_server("--submissions-per-minute", "3").start()
    with server.client() as client:
        for _ in range(3):
            client.submit([bell(), None, 1])
        reply = client.post([bell(), None, 1])
        assert error(reply) == (429, 1202)
        assert 55 <= int(reply.headers["Retry-After"]) <= 61
        assert "3 per 1 minute" in reply.json()["errors"][0]["message"]
        assert client.get("/jobs").json()["count"] == 3


def test_the_rate_is_a_sliding_window(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    rate = http.RateLimit(2)
    rate.check()
    now = 30.0
    rate.check()
    with pytest.raises(ApiError) as refused:
        rate.check()
    assert refused.value.retry_after == 31
    now = 60.5
    rate.check()
    with pytest.raises(ApiError):
        rate.check()

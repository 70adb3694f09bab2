"""What a worker is given, and what it makes of jobs that want more."""

from __future__ import annotations

import base64
import io
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ibmqbatch.local.worker import decoding
from tests.support.service import Client, LocalServer
from tests.support.waiting import wait_until

from .support import bell, encode


def blob(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def turned() -> dict[str, str]:
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("a"), 0)
    circuit.measure(0, 0)
    return encode(circuit)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_worker_is_told_no_account(
    new_server: Callable[..., LocalServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("IBMQBATCH_TOKEN", "QISKIT_IBM_TOKEN", "QISKIT_IBM_INSTANCE", "IAM_URL"):
        monkeypatch.setenv(name, "very-secret")
    server = new_server().start()
    for pid in wait_until(server.workers):
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"very-secret" not in environment
        assert server.service["api_key"].encode() not in environment
        assert server.service["api_key"].encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_worker_holds_neither_the_socket_nor_the_jobs(
    new_server: Callable[..., LocalServer],
) -> None:
    server = new_server().start()
    for pid in wait_until(server.workers):
        held = [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
        assert not [name for name in held if "jobs.sqlite" in name or "socket" in name]


def test_what_unpacks_to_more_than_there_is_room_for_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoding, "_LARGEST", 1000)
    assert decoding.decompress(blob(b"x" * 1000)) == b"x" * 1000
    with pytest.raises(zlib.error, match="too large"):
        decoding.decompress(blob(b"x" * 100_000))


def test_job_of_pickles_fails_and_runs_nothing(client: Client, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (open, (str(tmp_path / "was-run"), "w"))

    file = io.BytesIO()
    np.save(file, np.array([Evil()], dtype=object), allow_pickle=True)
    values = {"__type__": "ndarray", "__value__": blob(file.getvalue())}
    state = client.fail([turned(), values, 1])
    assert state["reason_code"] == 3211
    assert not (tmp_path / "was-run").exists()
    assert client.run([bell(), None, 1])["results"]

"""Compiling on a Dask cluster: what comes of it is what comes of it here, whatever dies."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ibmqbatch.circuits.cluster import ClusterPool
from ibmqbatch.circuits.pipeline import Inputs, prepare
from ibmqbatch.circuits.preparer import Preparation
from ibmqbatch.errors import MissingPackage, UsageError
from tests.circuits.devices import line
from tests.circuits.tasks import deadly, died, echo, pid, square
from tests.support.circuits import BELL

ROOT = Path(__file__).parents[2]
PREPARATION = Preparation(level=1, seed=5)


class Cluster:
    """A scheduler and workers of one thread each, as processes of their own."""

    def __init__(self, folder: Path) -> None:
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self._folder = folder
        self.file = folder / "scheduler.json"
        words = ("--port", "0", "--scheduler-file", str(self.file))
        _, told = self._start("scheduler", *words, ready="Scheduler at:")
        self.address = told.split()[-1].replace("tcp", "dask")

    def _start(self, what: str, *words: str, ready: str, **env: str) -> tuple[int, str]:
        """Start a process, and wait until it says so; return its number, and what it says."""
        command = (sys.executable, "-m", f"distributed.cli.dask_{what}", "--no-dashboard")
        command += ("--host", "127.0.0.1", *words)
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self._folder), **env},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._processes[f"{what} {len(self._processes)}" if what == "worker" else what] = process
        assert process.stderr is not None
        return process.pid, next(line for line in process.stderr if ready in line)

    def add_worker(self, **env: str) -> int:
        """Start a worker that comes back when it dies; return the number of its process."""
        words = ("--nthreads", "1", "--local-directory", str(self._folder))
        address = self.address.replace("dask", "tcp")
        return self._start("worker", *words, address, ready="Registered to", **env)[0]

    def kill_scheduler(self) -> None:
        self._processes["scheduler"].kill()
        self._processes["scheduler"].wait()

    def stop(self) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        yield made
    finally:
        made.stop()


def pool(cluster: Cluster, work, stays=lambda _: False) -> ClusterPool:
    return ClusterPool(cluster.address, work, died, stays)


def compiled(path: Path, compute: str | None) -> list[object]:
    inputs = Inputs((path,), compute=compute)
    return list(prepare(inputs, line(3), PREPARATION, lambda *_: None))


@pytest.mark.slow
def test_cluster_compiles_to_the_same_as_this_machine(cluster, circuits):
    cluster.add_worker()
    cluster.add_worker()
    folder = circuits(**{f"c{n}": BELL.replace("h q", f"rx(0.{n}) q[0];\nh q") for n in range(60)})
    assert compiled(folder, cluster.address) == compiled(folder, None)
    assert compiled(folder, str(cluster.file)) == compiled(folder, None)


@pytest.mark.slow
def test_what_needs_other_files_of_this_machine_is_done_here(cluster):
    cluster.add_worker()
    with pool(cluster, pid, stays=lambda number: number % 2 == 0) as workers:
        found = list(workers.map((number, None) for number in range(20)))
    assert set(found[::2]) == {os.getpid()}
    assert os.getpid() not in found[1::2]


@pytest.mark.slow
def test_task_that_workers_die_of_is_told_and_the_others_are_done(cluster):
    cluster.add_worker()
    cluster.add_worker()
    with pool(cluster, deadly) as workers:
        found = list(workers.map((number, None) for number in range(20)))
    assert found == [("died", 7) if number == 7 else number for number in range(20)]


@pytest.mark.slow
def test_worker_that_is_killed_costs_no_task(cluster):
    first = cluster.add_worker()
    cluster.add_worker()
    with pool(cluster, square) as workers:
        answers = workers.map((number, None) for number in range(2000))
        found = [next(answers)]
        os.killpg(first, signal.SIGKILL)
        found += answers
    assert found == [square(number) for number in range(2000)]


@pytest.mark.slow
def test_scheduler_that_is_killed_costs_no_task(cluster, caplog):
    cluster.add_worker()
    with pool(cluster, square) as workers:
        answers = workers.map((number, None) for number in range(2000))
        found = [next(answers)]
        cluster.kill_scheduler()
        found += answers
    assert found == [square(number) for number in range(2000)]
    assert "the rest is done on this machine" in caplog.text


@pytest.mark.slow
def test_worker_with_another_qiskit_is_refused_with_both_versions(cluster, tmp_path):
    metadata = tmp_path / "other" / "qiskit-9.9.9.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: qiskit\nVersion: 9.9.9\n")
    cluster.add_worker(PYTHONPATH=str(metadata.parents[1]))
    with pytest.raises(UsageError, match=r"has qiskit 9\.9\.9; this machine has qiskit \d"):
        pool(cluster, echo).__enter__()


@pytest.mark.slow
def test_worker_with_another_qiskit_that_comes_later_gets_nothing_to_do(cluster, tmp_path):
    metadata = tmp_path / "other" / "qiskit-9.9.9.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: qiskit\nVersion: 9.9.9\n")
    cluster.add_worker()
    with pool(cluster, square) as workers:
        answers = workers.map((number, None) for number in range(3000))
        found = [next(answers)]
        cluster.add_worker(PYTHONPATH=str(metadata.parents[1]))
        found += answers
    assert found == [square(number) for number in range(3000)]


@pytest.mark.slow
def test_cluster_without_workers_is_refused(cluster):
    with pytest.raises(UsageError, match="has no workers"):
        pool(cluster, echo).__enter__()


def test_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("ibmqbatch.circuits.cluster._CONNECTING", 0.1)
    with pytest.raises(UsageError, match="No Dask scheduler answers at dask"):
        ClusterPool("dask://127.0.0.1:1", echo, died, bool).__enter__()


def test_what_is_no_address_is_refused(tmp_path):
    with pytest.raises(UsageError, match="is no scheduler, and no file of one"):
        ClusterPool(str(tmp_path / "none.json"), echo, died, bool).__enter__()


def test_without_dask_the_command_that_installs_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackage, match="Dask, which is not installed"):
        ClusterPool("dask://127.0.0.1:1", echo, died, bool).__enter__()

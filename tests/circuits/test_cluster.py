"""Compiling on a Dask cluster: what comes of it is what comes of it here, whatever dies."""

from __future__ import annotations

import os
import signal
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
from tests.support.cluster import Cluster

PREPARATION = Preparation(level=1, seed=5)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with Cluster(tmp_path) as made:
        yield made


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

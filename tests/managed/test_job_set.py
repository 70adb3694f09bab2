"""Job sets beyond what the old manager could: any thread, any loop, any input, any moment."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, qasm2
from qiskit.providers import JobStatus

from ibmqbatch import IBMQ, IBMQJobManager, ManagedJobSet
from ibmqbatch.clock import Clock
from ibmqbatch.jobset.interrupts import landing
from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.managed import background
from ibmqbatch.managed.background import Submission
from ibmqbatch.managed.exceptions import (
    IBMQError,
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerTimeoutError,
    IBMQManagedResultDataNotAvailable,
)
from ibmqbatch.manifest.manifest import StoredResultError
from tests.bench.sets import environment
from tests.managed.support import (
    BACKEND,
    FULL,
    Gate,
    elsewhere,
    flipped,
    numbered,
    on_service,
    outcome,
    spoiled,
    start,
)
from tests.support.circuits import BELL, basis_state
from tests.support.manifests import write_set
from tests.support.qiskits import needs_qiskit2, needs_terra
from tests.support.stub import BACKEND as STUB
from tests.support.stub import Limits, Stub


@pytest.fixture
def done(service, manager) -> ManagedJobSet:
    """A set of three circuits in two jobs, whose results are here."""
    job_set = manager.run(
        numbered(3), BACKEND, name="three", max_experiments_per_job=2, job_tags=["t"], shots=7
    )
    job_set.results()
    return job_set


def test_texts_and_paths_are_run_as_circuits_are(manager, service, tmp_path: Path):
    path = tmp_path / "one.qasm"
    path.write_text(basis_state("01"))
    job_set = manager.run([flipped("10"), BELL, path, str(path)], BACKEND, shots=4)
    results = job_set.results()
    assert results.get_counts(0) == {"10": 4}
    assert set(results.get_counts(1)) <= {"00", "11"}
    assert results.get_counts(2) == results.get_counts(3) == {"01": 4}
    assert manager.run(basis_state("1"), BACKEND, shots=4).results().get_counts(0) == {"1": 4}
    assert manager.run(path, BACKEND, shots=4).results().get_counts("one") == {"01": 4}


def test_registers_are_written_as_qiskit_writes_them(manager, service):
    a, b = ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(QuantumRegister(3), a, b, metadata={"x": 1})
    circuit.x([0, 2])
    circuit.measure([0, 1, 2], [a[0], a[1], b[0]])
    results = manager.run(circuit, BACKEND, shots=3).results()
    assert results.get_counts(0) == {"1 01": 3}
    assert results.get_memory(0) == ["1 01"] * 3
    assert results.data(0) == {"counts": {"0x5": 3}, "memory": ["0x5"] * 3}
    assert results.combine_results().results[0].header.metadata == {"x": 1}


def test_a_sampler_has_neither_statevector_nor_unitary_and_says_why(done):
    results = done.results()
    for read in (results.get_statevector, results.get_unitary):
        with pytest.raises(IBMQManagedResultDataNotAvailable, match="samples measurements"):
            read(0, decimals=3)


def test_results_can_be_changed_without_changing_those_that_are_kept(done):
    combined = done.results().combine_results()
    combined.results[0].data.counts.clear()
    done.results().get_counts(0)["0000"] = 0
    assert done.results().get_counts(0) == outcome(0, 7)
    assert done.results().combine_results().get_counts(0) == outcome(0, 7)


def test_lists_that_are_returned_are_copies(manager, done):
    for read in (manager.job_sets, done.managed_jobs, done.tags, done.jobs, done.statuses):
        before = read()
        read().clear()
        assert read() == before


def test_a_set_runs_once(service):
    job_set = ManagedJobSet(name="mine")
    assert repr(job_set) == "<ManagedJobSet 'mine', not run>"
    assert job_set.name() == "mine"
    assert job_set.tags() == []
    assert job_set._repr_html_() is None
    for read in (job_set.statuses, job_set.results, job_set.job_set_id, job_set.jobs):
        with pytest.raises(IBMQJobManagerInvalidStateError):
            read()
    with pytest.raises(IBMQJobManagerInvalidStateError):
        job_set.retrieve_jobs(None)
    job_set.run([numbered(2), numbered(1)], BACKEND, None, shots=2)
    assert [job.end_index for job in job_set.managed_jobs()] == [1, 2]
    with pytest.raises(IBMQJobManagerInvalidStateError, match="already been submitted"):
        job_set.run([numbered(1)], BACKEND)


def test_a_set_that_could_not_be_planned_can_be_run_after_all(service):
    job_set = ManagedJobSet()
    with pytest.raises(IBMQJobManagerInvalidStateError):
        job_set.run([], BACKEND)
    job_set.run(numbered(1), BACKEND, shots=2)
    assert job_set.results().success


@needs_terra("Qiskit 2 has no Qobj.")
def test_qobjs_are_those_of_the_circuits(done):
    from qiskit.qobj import QasmQobj

    found = done.qobjs()
    assert all(isinstance(qobj, QasmQobj) for qobj in found)
    assert [len(qobj.experiments) for qobj in found] == [2, 1]


@needs_terra("Qiskit 2 has no Qobj.")
def test_a_job_that_cannot_be_a_qobj_is_none_among_the_others_and_a_warning_says_why(service):
    flowing = QuantumCircuit(1, 1)
    flowing.measure(0, 0)
    with flowing.if_test((flowing.clbits[0], 1)):
        flowing.x(0)
    circuits = [*numbered(1), flowing]
    job_set = IBMQJobManager().run(circuits, BACKEND, max_experiments_per_job=1, shots=2)
    job_set.jobs()
    with pytest.warns(UserWarning, match="cannot be a Qobj, which has no control flow") as caught:
        found = job_set.qobjs()
    assert [qobj is None for qobj in found] == [False, True]
    assert [warning.filename for warning in caught] == [__file__]


@needs_qiskit2("Terra has Qobj.")
def test_where_there_is_no_qobj_one_warning_says_so_of_all_jobs(done):
    with pytest.warns(UserWarning, match="Qiskit 2 has no Qobj") as caught:
        assert done.qobjs() == [None, None]
    assert [warning.filename for warning in caught] == [__file__]


@needs_terra("Qiskit 2 has no Qobj.")
def test_qobjs_are_there_before_the_jobs_are_sent(service):
    job_set = spoiled(numbered(2), max_experiments_per_job=1, shots=2)
    assert [len(qobj.experiments) for qobj in job_set.qobjs()] == [1, 1]


def test_finished_sets_are_read_without_a_service(done, home, monkeypatch):
    set_id = done.job_set_id()
    (home / "local" / "service.json").unlink()
    monkeypatch.setattr("ibmqbatch.service.local_server._start", lambda *_: pytest.fail("started"))
    found = IBMQJobManager().retrieve_job_set(set_id, None)
    assert found.results().combine_results().get_counts() == [outcome(n, 7) for n in range(3)]
    assert "Successful jobs: 2" in found.report()
    assert found.job(2)[1] == 0
    assert found.error_messages() is None
    assert found.jobs()[0].result().get_counts("c1") == outcome(1, 7)


def test_all_of_it_works_inside_a_running_event_loop(service):
    async def program() -> None:
        manager = IBMQJobManager()
        backend = IBMQ.load_account().get_backend(BACKEND)
        job_set = manager.run(numbered(3), backend, max_experiments_per_job=1, shots=2)
        assert len(job_set.statuses()) == 3
        results = job_set.results(timeout=60)
        assert results.get_counts(2) == outcome(2, 2)
        assert job_set.error_messages() is None
        assert job_set.update_tags(additional_tags=["x"]) == ["x"]
        job_set.cancel()
        assert None not in job_set.jobs()
        fresh = IBMQJobManager().retrieve_job_set(job_set.job_set_id(), None, refresh=True)
        assert fresh.report() == job_set.report()

    asyncio.run(program())


def test_results_are_read_by_several_threads_at_once(manager, service):
    results = manager.run(numbered(16), BACKEND, max_experiments_per_job=1, shots=2).results()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(results.get_counts, [*range(16)] * 4))
    assert found == [outcome(n, 2) for n in range(16)] * 4


def test_several_sets_are_sent_at_once(manager, service):
    sets = [
        manager.run(numbered(3), BACKEND, name=str(n), max_experiments_per_job=1, shots=2)
        for n in range(4)
    ]
    assert all(job_set.results(timeout=60).success for job_set in sets)
    assert [each.name() for each in manager.job_sets()] == ["0", "1", "2", "3"]
    assert manager.job_sets("2") == [sets[2]]
    assert manager.job_sets("9") == []
    assert "Total jobs: 12" in manager.report(detailed=False)


def test_a_thread_that_waits_in_vain_leaves_at_its_timeout(manager, proxy):
    """The sender holds the set while a request of it is under way."""
    gate = Gate()
    proxy.when("POST", "/jobs", times=9, before=gate)
    job_set = manager.run(numbered(1), BACKEND, shots=2)
    assert gate.reached.wait(30)
    begun = threading.Event()
    errors: list[Exception] = []

    def wait() -> None:
        begun.set()
        try:
            job_set.results(timeout=0.3)
        except IBMQJobManagerError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join(8)  # seconds; it used to be ten
    assert len(errors) == 1
    gate.open()


def test_damaged_results_are_named_and_fetched_again(done):
    with done.job_set.open() as manifest:
        remote = manifest.remotes()[0]
        with manifest.transaction():
            manifest.db.write(
                "UPDATE results SET body = ? WHERE remote_id = ?", (b"garbage", remote.id)
            )
        with pytest.raises(StoredResultError):
            manifest.result(remote.id)
    fresh = ManagedJobSet.of(done.job_set)
    with pytest.raises(IBMQManagedResultDataNotAvailable, match="refresh=True"):
        fresh.results().get_counts(0)
    assert fresh.results().get_counts(2) == outcome(2, 7)
    assert fresh.results(refresh=True).get_counts(0) == outcome(0, 7)


def test_a_set_whose_sending_was_cut_off_goes_on_when_it_is_retrieved(service, held):
    job_set = spoiled(numbered(3), max_experiments_per_job=1, shots=2)
    set_id = job_set.job_set_id()
    assert held(set_id) == []
    listed = IBMQJobManager().job_sets(all=True)
    assert [each.job_set_id() for each in listed] == [set_id]
    assert background.senders() == []
    found = IBMQJobManager().retrieve_job_set(set_id, None)
    assert None not in found.jobs()
    assert len(held(set_id)) == 3


def test_a_set_of_an_account_that_is_unknown_here_goes_on_through_the_provider(service, held):
    job_set = spoiled(numbered(2), max_experiments_per_job=1, shots=2)
    with job_set.job_set.open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE jobset SET account = 'enabled'")
    found = IBMQJobManager().retrieve_job_set(job_set.job_set_id(), IBMQ.load_account())
    assert found.results().get_counts(1) == outcome(1, 2)
    assert found.jobs()[0].backend().account_name == "local"
    assert len(held(job_set.job_set_id())) == 2


def test_a_copy_that_has_not_taken_over_sends_nothing(service, held):
    job_set = spoiled(numbered(2), max_experiments_per_job=1, shots=2)
    with job_set.job_set.open() as manifest, manifest.db.transaction():
        manifest.db.write("UPDATE jobset SET copied_at = '2026-01-01T00:00:00Z'")
    found = IBMQJobManager().retrieve_job_set(job_set.job_set_id(), None)
    assert found.jobs() == [None, None]
    with pytest.raises(IBMQJobManagerInvalidStateError, match="is a copy"):
        found.results(timeout=30)
    assert held(job_set.job_set_id()) == []


def test_a_set_that_cannot_be_read_is_named_and_hides_no_other(done, home):
    (home / "sets" / "20200101-aaaaaaa.sqlite").write_bytes(b"\0" * 5000)
    with pytest.warns(UserWarning, match="20200101-aaaaaaa cannot be read"):
        found = IBMQJobManager().job_sets(all=True)
    assert [each.name() for each in found] == ["three"]
    with pytest.raises(IBMQJobManagerError):
        IBMQJobManager().retrieve_job_set("20200101-aaaaaaa", None)


def test_a_refresh_that_fails_does_not_lose_the_set(manager, done, home):
    kept = home / "kept"
    done.job_set.path.rename(kept)
    done.job_set.path.write_bytes(b"\0" * 5000)
    with pytest.raises(IBMQJobManagerInvalidStateError):
        manager.retrieve_job_set(done.job_set_id(), None, refresh=True)
    kept.replace(done.job_set.path)
    assert manager.retrieve_job_set(done.job_set_id(), None) is done


def test_what_becomes_of_a_sets_file_is_an_error_of_the_old_kind(done):
    done.job_set.path.unlink()
    assert "cannot be read" in repr(done)
    for read in (done.name, done.tags, done.statuses, done.results, done.cancel, done.report):
        with pytest.raises(IBMQError), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            read()


def test_sets_of_other_accounts_have_backends_of_these(home):
    handle = JobSet(write_set(1, account="ibm", backend="ibm_fez"))
    backend = Submission(handle).backend()
    assert (backend.name, backend.account_name) == ("ibm_fez", "ibm")


def test_ctrl_c_is_left_alone_where_a_program_handles_it_itself(service):
    own = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with landing(Clock()):
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, own)
    with landing(Clock()):
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is own


def test_a_program_without_stderr_waits_as_well(service):
    code = """
    import json, os, sys
    sys.stderr = None
    from ibmqbatch import IBMQJobManager
    from tests.managed.support import numbered
    results = IBMQJobManager().run(numbered(1), "ideal_simulator", shots=2).results()
    print(json.dumps(results.success))
    """
    assert elsewhere(code) is True


def test_waiting_writes_nothing_where_nobody_looks_on(service):
    code = """
    from ibmqbatch import IBMQJobManager
    from tests.managed.support import numbered
    job_set = IBMQJobManager().run(numbered(2), "ideal_simulator", shots=2)
    job_set.results()
    job_set.error_messages()
    """
    assert start(code).communicate(timeout=60) == ("", "")


def test_a_circuit_that_qiskit_has_named_is_found_by_itself(manager, service):
    circuits = [flipped("1"), qasm2.loads(basis_state("0"))]
    circuits[1].name = "other"
    results = manager.run(circuits, BACKEND, shots=2).results()
    assert results.get_counts(circuits[1]) == {"0": 2}


def test_a_status_that_nobody_knows_is_warned_of_once_for_a_set(service, proxy):
    job_set = IBMQJobManager().run(numbered(2), BACKEND, max_experiments_per_job=1, shots=2)
    jobs = job_set.jobs()
    odd = [{"id": job.job_id(), "status": "Pondering"} for job in jobs]
    told = [{**each, "tags": list(on_service(each["id"]).tags)} for each in odd]
    body = json.dumps({"jobs": told, "count": 2}).encode()
    proxy.when("GET", "/jobs", status=200, body=body)
    with pytest.warns(UserWarning, match="'Pondering', which is not known here") as caught:
        assert job_set.statuses() == [JobStatus.RUNNING] * 2
    assert len(caught) == 1


def test_a_time_out_holds_though_the_service_never_answers(service, proxy):
    job_set = IBMQJobManager().run(numbered(1), BACKEND, shots=2)
    job_set.jobs()
    gate = Gate()
    proxy.when("GET", "/jobs", times=99, before=gate)
    # Nothing is answered before this has been raised.
    with pytest.raises(IBMQJobManagerTimeoutError, match="experiments 0-0"):
        job_set.results(timeout=1)
    gate.open()
    proxy.rules.clear()
    assert job_set.results().get_counts(0) == outcome(0, 2)


# What holds up a set that a program waits for is logged: no wait is silent.


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]


@pytest.mark.parametrize("wait", ["jobs", "results"])
def test_a_limit_of_the_jobs_that_wait_is_told(manager, proxy, caplog, wait):
    proxy.when("POST", "/jobs", times=3, status=400, body=FULL)
    job_set = manager.run(numbered(6), BACKEND, max_experiments_per_job=1, shots=2)
    getattr(job_set, wait)()
    told = "The service takes 2 waiting jobs at a time; the rest follow as these end."
    assert warnings_in(caplog) == [told]


def test_a_pace_is_told_with_how_long_it_takes(manager, home, caplog):
    with Stub(limits=Limits(rate=2, window=1.0)) as stub:
        variables = {"IBMQBATCH_PACE": "2", "IBMQBATCH_PACE_WINDOW": "1"}
        with environment(**{**stub.environment, **variables}):
            manager.run(numbered(4), STUB, max_experiments_per_job=1, shots=2).jobs()
    assert warnings_in(caplog) == ["Paced at 2 submissions in 1 s: sending takes about 2 s."]


def test_a_service_that_is_away_is_told_while_a_job_is_waited_for(job, proxy, no_waits, caplog):
    again = job.backend().run(numbered(1), shots=2)
    proxy.when("GET", "/jobs", times=6, status=503, body=b"{}")
    again.result()
    assert len(warnings_in(caplog)) == 1
    assert "Trying again in" in warnings_in(caplog)[0]

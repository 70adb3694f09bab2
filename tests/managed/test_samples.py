"""The samples of the old pages, as they stand there, with the edits that make them run today.

Each is quoted by the page it is from (by its number among the seeds) and its lines. The edits are
made to the quoted text, each with its reason, and what comes of it is run on the local service.
"""

from __future__ import annotations

import dataclasses
import signal
import textwrap
from dataclasses import dataclass
from typing import Any

import pytest

from ibmqbatch import IBMQ, IBMQJob, IBMQJobManager, ManagedJobSet
from tests.managed.support import Gate, bell, flipped, spoiled, start


@dataclass(frozen=True)
class Edit:
    """One change to a sample, and why it is needed."""

    old: str
    new: str
    why: str


@dataclass(frozen=True)
class Sample:
    """The text of a sample, where it stands, and what has to be changed of it."""

    page: str
    lines: str
    text: str
    edits: tuple[Edit, ...] = ()

    @property
    def program(self) -> str:
        """What runs."""
        text = textwrap.dedent(self.text)
        for edit in self.edits:
            assert text.count(edit.old) == 1, edit
            text = text.replace(edit.old, edit.new)
        return text


RUN = Sample(
    page="002",
    lines="22-32",
    text="""
        from qiskit.providers.ibmq.managed import IBMQJobManager
        from qiskit.circuit.random import random_circuit

        # Build a thousand circuits.
        circs = []
        for _ in range(1000):
            circs.append(random_circuit(n_qubits=5, depth=4))

        # Use Job Manager to break the circuits into multiple jobs.
        job_manager = IBMQJobManager()
        job_set_foo = job_manager.run(circs, backend=backend, name='foo')
    """,
    edits=(
        Edit(
            "from qiskit.providers.ibmq.managed import IBMQJobManager",
            "from ibmqbatch import IBMQJobManager",
            "Qiskit has no such module any more: the classes come from here.",
        ),
        Edit(
            "random_circuit(n_qubits=5, depth=4)",
            "random_circuit(num_qubits=5, depth=4, measure=True)",
            "Qiskit has renamed the argument; and without measurements there is nothing to count.",
        ),
    ),
)
RESULTS = Sample(
    page="002",
    lines="38-39",
    text="""
        results = job_set_foo.results()
        results.get_counts(5)  # Counts for experiment 5.
    """,
)
RETRIEVE = Sample(
    page="002",
    lines="45-46",
    text="""
        job_set_id = job_set_foo.job_set_id()
        retrieved_foo = job_manager.retrieve_job_set(job_set_id=job_set_id, provider=provider)
    """,
)
STATUS = Sample(
    page="003",
    lines="22-31",
    text="""
        from qiskit.providers.jobstatus import JobStatus

        job = backend.run(...)

        try:
            job_status = job.status()  # Query the backend server for job status.
            if job_status is JobStatus.RUNNING:
                print("The job is still running")
        except IBMQJobApiError as ex:
            print("Something wrong happened!: {}".format(ex))
    """,
    edits=(
        Edit("backend.run(...)", "backend.run(circuit)", "The page leaves out what is run."),
        Edit(
            "from qiskit.providers",
            "from ibmqbatch import IBMQJobApiError\nfrom qiskit.providers",
            "The page leaves out where its exception comes from.",
        ),
    ),
)
RESULT = Sample(
    page="003",
    lines="41-47",
    text="""
        job = backend.run(...)

        try:
            job_result = job.result()  # It will block until the job finishes.
            print("The job finished with result {}".format(job_result))
        except JobError as ex:
            print("Something wrong happened!: {}".format(ex))
    """,
    edits=(
        Edit("backend.run(...)", "backend.run(circuit)", "The page leaves out what is run."),
        Edit(
            "job = backend",
            "from qiskit.providers import JobError\njob = backend",
            "The page leaves out where its exception comes from.",
        ),
    ),
)
PARTIAL = Sample(
    page="004",
    lines="426-429",
    text="""
        try:
            counts = result.get_counts("failed_experiment")
        except QiskitError:
            print("Experiment failed!")
    """,
    edits=(
        Edit(
            "try:",
            "from qiskit.exceptions import QiskitError\ntry:",
            "The page leaves out where its exception comes from.",
        ),
    ),
)
ALL = (RUN, RESULTS, RETRIEVE, STATUS, RESULT, PARTIAL)


def run(*samples: Sample, **names: Any) -> dict[str, Any]:
    """Run samples one after the other, with these names given; return what there is then."""
    for sample in samples:
        exec(compile(sample.program, f"page {sample.page}, lines {sample.lines}", "exec"), names)
    return names


def local() -> dict[str, Any]:
    provider = IBMQ.load_account()
    return {"provider": provider, "backend": provider.get_backend("ideal_simulator")}


def ranges(circuits: int) -> list[tuple[int, int]]:
    """Return which circuits are in which job."""
    return [(first, min(first + 299, circuits - 1)) for first in range(0, circuits, 300)]


def check(names: dict[str, Any], circuits: int = 1000) -> None:
    """Look at what came of the circuits."""
    job_set, retrieved = names["job_set_foo"], names["retrieved_foo"]
    assert isinstance(job_set, ManagedJobSet)
    assert (job_set.name(), retrieved.name()) == ("foo", "foo")
    assert retrieved.job_set_id() == job_set.job_set_id()
    assert [job.end_index for job in job_set.managed_jobs()] == [
        last for _, last in ranges(circuits)
    ]
    results = names["results"]
    assert results.success
    for experiment in {0, 5, circuits // 3, circuits - 1}:
        counts = results.get_counts(experiment)
        assert sum(counts.values()) == 4000
        assert {len(outcome) for outcome in counts} == {5}


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: f"{sample.page}:{sample.lines}")
def test_every_edit_has_a_reason(sample: Sample):
    assert sample.program
    assert all(edit.why.endswith(".") for edit in sample.edits)


@pytest.mark.parametrize("circuits", [20, pytest.param(1000, marks=pytest.mark.slow)])
def test_circuits_counts_of_experiment_5_and_the_set_by_its_id(service, held, circuits):
    fewer = Edit("range(1000)", f"range({circuits})", "A thousand take long to simulate.")
    some = dataclasses.replace(RUN, edits=(*RUN.edits, fewer))
    names = run(some, RESULTS, RETRIEVE, **local())
    check(names, circuits)
    jobs = held(names["job_set_id"])
    assert [job.circuits for job in jobs] == ranges(circuits)
    assert {job.status for job in jobs} == {"Completed"}
    # The same in a program that knows nothing but the id.
    fresh = run(RETRIEVE, **{**names, **local(), "job_manager": IBMQJobManager()})
    again = fresh["retrieved_foo"].results()
    assert again.get_counts(5) == names["results"].get_counts(5)


@pytest.mark.slow
@pytest.mark.parametrize("sent", [0, 2], ids=["before the first", "half-way"])
def test_a_thousand_circuits_whose_program_is_killed(service, proxy, held, sent):
    gate = Gate(after=sent)
    proxy.when("POST", "/jobs", times=99, before=gate)
    process = start(
        "from ibmqbatch import IBMQ\n"
        "backend = IBMQ.load_account().get_backend('ideal_simulator')\n"
        f"{RUN.program}\n"
        "print(job_set_foo.job_set_id(), flush=True)\n"
        f"{RESULTS.program}"
    )
    assert gate.reached.wait(120)
    process.send_signal(signal.SIGKILL)
    set_id = process.communicate()[0].strip()
    proxy.rules.clear()
    gate.open()
    names = {**local(), "job_manager": IBMQJobManager()}
    names["retrieved_foo"] = names["job_manager"].retrieve_job_set(
        job_set_id=set_id, provider=names["provider"]
    )
    names = run(RESULTS, **{**names, "job_set_foo": names["retrieved_foo"]})
    check(names)
    assert [job.circuits for job in held(set_id)] == ranges(1000)


def test_the_samples_of_a_job(service, capsys):
    names = run(STATUS, circuit=bell(), **local())
    assert isinstance(names["job"], IBMQJob)
    names = run(RESULT, circuit=bell(), **local())
    assert names["job_result"].success
    shown = capsys.readouterr().out
    assert "The job finished with result" in shown
    assert "Something wrong happened" not in shown


def test_the_sample_of_an_experiment_that_failed(service, capsys):
    circuits = [bell(), flipped("1", "failed_experiment")]
    job_set = spoiled(circuits, 1, max_experiments_per_job=1, shots=10)
    with pytest.warns(UserWarning, match="experiments 1-1"):
        result = job_set.results(partial=True)
    assert sum(result.get_counts("bell").values()) == 10
    run(PARTIAL, result=result)
    assert capsys.readouterr().out == "Experiment failed!\n"

"""What a set will cost: the estimate, computed by hand, and the limits that it is held to."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from qiskit import QuantumCircuit, qpy

from ibmqbatch import paths
from ibmqbatch.errors import LimitError
from ibmqbatch.jobset.estimate import ask_advice, check_budget, shot_seconds, usage_of
from ibmqbatch.jobset.forecast import Advice
from ibmqbatch.jobset.plan import Plan, make_plan
from ibmqbatch.jobset.request import Request, check_request
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.errors import AuthenticationFailed, NotFound, Refused, Unreadable
from ibmqbatch.service.models import Backend, BackendEntry, Usage
from tests.circuits.devices import heron_configuration, heron_properties
from tests.support.accounts import account

DEVICE = Backend.from_wire(heron_configuration(3), heron_properties(3))
SIMULATOR = Backend("ideal", 30, True, None, None, True, None, {"n_qubits": 30})
JOB, X, MEASURE, WAIT = 2.0, 32e-9, 1000e-9, 250e-6


@pytest.fixture
def flip(tmp_path) -> Path:
    """Write a circuit that is in the instruction set: one gate, then a measurement."""
    circuit = QuantumCircuit(3, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    buffer = io.BytesIO()
    qpy.dump(circuit, buffer)
    (tmp_path / "flip.qpy").write_bytes(buffer.getvalue())
    return tmp_path / "flip.qpy"


def plan(
    *files: Path,
    backend: Backend = DEVICE,
    usage: Usage | None = None,
    dry_run: bool = True,
    **changes: object,
) -> tuple[Plan, Path | None]:
    request = check_request(replace(Request(files, shots=1000), **changes))  # type: ignore[arg-type]
    progress = lambda *_: None  # noqa: E731
    return make_plan(request, account(), backend, "crn", progress, usage=usage, dry_run=dry_run)


def made() -> list[Path]:
    return [path for path in paths.sets().glob("*") if path.suffix != ".lock"]


def test_set_takes_its_jobs_and_each_shot_of_each_circuit(flip, home):
    shown, _ = plan(flip, flip, flip, max_circuits=2)
    assert shown.seconds == pytest.approx(2 * JOB + 3 * 1000 * (X + MEASURE + WAIT))


def test_wait_after_a_shot_is_that_of_the_options(flip, home):
    shown, _ = plan(flip, options={"execution": {"rep_delay": 0.001}})
    assert shown.seconds == pytest.approx(JOB + 1000 * (X + MEASURE + 0.001))


def test_wait_after_a_shot_is_that_of_the_backend(flip, home):
    slow = Backend.from_wire(heron_configuration(3, default_rep_delay=500.0), heron_properties(3))
    shown, _ = plan(flip, backend=slow)
    assert shown.seconds == pytest.approx(JOB + 1000 * (X + MEASURE + 500e-6))


@pytest.mark.parametrize("told", [None, 0, -1.0, "250", True, float("nan")])
def test_wait_after_a_shot_is_that_of_most_backends_where_nothing_is_told(told, flip, home):
    odd = Backend.from_wire(heron_configuration(3, default_rep_delay=told), heron_properties(3))
    shown, _ = plan(flip, backend=odd)
    assert shown.seconds == pytest.approx(JOB + 1000 * shot_seconds(X + MEASURE, None))
    assert shot_seconds(X + MEASURE, None) == pytest.approx(X + MEASURE + WAIT)


def test_repeats_are_jobs_and_shots(flip, home):
    small = replace(DEVICE, max_shots=400)
    shown, _ = plan(flip, backend=small)
    assert shown.seconds == pytest.approx(3 * JOB + 1000 * (X + MEASURE + WAIT))


def test_rows_of_a_sweep_are_circuits(tmp_path, home):
    (tmp_path / "p.csv").write_text("a\n1\n2\n3\n")
    (tmp_path / "s.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\ninput angle a;\nqubit q;\nbit c;\n'
        "rz(a) q;\nc = measure q;\n"
    )
    shown, _ = plan(tmp_path / "s.qasm", sweep=tmp_path / "p.csv")
    assert shown.seconds == pytest.approx(JOB + 3 * 1000 * (MEASURE + WAIT))


def test_shots_of_a_table_count_each(tmp_path, flip, home):
    (tmp_path / "t.csv").write_text("path,shots\nflip.qpy,10\nflip.qpy,\n")
    shown, _ = plan(table=tmp_path / "t.csv")
    # A job of the executor is of equal shots.
    assert shown.seconds == pytest.approx(2 * JOB + 1010 * (X + MEASURE + WAIT))


def test_estimate_is_kept_with_the_set(flip, home):
    shown, path = plan(flip, dry_run=False)
    assert path is not None
    with Manifest.open(path) as manifest:
        assert manifest.job_set().estimated_seconds == pytest.approx(shown.seconds)


def test_simulators_use_nothing(flip, home):
    shown, _ = plan(flip, backend=SIMULATOR, max_cost=0.0)
    assert shown.seconds is None
    assert usage_of(None, SIMULATOR) is None  # nobody is asked


def test_set_that_would_cost_too_much_is_not_made(flip, home):
    with pytest.raises(LimitError, match=r"about 2\.3 s .* more than max_cost=2\.2"):
        plan(flip, max_cost=2.2, dry_run=False)
    assert not made()
    assert plan(flip, max_cost=2.3)[0].seconds


def test_set_that_costs_what_is_allowed_is_made(flip, home):
    exactly = plan(flip)[0].seconds
    assert plan(flip, max_cost=exactly, dry_run=False)[1] is not None


def test_set_of_an_instance_without_time_is_not_made_but_shown(flip, home):
    for used_up in (Usage(600.0, 600.0, exhausted=False), Usage(5.0, None, exhausted=True)):
        with pytest.raises(LimitError, match="has used up its time"):
            plan(flip, usage=used_up, dry_run=False)
        (note,) = plan(flip, usage=used_up)[0].notes
        assert note.startswith("the instance has used up its time")
    assert not made()


@pytest.mark.parametrize("limit", [None, 600.0, 2.3 + 1.0])
def test_nothing_is_said_where_there_is_time(limit, flip, home):
    shown, _ = plan(flip, usage=Usage(1.0, limit, exhausted=False))
    assert shown.notes == ()


def test_set_that_takes_more_than_is_left_is_made_with_a_warning(flip, home):
    shown, path = plan(flip, usage=Usage(598.0, 600.0, exhausted=False), dry_run=False)
    assert path is not None
    assert "about 2.3 s" in shown.notes[0]
    assert "has 2 s left" in shown.notes[0]


def test_limit_is_looked_at_before_what_is_left():
    with pytest.raises(LimitError, match="max_cost"):
        check_budget(10.0, 5.0, Usage(0.0, 1.0, exhausted=False), dry_run=True)


class Teller:
    """A client of which only one thing is asked."""

    def __init__(self, answer: Exception | Usage) -> None:
        self.answer = answer

    def usage(self) -> Usage:
        if isinstance(self.answer, Usage):
            return self.answer
        raise self.answer


def refused(kind: type[Refused], status: int, number: int | None) -> Refused:
    return kind("no", status=status, number=number, trace=None)


@pytest.mark.parametrize(
    "error",
    [
        refused(NotFound, 404, 1279),
        refused(AuthenticationFailed, 403, 1301),  # of a right that a key may lack
        refused(Refused, 400, 1208),
        Unreadable("a web page"),
    ],
    ids=str,
)
def test_service_that_does_not_tell_keeps_nobody_from_submitting(error):
    assert usage_of(Teller(error), DEVICE) is None


@pytest.mark.parametrize(("status", "number"), [(401, None), (403, 1200), (401, 1201)])
def test_key_that_is_not_accepted_is_told(status, number):
    with pytest.raises(AuthenticationFailed):
        usage_of(Teller(refused(AuthenticationFailed, status, number)), DEVICE)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, (0.0, None, None)),
        ([], (0.0, None, None)),
        (None, (0.0, None, None)),
        ({"usage_consumed_seconds": 5, "usage_limit_seconds": 60}, (5.0, 60.0, 55.0)),
        ({"usage_consumed_seconds": "70", "usage_allocation_seconds": "60"}, (70.0, 60.0, 0.0)),
        ({"usage_limit_seconds": 9, "usage_allocation_seconds": 60}, (0.0, 9.0, 9.0)),
        ({"usage_limit_seconds": None, "usage_allocation_seconds": 60}, (0.0, 60.0, 60.0)),
        ({"usage_limit_seconds": -1, "usage_consumed_seconds": "nan"}, (0.0, None, None)),
    ],
)
def test_usage_is_read_whatever_of_it_is_told(told, expected):
    usage = Usage.from_wire(told)
    assert (usage.consumed, usage.limit, usage.left) == expected
    assert not usage.exhausted


class Advisor:
    """A service that tells what it is made to, or fails."""

    def __init__(self, usage: Usage | None, entries: list[BackendEntry] | None) -> None:
        self._usage, self._entries = usage, entries
        self.asked: list[str] = []

    def usage(self) -> Usage:
        self.asked.append("usage")
        if self._usage is None:
            raise Unreadable("Nothing is told.")
        return self._usage

    def backends(self) -> list[BackendEntry]:
        self.asked.append("backends")
        if self._entries is None:
            raise Unreadable("Nothing is told.")
        return self._entries


ENTRY = BackendEntry.from_wire(
    {"name": "ibm_x", "queue_length": 12, "wait_time_seconds": {"average": 90, "p50": 60.5}}
)


def test_advice_is_what_the_instance_has_left_and_how_long_jobs_wait():
    advisor = Advisor(Usage(60.0, 600.0, exhausted=False), [ENTRY])
    told = ask_advice(advisor, "ibm_x", queued=True)
    assert told == Advice(queue_length=12, queue_seconds=60.5, instance_left=540.0)


def test_the_queue_is_asked_for_only_where_jobs_wait_in_it():
    advisor = Advisor(Usage(60.0, 600.0, exhausted=False), [ENTRY])
    assert ask_advice(advisor, "ibm_x", queued=False) == Advice(instance_left=540.0)
    assert advisor.asked == ["usage"]


def test_advice_that_cannot_be_had_is_unknown():
    assert ask_advice(Advisor(None, None), "ibm_x", queued=True) == Advice()
    assert ask_advice(Advisor(None, [ENTRY]), "ibm_other", queued=True) == Advice()


@pytest.mark.parametrize(
    ("told", "seconds"),
    [({"p50": 5, "average": 9}, 5.0), ({"average": 9}, 9.0), ({"p50": "?"}, None), (7, None)],
)
def test_how_long_jobs_wait_is_the_median_or_else_the_average(told, seconds):
    entry = BackendEntry.from_wire({"name": "ibm_x", "wait_time_seconds": told})
    assert entry.wait_seconds == seconds

"""Planning: from files to a manifest, with all that is wrong told at once."""

from __future__ import annotations

import contextlib
import io
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
from qiskit import qpy

from ibmqbatch import paths
from ibmqbatch.circuits import pipeline
from ibmqbatch.circuits.cost import Cost
from ibmqbatch.circuits.preparer import ReadyCircuit, ReadyProgram
from ibmqbatch.errors import InputError, LimitError, UsageError
from ibmqbatch.jobset.errors import TooManyJobs
from ibmqbatch.jobset.plan import Plan, make_plan
from ibmqbatch.jobset.request import Request, check_request
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.service.models import Backend
from tests.circuits.devices import (
    heron_configuration,
    heron_properties,
    line_configuration,
    line_properties,
)
from tests.support.accounts import account
from tests.support.circuits import BELL

SIMULATOR = Backend("ideal", 30, True, 1_000_000, 50, True, None, {"n_qubits": 30})
DEVICE = Backend.from_wire(line_configuration(3), line_properties(3))


def request(*inputs: Path, **changes: object) -> Request:
    return check_request(replace(Request(inputs), **changes))  # type: ignore[arg-type]


def plan(
    asked: Request, backend: Backend = SIMULATOR, *, pace: int | None = None, dry_run: bool = False
) -> tuple[Plan, Path | None]:
    return make_plan(
        asked, account(pace_limit=pace), backend, "crn", lambda *_: None, dry_run=dry_run
    )


def planned(asked: Request, backend: Backend = SIMULATOR) -> Manifest:
    path = plan(asked, backend)[1]
    assert path is not None
    return Manifest.open(path)


def test_plan_holds_circuits_in_natural_order(circuits):
    with planned(request(circuits(c10=BELL, c2=BELL, c1=BELL))) as manifest:
        assert [c.name for c in manifest.circuits()] == ["c1", "c2", "c10"]


def test_plan_splits_by_what_the_user_allows(circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(7)})
    with planned(request(folder, max_circuits=3)) as manifest:
        assert [(j.first_circuit, j.last_circuit) for j in manifest.jobs()] == [
            (0, 2),
            (3, 5),
            (6, 6),
        ]


def test_plan_splits_by_what_the_backend_takes(circuits):
    folder = circuits(**{f"c{n}": BELL for n in range(5)})
    assert plan(request(folder), replace(SIMULATOR, max_circuits=2))[0].total_jobs == 3


def test_dry_run_writes_nothing(circuits, home):
    shown, path = plan(request(circuits(a=BELL)), dry_run=True)
    assert (shown.total_jobs, path) == (1, None)
    assert not home.exists()


def test_every_unusable_file_is_listed(circuits, home):
    folder = circuits(a=BELL, b="nonsense", c="", d=BELL, e="OPENQASM 2.0;\n")
    with pytest.raises(InputError) as caught:
        plan(request(folder))
    named = [Path(p.message.split(",")[0].split()[0]).stem for p in caught.value.problems]
    assert named == ["b", "c", "e"]


def test_unusable_files_leave_no_set(circuits, home):
    with pytest.raises(InputError):
        plan(request(circuits(a=BELL, b="nonsense")))
    assert not list(paths.sets().glob("*.sqlite"))
    assert not list(paths.sets().glob("*.draft"))


def test_empty_folder_is_an_input_error(tmp_path, home):
    with pytest.raises(InputError, match="holds no circuits"):
        plan(request(tmp_path))


def test_more_shots_than_the_backend_takes_become_repeats(circuits, home):
    with planned(request(circuits(a=BELL, b=BELL), shots=2_500_000)) as manifest:
        jobs = [(j.first_circuit, j.last_circuit, j.repeat, j.shots) for j in manifest.jobs()]
        assert jobs == [(0, 1, repeat, 1_000_000) for repeat in range(3)]
        assert manifest.job_set().total_repeats == 3


def test_more_repeats_than_there_is_room_for_are_refused(circuits, home):
    with pytest.raises(LimitError, match="99"):
        plan(request(circuits(a=BELL), shots=99_000_001))


def test_sweep_shares_the_circuit_among_its_rows(tmp_path, home):
    (tmp_path / "p.csv").write_text("theta\n0\n1.5\n3\n")
    (tmp_path / "ry.qasm").write_text(
        'OPENQASM 3.0; include "stdgates.inc"; input angle theta; qubit q; bit c; '
        "ry(theta) q; c = measure q;"
    )
    asked = request(tmp_path / "ry.qasm", sweep=tmp_path / "p.csv")
    with planned(asked) as manifest:
        assert [c.name for c in manifest.circuits()] == ["ry@0", "ry@1", "ry@2"]
        assert [c.metadata for c in manifest.circuits()] == [
            {"theta": 0},
            {"theta": 1.5},
            {"theta": 3},
        ]
        (pub,) = manifest.pubs(0, 2)
        assert pub.rows == ((0,), (1.5,), (3,))
        assert manifest.db.row("SELECT count(*) FROM bodies")[0] == 1


def test_table_gives_names_shots_and_metadata(tmp_path, home):
    (tmp_path / "a.qasm").write_text(BELL)
    (tmp_path / "t.csv").write_text("path,name,shots,angle\na.qasm,one,10,x\na.qasm,,,y\n")
    with planned(request(table=tmp_path / "t.csv", shots=77)) as manifest:
        found = [(c.name, c.shots, c.metadata) for c in manifest.circuits()]
        assert found == [("one", 10, {"angle": "x"}), ("a", 77, {"angle": "y"})]
        assert [pub.shots for pub in manifest.pubs(0, 1)] == [10, 77]


def test_circuits_for_a_device_are_compiled_to_it(circuits):
    with planned(request(circuits(a=BELL)), DEVICE) as manifest:
        (compiled,) = qpy.load(io.BytesIO(zlib.decompress(manifest.pubs(0, 0)[0].body)))
    assert {step.operation.name for step in compiled.data} <= {"cx", "rz", "sx", "x", "measure"}


def test_seed_is_kept_and_gives_the_same_options(circuits, home):
    folder = circuits(a=BELL)
    with planned(request(folder, seed=5)) as one, planned(request(folder, seed=5)) as two:
        assert one.job_set().seed == 5
        assert one.job_set().options == two.job_set().options != {}


def test_seed_is_drawn_where_none_is_given(circuits, home):
    folder = circuits(a=BELL)
    with planned(request(folder)) as one, planned(request(folder)) as two:
        assert one.job_set().seed != two.job_set().seed


def test_device_gets_no_simulator_seed(circuits):
    with planned(request(circuits(a=BELL), seed=5), DEVICE) as manifest:
        assert manifest.job_set().options == {}


@pytest.mark.parametrize(("jobs", "minutes"), [(1, 0), (5, 0), (6, 1), (11, 2)])
def test_plan_tells_how_long_the_pace_makes_it_take(jobs, minutes, circuits, home):
    folder = circuits(**{f"c{n}": BELL for n in range(jobs)})
    shown, _ = plan(request(folder, max_circuits=1), pace=5, dry_run=True)
    assert shown.minutes == minutes


def test_plan_counts_executions_and_bytes(circuits, home):
    shown, _ = plan(request(circuits(a=BELL, b=BELL), shots=10), dry_run=True)
    assert (shown.total_circuits, shown.executions) == (2, 20)
    assert shown.bytes > 0


def test_progress_ends_at_the_number_of_files(circuits, home):
    told = []
    folder = circuits(a=BELL, b=BELL)
    make_plan(request(folder), account(), SIMULATOR, "crn", lambda *at: told.append(at))
    assert told[-1] == ("reading", 2, 2)


def ready_program(body: bytes, number: int) -> ReadyProgram:
    circuits = (ReadyCircuit(f"c{number}", {}, None),)
    return ReadyProgram(
        circuits, "f", 0, None, "openqasm2", b"", "sha", "qpy", body, None, Cost(None, 1, 1)
    )


def test_circuits_are_not_kept_in_memory(home, monkeypatch):
    """Of all circuits that are read, no more than a batch lives at a time."""
    alive = most = 0

    class Body(bytes):
        def __new__(cls, value: bytes) -> Self:
            nonlocal alive, most
            alive += 1
            most = max(most, alive)
            return super().__new__(cls, value)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def many(*_arguments: object):
        for number in range(2000):
            yield ready_program(Body(b"x" * 10_000), number)

    monkeypatch.setattr(pipeline, "prepare", many)
    with planned(request(Path("f"))) as manifest:
        assert manifest.job_set().total_circuits == 2000
    assert most <= 60


def test_failure_in_the_middle_leaves_nothing(home, monkeypatch):
    def fail(*_arguments: object):
        yield from (ready_program(b"x", number) for number in range(10))
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "prepare", fail)
    with pytest.raises(ZeroDivisionError):
        plan(request(Path("f")))
    assert not list(paths.sets().glob("*.sqlite"))
    assert not list(paths.sets().glob("*.draft"))


@pytest.mark.parametrize(
    "changes",
    [
        {"paths": ()},
        {"shots": 0},
        {"shots": -1},
        {"max_circuits": 0},
        {"level": 4},
        {"level": -1},
        {"level": 1, "compiling": False},
        {"initial_layout": (1, 1)},
        {"initial_layout": (-1,)},
        {"seed_transpiler": -1},
        {"max_fails": 0},
        {"seed": -1},
        {"name": "  "},
        {"name": "n" * 61},
        {"tags": ("ibmq_jobset_x",)},
        {"tags": ("1", "2", "3", "4", "5", "6")},
    ],
    ids=str,
)
def test_request_that_makes_no_sense_is_refused_before_any_work(changes):
    with pytest.raises(UsageError):
        check_request(replace(Request((Path("a.qasm"),)), **changes))


@pytest.mark.parametrize(
    ("path", "name"),
    [("circuits/ghz.qasm", "ghz"), ("x" * 100 + ".qasm", "x" * 60), ("a\nb.qasm", "a_b")],
)
def test_set_is_named_after_its_first_path(path, name):
    assert check_request(Request((Path(path), Path("other")))).name == name


def test_set_of_standard_input_is_named_after_it():
    assert check_request(Request((Path("-"),), stdin=b"")).name == "stdin"


def test_set_of_the_root_folder_has_a_name_all_the_same():
    assert check_request(Request((Path("/"),))).name == "circuits"


def unclassified(level: str) -> dict[str, object]:
    return {"options": {"execution": {"meas_type": level}}}


def test_averages_of_several_repeats_cannot_be_merged(circuits, home):
    folder = circuits(a=BELL)
    few = replace(DEVICE, max_shots=100)
    with pytest.raises(UsageError, match="whose averages cannot be merged"):
        plan(request(folder, shots=101, **unclassified("avg_kerneled")), few)
    assert plan(request(folder, shots=100, **unclassified("avg_kerneled")), few)[0].total_jobs == 1
    assert plan(request(folder, shots=101, **unclassified("kerneled")), few)[0].total_jobs == 2


def test_what_is_simulated_has_no_levels(circuits, home):
    with pytest.raises(UsageError, match="its measurements are classified"):
        plan(request(circuits(a=BELL), **unclassified("kerneled")))


def test_device_that_circuits_were_compiled_for_is_kept(circuits):
    with planned(request(circuits(a=BELL)), DEVICE) as manifest:
        assert manifest.device() == (line_configuration(3), line_properties(3))


def test_simulator_is_not_kept(circuits, home):
    with planned(request(circuits(a=BELL))) as manifest:
        assert manifest.device() is None


def test_what_jobs_are_asked_for_is_kept(circuits, home):
    asked = request(circuits(a=BELL), private=True, batch=True, max_execution_time=60)
    with planned(asked) as manifest:
        record = manifest.job_set()
    assert (record.private, record.batch, record.max_execution_time) == (True, True, 60)
    assert (record.made_elsewhere, record.estimated_seconds) == (False, None)


def test_program_that_goes_as_text_is_kept_as_text(tmp_path):
    text = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit c;\nx $1;\nc = measure $1;\n'
    (tmp_path / "p.qasm").write_text(text)
    with planned(request(tmp_path / "p.qasm"), DEVICE) as manifest:
        (pub,) = manifest.pubs(0, 0)
        assert (pub.kind, zlib.decompress(pub.body).decode(), pub.rows) == ("openqasm3", text, None)


@pytest.mark.parametrize("fractional", [True, False])
def test_fractional_gates_are_compiled_to_where_that_is_asked_for(fractional, tmp_path):
    (tmp_path / "t.qasm").write_text(
        'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[2];\ncreg c[2];\nh q;\n'
        "rzz(0.3) q[0], q[1];\nh q;\nmeasure q -> c;\n"
    )
    backend = Backend.from_wire(heron_configuration(3), heron_properties(3))
    with planned(request(tmp_path / "t.qasm", fractional=fractional), backend) as manifest:
        (compiled,) = qpy.load(io.BytesIO(zlib.decompress(manifest.pubs(0, 0)[0].body)))
        assert manifest.job_set().compilation["fractional_gates"] is fractional
    assert ("rzz" in compiled.count_ops()) is fractional


@pytest.mark.parametrize(
    ("options", "fails"),
    [
        ({"twirling": {"enable_gates": True}}, True),
        ({"twirling": {"enable_gates": False, "enable_measure": True}}, False),
        ({"dynamical_decoupling": {"enable": True}}, False),
    ],
)
def test_circuits_are_held_to_the_options(options, fails, tmp_path):
    (tmp_path / "p.qasm").write_text(
        'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nrx(1) $0;\nc[0] = measure $0;\n'
    )
    backend = Backend.from_wire(heron_configuration(3), heron_properties(3))
    asked = request(tmp_path / "p.qasm", options=options)
    if not fails:
        assert plan(asked, backend, dry_run=True)[0].total_jobs == 1
        return
    with pytest.raises(InputError, match="twirling cannot be combined with"):
        plan(asked, backend, dry_run=True)


def test_more_jobs_than_there_may_be_leave_no_set(circuits, home):
    asked = request(circuits(a=BELL, b=BELL), max_circuits=1, run_config={"header": {"a": 1}})

    def make(most_jobs: int) -> Path | None:
        made = make_plan(asked, account(), SIMULATOR, "crn", lambda *_: None, most_jobs=most_jobs)
        return made[1]

    with pytest.raises(TooManyJobs, match="take 2 jobs of ideal, not 1"):
        make(1)
    assert not list(paths.sets().glob("*.sqlite"))
    path = make(2)
    assert path is not None
    with Manifest.open(path) as manifest:
        assert manifest.job_set().run_config == {"header": {"a": 1}}


@pytest.mark.parametrize(("asked", "taken"), [(0.0, True), (0.0005, True), (0.00051, False)])
def test_time_between_shots_is_one_that_the_backend_has(asked, taken, circuits):
    backend = replace(DEVICE, configuration={**DEVICE.configuration, "rep_delay_range": [0, 500]})
    asking = request(circuits(a=BELL), options={"execution": {"rep_delay": asked}})
    told = pytest.raises(UsageError, match="none that line has")
    with contextlib.nullcontext() if taken else told:
        plan(asking, backend, dry_run=True)

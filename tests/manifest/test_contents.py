"""What a manifest holds besides circuits and jobs: kept, taken along by copies, held to sense."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from ibmqbatch import paths
from ibmqbatch.manifest.draft import Draft, DraftCircuit, DraftJob, DraftRemote
from ibmqbatch.manifest.errors import DamagedManifest, ManifestError, SetExists
from ibmqbatch.manifest.ids import new_set_id
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.records import JobStatus
from ibmqbatch.manifest.transfer import export_copy, import_copy
from tests.support.manifests import change, draft_set, kinds, sent, write_set

TEXT = b"OPENQASM 3.0;"
CONFIGURATION = {"backend_name": "ibm_ψ", "n_qubits": 5, "odd": [None, 1e400]}
TOLD = {"usage": {"qpu_charge_time_seconds": 3}, "timestamps": {"created": "now"}}


@pytest.fixture
def whole(home) -> Path:
    """Write a set that has something of everything: two circuits as text, one of them sent."""
    from hashlib import sha256

    with Draft(new_set_id()) as draft:
        draft.add_body(sha256(TEXT).hexdigest(), zlib.compress(TEXT), kind="openqasm3")
        draft.add_circuits([DraftCircuit(f"c{n}", {}, "f", n, 10, 1) for n in range(2)])
        draft.add_device(CONFIGURATION, {"qubits": []})
        path = draft.commit(
            draft_set(
                private=True,
                batch=True,
                max_execution_time=10_800,
                made_elsewhere=True,
                estimated_seconds=4.5,
            ),
            [DraftJob(0, 0, 0, 10), DraftJob(1, 1, 0, 10)],
        )
    with Manifest.open(path) as manifest:
        remote = sent(manifest)
        with manifest.transaction() as change:
            change.jobs.store_metrics(remote, TOLD)
            change.submissions.open_batch("b1")
            change.submissions.close_batch("b1", "all jobs are sent")
            change.submissions.open_batch("b2")
    return path


def holds_all(path: Path) -> None:
    """Check that a file holds what was written into it."""
    with Manifest.open(path) as manifest:
        record = manifest.job_set()
        assert (record.private, record.batch, record.made_elsewhere) == (True, True, True)
        assert (record.max_execution_time, record.estimated_seconds) == (10_800, 4.5)
        assert manifest.device() == (CONFIGURATION, {"qubits": []})
        assert manifest.open_batches() == ["b2"]
        assert manifest.remotes()[0].metrics == TOLD
        assert {(pub.kind, zlib.decompress(pub.body)) for pub in manifest.pubs(0, 1)} == {
            ("openqasm3", TEXT)
        }
        assert manifest.program(0).body_kind == "openqasm3"


def test_all_of_it_is_kept(whole):
    holds_all(whole)
    with Manifest.open(whole) as manifest:
        assert kinds(manifest)[-3:] == ["batch_opened", "batch_closed", "batch_opened"]


def test_copies_take_it_along(whole, tmp_path):
    with Manifest.open(whole) as manifest:
        export_copy(manifest, tmp_path / "x.sqlite")
    holds_all(tmp_path / "x.sqlite")
    whole.unlink()
    path, new = import_copy(tmp_path / "x.sqlite")
    assert (path, new) == (whole, True)
    holds_all(path)
    assert import_copy(tmp_path / "x.sqlite") == (whole, False)


DIFFERENT = {
    "private": "UPDATE jobset SET private = 0",
    "estimate": "UPDATE jobset SET estimated_seconds = 4.25",
    "metrics": "UPDATE remotes SET metrics = '{}'",
    "batches": "UPDATE batches SET closed_at = 'now'",
    "device": "DELETE FROM device",
    "kind": "UPDATE bodies SET kind = 'qpy'",
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_copy_that_differs_in_it_is_refused(what, whole, tmp_path):
    with Manifest.open(whole) as manifest:
        export_copy(manifest, tmp_path / "x.sqlite")
    change(tmp_path / "x.sqlite", DIFFERENT[what])
    with pytest.raises(SetExists):
        import_copy(tmp_path / "x.sqlite")


GARBLED = {
    "no time": "UPDATE jobset SET max_execution_time = 0",
    "a time beyond all": "UPDATE jobset SET max_execution_time = 10801",
    "a negative estimate": "UPDATE jobset SET estimated_seconds = -1",
    "an endless estimate": "UPDATE jobset SET estimated_seconds = 9e999",
    "half private": "UPDATE jobset SET private = 2",
    "a batch of minus one": "UPDATE jobset SET batch = -1",
    "made somewhere": "UPDATE jobset SET made_elsewhere = 7",
    "metrics that are no JSON": "UPDATE remotes SET metrics = '{'",
    "metrics that are a list": "UPDATE remotes SET metrics = '[1]'",
    "two devices": "INSERT INTO device SELECT * FROM device",
    "a device that is not packed": "UPDATE device SET configuration = x'00'",
    "a device that is a number": "UPDATE device SET configuration = x'{}'",
    "properties that are no JSON": "UPDATE device SET properties = x'{}'",
    "a batch that steers terminals": "UPDATE batches SET id = char(27) || '[31m' WHERE id = 'b1'",
    "a batch without end": "UPDATE batches SET id = hex(zeroblob(600)) WHERE id = 'b1'",
    "a time of two lines": "UPDATE batches SET opened_at = char(10)",
    "a body of another kind": "UPDATE bodies SET kind = 'pulse'",
}
CONTENTS = {
    "a device that is a number": zlib.compress(b"5").hex(),
    "properties that are no JSON": zlib.compress(b"{").hex(),
}


@pytest.mark.parametrize("what", GARBLED)
def test_what_makes_no_sense_does_not_come_in(what, whole, tmp_path):
    with Manifest.open(whole) as manifest:
        export_copy(manifest, tmp_path / "x.sqlite")
    whole.unlink()
    statement = GARBLED[what].replace("{}", CONTENTS.get(what, "{}"))
    change(tmp_path / "x.sqlite", "PRAGMA ignore_check_constraints = ON", statement)
    with pytest.raises(DamagedManifest):
        import_copy(tmp_path / "x.sqlite")
    assert not whole.exists()


def test_numbers_that_json_does_not_have_are_no_harm(whole, tmp_path):
    """Services write NaN."""
    with Manifest.open(whole) as manifest:
        with manifest.transaction() as change:
            change.jobs.store_metrics(manifest.remotes()[0], {"usage": {"seconds": float("nan")}})
        export_copy(manifest, tmp_path / "x.sqlite")
    whole.unlink()
    assert import_copy(tmp_path / "x.sqlite") == (whole, True)


def test_jobs_that_others_have_sent_stand_on_the_service_from_the_start(home):
    def remote(job_id: str, status: str, created: str) -> DraftRemote:
        return DraftRemote(job_id, status, "why", 1305, "do", private=False, created=created)

    with Draft(new_set_id()) as draft:
        draft.add_body("0", b"")
        draft.add_circuits([DraftCircuit(f"c{n}", {}, "f", n, 10, 1) for n in range(2)])
        path = draft.commit(
            draft_set(made_elsewhere=True),
            [DraftJob(0, 0, 0, 10), DraftJob(1, 1, 0, 10)],
            [
                [remote("r0", "Completed", "2026-11-20T10:00:00+01:00")],
                [remote("r1", "Cancelled", "whenever")],
            ],
        )
    with Manifest.open(path) as manifest:
        first, second = manifest.jobs()
        assert (first.status, second.status) == (JobStatus.DONE, JobStatus.ERROR)
        assert (first.unsent, first.attempt, first.code) == (False, 1, 1305)
        assert first.remote.submitted_at == "2026-11-20T09:00:00.000Z"
        assert second.remote.submitted_at == manifest.job_set().created_at
        assert len({attempt.nonce for attempt in manifest.attempts()}) == 2


ASKED = {"memory": True, "header": {"by": "mé"}}


@pytest.fixture
def exported(home, tmp_path):
    """Write a set that keeps what a program asked besides, and export it."""
    path = tmp_path / "x.sqlite"
    with Manifest.open(write_set(1, run_config=ASKED)) as manifest:
        assert manifest.job_set().run_config == ASKED
        export_copy(manifest, path)
    return path


def test_what_was_asked_comes_along(exported):
    path, new = import_copy(exported)
    assert not new  # it is the set that is here already
    path.unlink()
    assert import_copy(exported) == (path, True)
    with Manifest.open(path) as manifest:
        assert manifest.job_set().run_config == ASKED
    change(exported, "UPDATE jobset SET run_config = '{}'")
    with pytest.raises(ManifestError):
        import_copy(exported)


@pytest.mark.parametrize("garbled", ["[]", "5", "{", "null"])
def test_what_was_asked_and_makes_no_sense_does_not_come_in(exported, garbled):
    change(exported, f"UPDATE jobset SET run_config = '{garbled}'")
    with pytest.raises(ManifestError):
        import_copy(exported)


DEEP = "[" * 900 + "]" * 900


@pytest.mark.parametrize(
    "sql",
    [
        f"""UPDATE jobset SET run_config = '{{"a": {DEEP}}}'""",
        f"""UPDATE circuits SET metadata = '{{"a": {DEEP}}}'""",
        f"UPDATE circuits SET parameter_values = '{DEEP}'",
        f"UPDATE bodies SET layout = '{DEEP}'",
        f"UPDATE bodies SET measured = '{DEEP}'",
    ],
)
def test_json_that_is_nested_too_deeply_does_not_come_in(exported, sql):
    change(exported, sql)
    with pytest.raises(DamagedManifest, match=r"garbled|nested too deeply"):
        import_copy(exported)


def test_json_of_many_brackets_comes_in(exported):
    many = "[" + ", ".join(['["[[", []]'] * 200) + "]"
    change(exported, f"UPDATE bodies SET measured = '{many}'")
    with Manifest.open(exported) as manifest:
        here = paths.sets() / f"{manifest.job_set().id}.sqlite"
    here.unlink()
    assert import_copy(exported) == (here, True)

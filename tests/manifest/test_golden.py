"""Files of every released version of the schema: they open here, and show what they held."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ibmqbatch import paths
from ibmqbatch.jobset.documents import set_data
from ibmqbatch.jobset.inspect import load_circuit_of
from ibmqbatch.jobset.results import read_results
from ibmqbatch.manifest import database
from ibmqbatch.manifest.errors import DamagedManifest
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.schema import MIGRATIONS
from ibmqbatch.manifest.transfer import check_content, check_schema, export_copy, import_copy
from tests.manifest.golden.make import golden, make, set_id

NEWEST = len(MIGRATIONS)
VERSIONS = range(1, NEWEST + 1)
# What each job of a golden file shows.
STATUSES = [
    *("DONE", "DONE", "DONE", "CANCELLED", "RUNNING", "QUEUED", "INITIALIZING", "INITIALIZING"),
    *("INITIALIZING", "ERROR", "INITIALIZING", "CANCELLED", "DONE", "ERROR", "DONE"),
]
COUNTS = {0: {"00": 3, "11": 2}, 1: {"00": 3, "11": 2}, 3: {"01": 3}, 13: {"10": 3}}


@pytest.fixture(params=VERSIONS)
def version(request) -> int:
    return int(request.param)


@pytest.fixture
def path(version, home) -> Path:
    """Put the golden file of a version where sets are."""
    path = paths.ensure_folder(paths.sets()) / f"{set_id(version)}.sqlite"
    shutil.copy(golden(version), path)
    return path


@pytest.fixture
def manifest(path):
    with Manifest.open(path) as manifest:
        yield manifest


def version_of(path: Path) -> int:
    with sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) as connection:
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    return int(found)


def dump(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        lines = list(connection.iterdump())
    connection.close()
    return lines


def test_every_version_of_the_schema_has_a_golden_file(version):
    assert golden(version).exists(), "see tests/manifest/golden/make.py"
    assert version_of(golden(version)) == version


def test_a_golden_file_is_not_made_anew(version):
    with pytest.raises(SystemExit):
        make(version, golden(version))


def test_there_is_no_golden_file_of_a_version_to_come(tmp_path):
    with pytest.raises(SystemExit):
        make(NEWEST + 1, tmp_path / "x.sqlite")
    assert not golden(NEWEST + 1).exists()


def test_an_opened_file_has_the_tables_of_a_new_one(manifest, path):
    assert version_of(path) == NEWEST
    with sqlite3.connect(path) as connection:
        check_schema(connection, path)
        check_content(connection, path, path.stem)
    connection.close()


def test_status_is_what_it_was(manifest, path):
    data = set_data(manifest.job_set(), manifest.jobs(), path=path)
    assert [job["status"] for job in data["jobs"]] == STATUSES
    assert (data["name"], data["tags"], data["state"]) == (
        "a gölden set",
        ["nightly", "ü"],
        "submitting",
    )
    assert (data["unsure_jobs"], data["lost_jobs"]) == (1, 1)
    reasons = {job["index"]: job["reason"] for job in data["jobs"] if job["reason"]}
    assert reasons == {
        1: "LOST: the service has no results",
        7: "unsure whether it reached the service: no answer came",
        9: "The job is too large.",
        13: "the service does not have this job any more",
    }
    assert (data["jobs"][2]["attempt"], data["jobs"][9]["code"]) == (2, 1217)


def test_results_are_what_they_were(manifest):
    found = {result.index: dict(result.counts) for result in read_results(manifest)}
    assert found == COUNTS


def test_circuits_are_what_they_were(manifest):
    circuits = manifest.circuits()
    assert [c.name for c in circuits] == [f"circuit {n}" for n in range(15)]
    assert [c.metadata["angle"] for c in circuits] == [n / 2 for n in range(15)]
    assert {c.shots for c in circuits} == {0, 3, 5}
    assert "cx" in load_circuit_of(manifest, circuits[2], compiled=True).count_ops()
    assert [(index, told["basis"]) for index, told in manifest.measured()] == [(6, "Z0")]


def test_the_set_is_what_it_was(manifest):
    record = manifest.job_set()
    assert (record.max_fails, record.compilation) == (3, {"level": 1})
    assert record.program == "sampler"
    assert record.copied_at is not None
    assert (record.batch, record.max_execution_time) == (True, 600)
    assert manifest.open_batches() == ["b2"]
    assert manifest.device() is not None
    assert dict(record.run_config) == {"memory": True}
    assert record.generation == "0123456789ab"
    created = {remote.created_at for remote in manifest.remotes()}
    assert created == {"2026-11-20T09:00:03.500000+00:00"}
    withdrawn = [attempt.job for attempt in manifest.attempts() if attempt.state == "withdrawn"]
    assert withdrawn == [10]
    assert manifest.remotes()[0].metrics == {"usage": {"qpu_charge_time_seconds": 2}}


def test_history_is_what_it_was(manifest):
    kinds = [event.kind for event in manifest.events()]
    assert (kinds[0], kinds.count("fetched") >= 3, "duplicate" in kinds) == ("planned", True, True)


def test_work_goes_on_where_it_was_left(manifest):
    """What waits is sent; wants are recorded as ever."""
    assert [job for job, *_ in manifest.unsent(99)] == [8, 10]
    assert manifest.wants.cancel({10}) == 1
    assert manifest.wants.retag(name="another")
    manifest.wants.retry([manifest.jobs()[13]])
    assert [job for job, *_ in manifest.unsent(99)] == [8, 13]


def test_it_is_exported_and_comes_in_elsewhere(manifest, path, tmp_path):
    statuses = [job.status for job in manifest.jobs()]
    export_copy(manifest, tmp_path / "x.sqlite")
    manifest.close()
    path.unlink()
    assert import_copy(tmp_path / "x.sqlite") == (path, True)
    with Manifest.open(path) as brought:
        assert [job.status for job in brought.jobs()] == statuses
        found = {result.index: dict(result.counts) for result in read_results(brought)}
    assert found == COUNTS


def test_it_comes_in_as_it_is(version, home, tmp_path):
    path, new = import_copy(golden(version))
    assert new
    assert version_of(golden(version)) == version
    with Manifest.open(path) as manifest:
        assert manifest.job_set().copied_at is not None
    assert import_copy(golden(version)) == (path, False)


def test_it_is_the_set_that_is_here_in_whatever_version(path, version):
    assert import_copy(golden(version)) == (path, False)
    assert version_of(path) == NEWEST


# A step as another release may bring it: each of its statements can fail, or be the last.
NEXT = """
ALTER TABLE jobset ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';
CREATE TABLE jobs_2 (
    idx INTEGER PRIMARY KEY, first_circuit INTEGER NOT NULL, last_circuit INTEGER NOT NULL,
    first_place INTEGER NOT NULL, last_place INTEGER NOT NULL,
    repeat INTEGER NOT NULL, shots INTEGER NOT NULL, wanted TEXT NOT NULL, wanted_attempt INTEGER
    NOT NULL, remote_id TEXT REFERENCES remotes (id)
) STRICT;
INSERT INTO jobs_2 SELECT * FROM jobs;
DROP TABLE jobs;
ALTER TABLE jobs_2 RENAME TO jobs;
UPDATE jobset SET colour = 'green';
"""
STATEMENTS = len(list(database._statements(NEXT)))


@pytest.mark.parametrize("failing", range(STATEMENTS))
def test_a_migration_that_fails_leaves_what_was_there(path, version, failing, monkeypatch):
    before = dump(path)
    count = iter(range(1000))

    def split(script):
        for statement in _STATEMENTS(script):
            yield "no SQL" if next(count) == failing else statement

    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", (*MIGRATIONS, NEXT))
        patch.setattr(database, "_statements", split)
        with pytest.raises(DamagedManifest):
            Manifest.open(path)
    assert (version_of(path), dump(path)) == (version, before)


_STATEMENTS = database._statements

KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from ibmqbatch.manifest import database
from ibmqbatch.manifest.manifest import Manifest
from tests.manifest.test_golden import NEXT
split, count = database._statements, iter(range(1000))
def statements(script):
    yield "PRAGMA cache_size = 1"  # what is written goes to the file at once
    for statement in split(script):
        if next(count) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        yield statement
database._statements = statements
database.MIGRATIONS = (*database.MIGRATIONS, NEXT)
Manifest.open(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("killed", range(STATEMENTS))
def test_a_migration_that_is_killed_leaves_what_was_there(path, killed, monkeypatch):
    words = [sys.executable, "-c", KILLED, str(path), str(killed)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, NEXT))
    with Manifest.open(path) as manifest:
        assert [str(job.status) for job in manifest.jobs()] == STATUSES
        found = {result.index: dict(result.counts) for result in read_results(manifest)}
        assert manifest.db.row("SELECT colour FROM jobset")[0] == "green"
    assert found == COUNTS
    assert version_of(path) == NEWEST + 1


def test_a_file_of_a_version_to_come_is_refused_in_a_sentence(cli, tmp_path):
    path = tmp_path / "later.sqlite"
    shutil.copy(golden(NEWEST), path)
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
    connection.close()
    before = path.read_bytes()
    for words, code in (("status", 1), ("results", 1), ("resume", 1), ("import", 2)):
        done = cli(words, path, code=code)
        assert "was written by a newer release of ibmqbatch.\nhint: Update ibmqbatch." in done.err
    assert path.read_bytes() == before

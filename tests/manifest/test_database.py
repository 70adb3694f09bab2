"""Opening a manifest: what is wrong with a file is told, and what is written is whole."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ibmqbatch.errors import StorageError
from ibmqbatch.manifest import database
from ibmqbatch.manifest.errors import DamagedManifest, ForeignManifest, NewerManifest
from ibmqbatch.manifest.manifest import Manifest
from tests.support.manifests import change


def test_durable_settings_are_on(manifest):
    assert manifest.db.row("PRAGMA journal_mode")[0] == "truncate"
    assert manifest.db.row("PRAGMA synchronous")[0] == 2  # FULL
    assert manifest.db.row("PRAGMA foreign_keys")[0] == 1


def test_file_of_a_newer_release_says_so(path):
    change(path, "PRAGMA user_version = 999")
    with pytest.raises(NewerManifest):
        Manifest.open(path)


def test_file_of_a_newer_release_is_left_as_it_is(path):
    change(path, "PRAGMA user_version = 999")
    before = path.read_bytes()
    with pytest.raises(NewerManifest):
        Manifest.open(path)
    assert path.read_bytes() == before


def test_database_of_another_program_is_foreign(tmp_path):
    path = tmp_path / "other.sqlite"
    change(path, "CREATE TABLE t (x)")
    with pytest.raises(ForeignManifest):
        Manifest.open(path)


def test_empty_file_is_foreign(tmp_path):
    path = tmp_path / "empty.sqlite"
    path.touch()
    with pytest.raises(ForeignManifest):
        Manifest.open(path)


def test_file_that_is_no_database_is_damaged(tmp_path):
    path = tmp_path / "text.sqlite"
    path.write_text("no database " * 100)
    with pytest.raises(DamagedManifest):
        Manifest.open(path)


def test_cut_file_is_damaged(path):
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DamagedManifest):
        Manifest.open(path).circuits()


def test_set_without_its_row_is_damaged(path):
    change(path, "DELETE FROM jobset")
    with pytest.raises(DamagedManifest):
        Manifest.open(path)


@pytest.mark.parametrize("column", ["tags", "options"])
def test_set_whose_texts_are_garbled_is_damaged(column, path):
    change(path, f"UPDATE jobset SET {column} = '[[['")
    with pytest.raises(DamagedManifest):
        Manifest.open(path)


def test_missing_file_is_a_storage_error_and_is_not_made(tmp_path):
    path = tmp_path / "none.sqlite"
    with pytest.raises(StorageError):
        Manifest.open(path)
    assert not path.exists()


def test_folder_in_place_of_a_file_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError):
        Manifest.open(tmp_path)


def test_path_with_signs_of_addresses_is_opened(path, tmp_path):
    odd = tmp_path / "a set?mode=memory#100%.sqlite"
    shutil.copy(path, odd)
    with Manifest.open(odd) as manifest:
        assert manifest.job_set().total_jobs == 3


def test_every_migration_is_applied_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "MIGRATIONS", (*database.MIGRATIONS, "CREATE TABLE a (x);"))
    connection = database.create_database(tmp_path / "new.sqlite")
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(database.MIGRATIONS)
    connection.execute("SELECT x FROM a")
    connection.close()


def test_old_file_is_brought_to_the_present_version(path, monkeypatch):
    steps = (
        *database.MIGRATIONS,
        "-- a comment; with a semicolon\nALTER TABLE jobs ADD COLUMN extra TEXT DEFAULT ';';\n",
    )
    monkeypatch.setattr(database, "MIGRATIONS", steps)
    with Manifest.open(path) as manifest:
        assert manifest.db.row("SELECT extra FROM jobs")[0] == ";"
        assert manifest.db.row("PRAGMA user_version")[0] == len(steps)


def test_migration_that_fails_leaves_the_old_version(path, monkeypatch):
    steps = (*database.MIGRATIONS, "CREATE TABLE a (x);\nCREATE TABLE jobs (y);\n")
    monkeypatch.setattr(database, "MIGRATIONS", steps)
    with pytest.raises(DamagedManifest):
        Manifest.open(path)
    monkeypatch.undo()
    with Manifest.open(path) as manifest:
        assert manifest.db.row("PRAGMA user_version")[0] == len(steps) - 1
        assert manifest.db.row("SELECT 1 FROM sqlite_master WHERE name = 'a'") is None


def test_transaction_that_fails_writes_nothing(manifest):
    with pytest.raises(ZeroDivisionError), manifest.transaction() as change:
        change.log("something")
        raise ZeroDivisionError
    assert [event.kind for event in manifest.events()] == ["planned"]


def test_statement_that_fails_takes_its_transaction_along(manifest):
    with pytest.raises(DamagedManifest), manifest.transaction() as change:
        change.log("something")
        manifest.db.write("UPDATE jobs SET wanted = 'nonsense'")
    assert [event.kind for event in manifest.events()] == ["planned"]


def test_after_a_failed_transaction_the_next_one_works(manifest):
    with pytest.raises(ZeroDivisionError), manifest.db.transaction():
        raise ZeroDivisionError
    with manifest.transaction() as change:
        change.log("something")
    assert [event.kind for event in manifest.events()] == ["planned", "something"]


def test_killed_writer_leaves_nothing_half_written(path):
    script = """
import os, signal, sys
from pathlib import Path
from ibmqbatch.manifest.manifest import Manifest
manifest = Manifest.open(Path(sys.argv[1]))
with manifest.transaction() as change:
    manifest.db.write("UPDATE jobset SET name = 'half'")
    manifest.db.write("PRAGMA cache_spill = 1")
    for _ in range(1000):
        change.log("x" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    with Manifest.open(path) as manifest:
        assert manifest.job_set().name == "a set"
        assert manifest.last_event() == 1


def test_readers_see_the_last_commit_while_another_writes(manifest, path):
    with Manifest.open(path) as reader:
        with manifest.transaction() as change:
            change.log("something")
            assert reader.last_event() == 1
        assert reader.last_event() == 2


def test_locked_file_is_a_storage_error_after_a_while(manifest, path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.01)
    with (
        Manifest.open(path) as other,
        manifest.db.transaction(),
        pytest.raises(StorageError, match="locked"),
        other.db.transaction(),
    ):
        pass


@pytest.fixture
def unwritable(path, monkeypatch) -> Path:
    """Have SQLite find that the file can only be read."""
    connect = database._connect

    def refuse(asked: Path) -> sqlite3.Connection:
        if asked == path:
            error = sqlite3.OperationalError("attempt to write a readonly database")
            error.sqlite_errorcode = sqlite3.SQLITE_READONLY | (3 << 8)  # ..._ROLLBACK
            raise error
        return connect(asked)

    monkeypatch.setattr(database, "_connect", refuse)
    return path


def test_file_that_can_only_be_read_is_read(unwritable):
    with Manifest.open(unwritable) as manifest:
        assert manifest.db.is_copy
        assert len(manifest.jobs()) == 3


def test_file_that_can_only_be_read_is_not_written(unwritable):
    with (
        Manifest.open(unwritable) as manifest,
        pytest.raises(StorageError, match="cannot be written"),
        manifest.db.transaction(),
    ):
        pass


def test_copy_of_a_file_that_can_only_be_read_does_not_stay(unwritable, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Manifest.open(unwritable):
        assert list(tmp_path.glob("ibmqbatch-*"))
    assert not list(tmp_path.glob("ibmqbatch-*"))


def test_unfinished_write_beside_a_file_that_can_only_be_read_is_undone(path, tmp_path):
    """A journal that waits to be rolled back is taken along into the copy."""
    copies = tmp_path / "foreign"
    copies.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE jobset SET name = 'half'")
    for _ in range(50):
        connection.execute(
            "INSERT INTO events (at, kind, detail) VALUES ('', '', zeroblob(0)||'"
            + "x" * 4000
            + "')"
        )
    for file in (path, path.with_name(path.name + "-journal")):
        shutil.copy(file, copies / file.name)
    connection.execute("ROLLBACK")
    connection.close()
    with pytest.MonkeyPatch.context() as patch:
        connect = database._connect
        foreign = copies / path.name

        def refuse(asked: Path) -> sqlite3.Connection:
            if asked == foreign:
                error = sqlite3.OperationalError("unable to open database file")
                error.sqlite_errorcode = sqlite3.SQLITE_CANTOPEN
                raise error
            return connect(asked)

        patch.setattr(database, "_connect", refuse)
        with Manifest.open(foreign) as manifest:
            assert manifest.job_set().name == "a set"


def test_full_disk_is_a_storage_error_and_costs_nothing(path):
    script = """
import resource, signal, sys
from pathlib import Path
from ibmqbatch.errors import StorageError
from ibmqbatch.manifest.manifest import Manifest
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
manifest = Manifest.open(Path(sys.argv[1]))
size = Path(sys.argv[1]).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    with manifest.transaction() as change:
        for _ in range(100):
            change.log("x" * 10_000)
except StorageError:
    assert len(manifest.jobs()) == 3
    sys.exit(0)
sys.exit(1)
"""
    words = [sys.executable, "-B", "-c", script, str(path)]
    assert subprocess.run(words, check=False).returncode == 0
    with Manifest.open(path) as manifest:
        assert manifest.last_event() == 1

"""Copies of a set's file: whole, marked, and checked before they are let in."""

from __future__ import annotations

import sqlite3

import pytest

from ibmqbatch import paths
from ibmqbatch.manifest import transfer
from ibmqbatch.manifest.compression import pack
from ibmqbatch.manifest.errors import DamagedManifest, SetExists
from ibmqbatch.manifest.ids import is_set_id, new_set_id
from ibmqbatch.manifest.manifest import Manifest
from ibmqbatch.manifest.transfer import export_copy, import_copy
from tests.support.manifests import change, kinds, sent, write_set


@pytest.fixture
def exported(manifest, tmp_path):
    """Export the set of three jobs, then forget it."""
    file = tmp_path / "x.sqlite"
    export_copy(manifest, file)
    manifest.path.unlink()
    return file


def test_a_copy_is_marked_and_the_original_is_not(manifest, tmp_path):
    export_copy(manifest, tmp_path / "x.sqlite")
    with Manifest.open(tmp_path / "x.sqlite") as copy:
        assert copy.job_set().copied_at
        assert kinds(copy)[-1] == "copied"
    assert manifest.job_set().copied_at is None
    assert "copied" not in kinds(manifest)


def test_a_copy_holds_circuits_and_results(manifest, tmp_path):
    remote = sent(manifest)
    with manifest.transaction() as change:
        change.jobs.store_result(remote, pack(b"body"))
    export_copy(manifest, tmp_path / "x.sqlite")
    with Manifest.open(tmp_path / "x.sqlite") as copy:
        assert copy.circuits() == manifest.circuits()
        assert copy.pubs(0, 5) == manifest.pubs(0, 5)
        assert copy.jobs()[0].remote.result == "stored"


def test_an_export_that_dies_leaves_the_older_file(manifest, tmp_path, monkeypatch):
    def die(*_: object) -> None:
        raise ZeroDivisionError

    target = tmp_path / "x.sqlite"
    target.write_text("older")
    monkeypatch.setattr(transfer, "_mark", die)
    with pytest.raises(ZeroDivisionError):
        export_copy(manifest, target)
    assert target.read_text() == "older"
    assert [path.name for path in tmp_path.glob("*x.sqlite*")] == ["x.sqlite"]


def test_a_damaged_set_is_no_backup_of_itself(path, tmp_path):
    """Opening it does not touch the pages that are damaged."""
    content = bytearray(path.read_bytes())
    content[8192:20480] = b"\xff" * 12288
    path.write_bytes(content)
    with Manifest.open(path) as manifest, pytest.raises(DamagedManifest, match=path.name):
        export_copy(manifest, tmp_path / "x.sqlite")
    assert not (tmp_path / "x.sqlite").exists()


def test_an_imported_copy_stands_under_its_id_and_is_marked(exported, path):
    assert import_copy(exported) == (path, True)
    with Manifest.open(path) as manifest:
        assert manifest.job_set().copied_at
        assert kinds(manifest)[-1] == "imported"


def test_an_import_that_dies_leaves_no_set(exported, path, monkeypatch):
    def die(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(transfer, "_mark", die)
    with pytest.raises(ZeroDivisionError):
        import_copy(exported)
    assert not path.exists()
    monkeypatch.undo()
    monkeypatch.setenv("IBMQBATCH_HOME", str(path.parent.parent))
    assert import_copy(exported) == (path, True)


def test_a_copy_that_differs_is_refused_and_one_that_does_not_is_known(exported):
    path, _ = import_copy(exported)
    assert import_copy(exported) == (path, False)
    with Manifest.open(path) as manifest:
        manifest.wants.cancel([0])
    with pytest.raises(SetExists):
        import_copy(exported)


def test_a_result_that_differs_is_noticed(manifest, tmp_path):
    remote = sent(manifest)
    export_copy(manifest, tmp_path / "x.sqlite")
    with manifest.transaction() as change:
        change.jobs.store_result(remote, pack(b"body"))
    with pytest.raises(SetExists):
        import_copy(tmp_path / "x.sqlite")


def test_taking_over_clears_the_mark_once(exported):
    path, _ = import_copy(exported)
    change(path, "UPDATE jobset SET host = 'another'")
    with Manifest.open(path) as manifest:
        assert manifest.wants.take_over()
        assert not manifest.wants.take_over()
        record = manifest.job_set()
        assert (record.copied_at, record.host == "another") == (None, False)
        assert kinds(manifest)[-1] == "taken_over"


def test_import_without_a_mark_is_no_copy(exported):
    path, _ = import_copy(exported, keep_mark=False)
    with Manifest.open(path) as manifest:
        assert manifest.job_set().copied_at is None


def test_a_schema_with_weaker_tables_is_refused(exported):
    change(exported, "PRAGMA writable_schema = ON")
    connection = sqlite3.connect(exported)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')')")
    connection.commit()
    connection.close()
    with pytest.raises(DamagedManifest):
        import_copy(exported)
    assert not list(paths.sets().glob("*.sqlite"))


def test_ids_are_recognized(home):
    assert is_set_id(new_set_id())


NO_IDS = [
    *(None, 5, "", "x", "..", "20260101", "20260101-", "20260101-aaaaaa/", "20260101-aaaaaaaa"),
    *("20260101-aaaaaaa\n", "٢0260101-aaaaaaa", "20260101-AAAAAAA", b"20260101-aaaaaaa"),
]


@pytest.mark.parametrize("text", NO_IDS)
def test_what_is_no_id_is_not(text):
    assert not is_set_id(text)


def test_two_sets_come_in_side_by_side(home, tmp_path):
    for name in ("a", "b"):
        with Manifest.open(write_set(1, name=name)) as manifest:
            export_copy(manifest, tmp_path / f"{name}.sqlite")
            manifest.path.unlink()
    assert {import_copy(tmp_path / f"{name}.sqlite")[1] for name in ("a", "b")} == {True}
    assert len(list(paths.sets().glob("*.sqlite"))) == 2

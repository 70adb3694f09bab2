"""`import`: exported files come in verified, under their ids, and send nothing until told to."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.support import SLOW, document
from tests.support.circuits import BELL, basis_state
from tests.support.commands import Cli, point_at
from tests.support.manifests import change


@pytest.fixture
def elsewhere(service, tmp_path) -> Cli:
    """Run commands as on another machine, with the same account."""
    home = tmp_path / "other_home"
    point_at(home, service, service["url"])
    cwd = tmp_path / "other"
    cwd.mkdir()
    there = Cli(home, cwd)
    there.env |= {"IBMQBATCH_RUNTIME": str(tmp_path / "other_runtime"), "IBMQBATCH_SETTLE": "0.1"}
    return there


@pytest.fixture(scope="module")
def planned_once(shared) -> Cli:
    """Plan a set of two jobs of which none is sent, and export it."""
    run, _ = shared
    for name, bits in (("a", "01"), ("b", "10")):
        (run.cwd / f"{name}.qasm").write_text(basis_state(bits))
    words = ("--shots", 5, "--max-circuits", 1, "--name", "mine", "--detach")
    run("export", run.submit("a.qasm", "b.qasm", *words), "-o", "x.sqlite")
    return run


@pytest.fixture
def exported(cli, planned_once, tmp_path) -> Path:
    """Have the set in the data folder, and its copy beside that."""
    shutil.copytree(planned_once.home / "sets", cli.home / "sets")
    return Path(shutil.copy(planned_once.cwd / "x.sqlite", tmp_path))


@pytest.fixture
def unique(cli, circuits, tmp_path) -> Path:
    """Export a set of its own, for a test that sends it."""
    folder = circuits(a=basis_state("01"), b=basis_state("10"))
    words = ("--shots", 5, "--max-circuits", 1, "--name", "mine", "--detach")
    cli("export", cli.submit(folder, *words), "-o", "x.sqlite")
    return tmp_path / "x.sqlite"


def the_id(cli: Cli, reference: object = "latest") -> str:
    return cli.data("status", reference)["job_set"]["id"]


def no_sets(cli: Cli) -> bool:
    return not [p for p in cli.home.glob("sets/*") if p.suffix != ".lock"]


def test_a_finished_set_is_read_elsewhere_and_needs_no_take_over(cli, circuits, elsewhere):
    set_id = cli.submit(circuits(a=basis_state("01")), "--shots", 5, "--wait")
    cli("export", set_id, "-o", "x.sqlite")
    done = elsewhere("import", cli.cwd / "x.sqlite")
    assert done.out == f"{set_id}\n"
    assert "take-over" not in done.err
    assert elsewhere("results", set_id).out == "0\ta\t5\t01:5\n"
    elsewhere("resume", set_id)


def test_an_imported_set_does_not_send(cli, unique, elsewhere, proxy):
    """Not even by cron, by a wait, or by a retry of what was cancelled."""
    shutil.copy(cli.home / "local" / "service.json", elsewhere.home / "local" / "service.json")
    assert "--take-over" in elsewhere("import", unique).err
    assert "--take-over" in elsewhere("resume", "mine", code=8).err
    elsewhere("resume", "mine", "--wait", code=8)
    elsewhere("results", "mine", "--wait", code=8)
    collected = elsewhere("collect")
    assert (collected.out, collected.err) == ("", "")
    elsewhere("cancel", "mine", "--job", 1)
    elsewhere("retry", "mine", "--cancelled", code=8)
    assert "--take-over" in elsewhere("status", "mine").err
    assert proxy.submissions == 0


def test_an_imported_set_that_takes_over_sends_each_job_once(cli, unique, elsewhere):
    elsewhere("import", unique)
    elsewhere("resume", "mine", "--take-over", "--wait")
    assert elsewhere("results", "mine").out == "0\ta\t5\t01:5\n1\tb\t5\t10:5\n"
    # The other copy finds out before it sends any.
    assert "another copy" in cli("resume", "mine", code=9).err


def test_import_can_take_over_at_once(unique, elsewhere):
    elsewhere("import", unique, "--take-over")
    elsewhere("resume", "mine", "--wait")


def test_taking_over_what_another_copy_has_sent_goes_on_with_that(cli, unique, elsewhere, proxy):
    cli("resume", "mine")
    elsewhere("import", unique)
    elsewhere("resume", "mine", "--take-over", "--wait")
    assert elsewhere("results", "mine").out == "0\ta\t5\t01:5\n1\tb\t5\t10:5\n"
    assert proxy.submissions == 2


def test_an_imported_set_that_took_over_stops_where_another_copy_has_sent(cli, unique, elsewhere):
    elsewhere("import", unique, "--take-over")
    cli("resume", "mine")
    assert "another copy" in elsewhere("resume", "mine", code=9).err


def test_an_imported_set_is_followed_cancelled_and_retagged(cli, circuits, elsewhere):
    set_id = cli.submit(circuits(a=SLOW, b=SLOW), "--max-circuits", 1, "--shots", 20000)
    cli("export", set_id, "-o", "x.sqlite")
    elsewhere("import", cli.cwd / "x.sqlite")
    elsewhere("retag", set_id, "--add", "moved")
    elsewhere("cancel", set_id)
    item = elsewhere.data("status", set_id)["job_set"]
    assert (item["counts"]["CANCELLED"], item["tags"]) == (2, ["moved"])


def test_results_of_an_imported_set_are_fetched(cli, circuits, elsewhere):
    set_id = cli.submit(circuits(a=basis_state("1")), "--shots", 5)
    cli("export", set_id, "-o", "x.sqlite")
    elsewhere("import", cli.cwd / "x.sqlite")
    assert elsewhere("results", set_id, "--wait").out == "0\ta\t5\t1:5\n"


def test_the_document_tells_what_is_new(exported, elsewhere):
    (first,) = document(elsewhere("import", exported, "--json"), "import")["data"]["imported"]
    (again,) = document(elsewhere("import", exported, "--json"), "import")["data"]["imported"]
    assert (first["new"], again["new"]) == (True, False)
    assert first["job_set"]["copied_at"]


def test_the_same_set_again_is_already_here(exported, elsewhere):
    elsewhere("import", exported)
    assert "already here" in elsewhere("import", exported).err


def test_a_set_is_already_here_where_it_was_unique(cli, unique):
    assert "already here" in cli("import", unique).err
    cli("resume", "mine")  # and is still no copy


def test_a_set_that_is_here_and_has_moved_on_is_left_alone(cli, exported):
    cli("retag", "mine", "--add", "later")
    assert "forget" in cli("import", exported, code=2).err
    assert cli.data("status", "mine")["job_set"]["tags"] == ["later"]


def test_a_set_that_somebody_holds_is_left_alone(cli, exported):
    from ibmqbatch.files import FileLock

    with FileLock(cli.home / "sets" / f"{the_id(cli)}.lock"):
        cli("import", exported, code=7)


def test_of_several_files_a_bad_one_costs_only_itself(exported, elsewhere, tmp_path):
    (tmp_path / "bad.sqlite").write_text("no database " * 100)
    done = elsewhere("import", tmp_path / "bad.sqlite", exported, code=2)
    assert "bad.sqlite" in done.err
    assert the_id(elsewhere, "mine")


def test_a_file_that_is_not_there_is_told(elsewhere, tmp_path):
    assert "no file" in elsewhere("import", tmp_path / "nothing.sqlite", code=2).err


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path: Path) -> None:
    """Overwrite pages in the middle, which opening the file does not touch."""
    content = bytearray(path.read_bytes())
    content[8192:20480] = b"\xff" * 12288
    path.write_bytes(content)


def foreign(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE t (x)")


BAD_FILES = {
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("no database " * 100),
    "truncated": truncate,
    "garbled": garble,
    "foreign": foreign,
    "newer": lambda path: change(path, "PRAGMA user_version = 999"),
    "without a set": lambda path: change(path, "DELETE FROM jobset"),
    "without a job": lambda path: change(path, "DELETE FROM jobs WHERE idx = 1"),
    "without a circuit": lambda path: change(path, "DELETE FROM circuits WHERE idx = 0"),
    "without a body": lambda path: change(path, "DELETE FROM bodies WHERE id = 1"),
    "of circuits that are not there": lambda path: change(path, "UPDATE jobs SET last_place = 9"),
    "with a circuit of another checksum": lambda path: change(
        path, "UPDATE bodies SET sha256 = 'x' WHERE id = 1"
    ),
    "with a garbled program": lambda path: change(path, "UPDATE programs SET body = x'00'"),
    "with circuits in two jobs": lambda path: change(
        path, "UPDATE jobs SET first_place = 0, last_place = 0"
    ),
    "of other circuits than it says": lambda path: change(path, "UPDATE jobs SET last_circuit = 9"),
    "with circuits in one place": lambda path: change(
        path, "UPDATE circuits SET place = 0", "UPDATE jobset SET grouped = 1"
    ),
    "in another order": lambda path: change(path, "UPDATE circuits SET place = 1 - idx"),
    "with garbled tags": lambda path: change(path, "UPDATE jobset SET tags = '5'"),
    "with garbled options": lambda path: change(path, "UPDATE jobset SET options = '[1]'"),
    "with garbled metadata": lambda path: change(path, "UPDATE circuits SET metadata = '7'"),
    "with a name that steers terminals": lambda path: change(
        path, "UPDATE jobset SET name = 'a' || char(27) || '[2J'"
    ),
    "with a trigger": lambda path: change(
        path, "CREATE TRIGGER t AFTER INSERT ON events BEGIN DELETE FROM jobs; END"
    ),
    "with a view": lambda path: change(path, "CREATE VIEW v AS SELECT 1"),
    "with a table too many": lambda path: change(path, "CREATE TABLE extra (x)"),
    "without a column": lambda path: change(path, "ALTER TABLE events DROP COLUMN detail"),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_a_bad_file_is_refused_and_leaves_nothing(exported, elsewhere, what):
    BAD_FILES[what](exported)
    done = elsewhere("import", exported, code=2)
    assert "error: " in done.err
    assert "hint: " in done.err
    assert "x.sqlite" in done.err
    assert no_sets(elsewhere)


@pytest.mark.parametrize(
    "set_id",
    ["../../evil", "/etc/evil", "..", "", "20261121-abcdefg/../../x", "20261121-ABCDEFG", "latest"],
)
def test_an_id_that_would_lead_elsewhere_is_refused(exported, elsewhere, set_id):
    change(exported, f"UPDATE jobset SET id = '{set_id}'")
    before = sorted(elsewhere.cwd.parent.rglob("*evil*"))
    elsewhere("import", exported, code=2)
    assert no_sets(elsewhere)
    assert sorted(elsewhere.cwd.parent.rglob("*evil*")) == before


def test_a_copied_file_of_a_set_that_was_never_exported_is_marked_too(cli, circuits, elsewhere):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    elsewhere("import", cli.home / "sets" / f"{set_id}.sqlite")
    elsewhere("resume", set_id, code=8)


def test_what_a_killed_import_left_is_no_set_and_is_cleared_away(exported, elsewhere):
    sets = elsewhere.home / "sets"
    sets.mkdir(mode=0o700)
    (sets / "20260101-aaaaaaa.draft").write_bytes(b"half")
    assert elsewhere.data("status")["job_sets"] == []
    elsewhere("import", exported)
    assert not list(sets.glob("*.draft"))


def test_an_old_journal_does_not_spoil_what_comes_in(cli, exported, elsewhere):
    sets = elsewhere.home / "sets"
    sets.mkdir(mode=0o700)
    stale = sets / f"{the_id(cli)}.sqlite-journal"
    stale.write_bytes(b"of a set that was here once")
    elsewhere("import", exported)
    assert not stale.exists() or not stale.read_bytes()


def test_a_file_in_another_journal_mode_comes_in(exported, elsewhere):
    connection = sqlite3.connect(exported)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    elsewhere("import", exported)
    assert not list(elsewhere.home.glob("sets/*-wal"))
    the_id(elsewhere, "mine")


def test_the_key_of_an_imported_set_means_it_here(cli, circuits, elsewhere, tmp_path):
    folder = circuits(a=BELL)
    set_id = cli.submit(folder, "--once", "nightly", "--wait")
    cli("export", set_id, "-o", "x.sqlite")
    elsewhere("import", tmp_path / "x.sqlite")
    assert elsewhere.submit(folder, "--once", "nightly", "--detach") == set_id


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("bell.qasm", BELL.encode(), "is OpenQASM, and no exported job set"),
        ("bell.py", b"import qiskit\n", "is a Python program, and no exported job set"),
        ("set.sqlite.gz", b"\x1f\x8b\x08\0", "is compressed by gzip, and no exported job set"),
    ],
)
def test_a_file_of_another_kind_is_told_as_what_it_is(cli, tmp_path, name, content, what):
    (tmp_path / name).write_bytes(content)
    done = cli("import", tmp_path / name, code=2)
    assert what in done.err
    assert "damaged" not in done.err
    assert ("ibmqbatch submit" in done.err) is name.endswith(".qasm")


def test_a_damaged_file_is_to_be_exported_once_more(cli, tmp_path):
    (tmp_path / "set.sqlite").write_bytes(b"\x01\x02" * 5000)
    done = cli("import", tmp_path / "set.sqlite", code=2)
    assert "is damaged" in done.err
    assert "Export it once more" in done.err

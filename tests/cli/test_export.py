"""`export`: one set in one file, which other verbs read, and which sends nothing."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys

import pytest

from tests.cli.support import document
from tests.support.circuits import BELL, basis_state


@pytest.fixture
def done_set(cli, circuits):
    return cli.submit(circuits(a=basis_state("01")), "--shots", 5, "--name", "mine", "--wait")


def test_without_a_name_the_file_has_that_of_the_set(cli, done_set, tmp_path):
    done = cli("export", "mine")
    assert done.out == f"{tmp_path / done_set}.sqlite\n"
    assert (tmp_path / f"{done_set}.sqlite").stat().st_mode & 0o777 == 0o600


def test_the_document_tells_file_and_size(cli, done_set, tmp_path):
    told = document(cli("export", done_set, "-o", "x.sqlite", "--json"), "export")["data"]
    size = (tmp_path / "x.sqlite").stat().st_size
    assert told["exported"] == {"file": str(tmp_path / "x.sqlite"), "bytes": size}
    assert told["job_set"]["id"] == done_set


def test_an_exported_file_gives_results_and_status_without_its_set(cli, done_set, tmp_path):
    cli("export", done_set, "-o", "x.sqlite")
    shutil.rmtree(cli.home / "sets")
    assert cli("results", "x.sqlite").out == "0\ta\t5\t01:5\n"
    assert cli("status", "x.sqlite").out.startswith(f"{done_set}\tdone")
    assert sorted(path.name for path in tmp_path.glob("x.*")) == ["x.sqlite"]


def test_a_folder_gets_a_file_of_the_sets_name(cli, done_set, tmp_path):
    (tmp_path / "kept").mkdir()
    cli("export", done_set, "-o", "kept")
    assert (tmp_path / "kept" / f"{done_set}.sqlite").is_file()


def test_an_existing_file_is_replaced_only_by_force(cli, done_set, tmp_path):
    (tmp_path / "x.sqlite").write_text("mine")
    assert "--force" in cli("export", done_set, "-o", "x.sqlite", code=2).err
    assert (tmp_path / "x.sqlite").read_text() == "mine"
    cli("export", done_set, "-o", "x.sqlite", "--force")
    assert cli("status", "x.sqlite").out.startswith(done_set)


def test_a_replaced_file_is_not_spoilt_by_the_journal_of_the_old_one(cli, done_set, tmp_path):
    (tmp_path / "x.sqlite").write_text("mine")
    (tmp_path / "x.sqlite-journal").write_bytes(b"the old one's")
    cli("export", done_set, "-o", "x.sqlite", "--force")
    assert not (tmp_path / "x.sqlite-journal").exists()


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("backup", "backup.sqlite"),
        ("backup.db", "backup.db.sqlite"),
        ("missing/x.sqlite", "no folder"),
        ("home/sets/x.sqlite", "keeps its own files"),
        ("-", "-.sqlite"),
    ],
)
def test_names_that_cannot_be_are_refused(cli, done_set, name, sentence):
    assert sentence in cli("export", done_set, "-o", name, code=2).err


def test_nothing_is_left_of_a_file_that_could_not_be_written(cli, done_set, tmp_path):
    """A file of more than a few blocks is more than this process may write."""
    (tmp_path / "full").mkdir()
    # -B: half a file of bytecode would stay, and fail whoever imports it next.
    words = [sys.executable, "-B", "-m", "ibmqbatch", "export", done_set, "-o", "full/x.sqlite"]
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 8; exec "$@"', "sh", *words],
        env=cli.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "full/x.sqlite cannot be written" in done.stderr
    assert list((tmp_path / "full").iterdir()) == []


def test_a_copy_made_while_others_write_is_whole(cli, circuits, tmp_path):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    connection = sqlite3.connect(cli.home / "sets" / f"{set_id}.sqlite")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE jobset SET name = 'half done'")
    cli("export", set_id, "-o", "x.sqlite")
    connection.rollback()
    connection.close()
    name = cli.data("status", "x.sqlite")["job_set"]["name"]
    assert name == "circuits"


def test_an_exported_file_sends_nothing_by_itself(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    cli("export", set_id, "-o", "x.sqlite")
    done = cli("resume", "x.sqlite", code=8)
    assert "x.sqlite --take-over" in done.err
    assert proxy.submissions == 0
    assert "x.sqlite --take-over" in cli("status", "x.sqlite").err


def test_the_set_itself_goes_on_sending(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    cli("export", set_id, "-o", "x.sqlite")
    cli("resume", set_id)
    assert proxy.submissions == 1


def test_status_tells_what_a_set_takes_on_the_disk(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    spool = cli.home / "sets" / f"{set_id}.arriving"
    spool.mkdir()
    (spool / "x.part").write_bytes(b"0" * 1000)
    size = (cli.home / "sets" / f"{set_id}.sqlite").stat().st_size + 1000
    assert document(cli("status", "--json"), "status")["data"]["job_sets"][0]["disk_bytes"] == size
    one = document(cli("status", set_id, "--json"), "status")["data"]["job_set"]
    assert one["disk_bytes"] == size

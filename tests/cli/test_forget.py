"""`forget`: sets leave this machine's disk, when that is what was meant."""

from __future__ import annotations

import pytest

from ibmqbatch.files import FileLock
from tests.cli.support import document
from tests.support.circuits import BELL, basis_state
from tests.support.terminal import run_in_terminal


@pytest.fixture
def done_set(cli, circuits):
    folder = circuits(a=basis_state("1"), b=basis_state("0"))
    return cli.submit(folder, "--shots", 5, "--name", "mine", "--wait")


def sets(cli) -> list[str]:
    return sorted(path.stem for path in cli.home.glob("sets/*.sqlite"))


def answered(cli, *words: object, answer: str | None) -> tuple[int, str]:
    """Run a command on a terminal, and type an answer to what it asks; None: press Ctrl-C."""
    return run_in_terminal(*words, env=cli.env, cwd=cli.cwd, answers=[("[y/N]", answer)])


def test_with_yes_a_set_is_gone_and_named(cli, done_set):
    done = cli("forget", "mine", "--yes")
    assert done.out == f"{done_set}\n"
    assert list((cli.home / "sets").iterdir()) == []
    cli("status", done_set, code=6)


def test_without_a_terminal_and_without_yes_nothing_is_forgotten(cli, done_set):
    assert "--yes" in cli("forget", done_set, code=2).err
    assert sets(cli) == [done_set]


def test_on_a_terminal_it_asks_and_tells_what_there_is(cli, done_set):
    code, shown = answered(cli, "forget", "mine", answer="y")
    assert code == 0
    question = " ".join(shown.split())
    assert f"Forget 'mine' ({done_set}): 1 job, " in question
    assert "results of 2 circuits? [y/N]" in question
    assert sets(cli) == []


@pytest.mark.parametrize("answer", ["", "n", "what", "\x04"])
def test_anything_but_yes_keeps_the_set(cli, done_set, answer):
    code, shown = answered(cli, "forget", "mine", answer=answer)
    assert (code, sets(cli)) == (0, [done_set])
    assert "Kept" in shown


def test_ctrl_c_at_the_question_keeps_the_set(cli, done_set):
    code, _ = answered(cli, "forget", "mine", answer=None)
    assert (code, sets(cli)) == (130, [done_set])


@pytest.mark.stalled
def test_an_unfinished_set_is_refused_and_what_would_be_lost_is_told(cli, circuits):
    set_id = cli.submit(circuits(a=BELL, b=BELL), "--max-circuits", 1)
    done = cli("forget", set_id, "--yes", code=5)
    assert "2 jobs still on the service, which will run to the end" in done.err
    assert sets(cli) == [set_id]
    cli("export", set_id, "-o", "x.sqlite")
    done = cli("forget", set_id, "--yes", "--unfinished")
    assert "still on the service" in done.err
    assert sets(cli) == []
    cli("cancel", "x.sqlite")
    assert cli.data("status", "x.sqlite")["job_set"]["counts"]["CANCELLED"] == 2


def test_a_planned_set_is_unfinished(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    assert "1 job not sent yet" in cli("forget", set_id, "-y", code=5).err


def test_a_set_in_use_is_left_alone(cli, done_set):
    with FileLock(cli.home / "sets" / f"{done_set}.lock"):
        cli("forget", done_set, "--yes", code=7)
    assert sets(cli) == [done_set]


def test_of_several_sets_none_is_forgotten_when_one_cannot_be(cli, circuits, done_set):
    planned = cli.submit(circuits(a=BELL), "--detach")
    cli("forget", done_set, planned, "--yes", code=5)
    cli("forget", done_set, "nope", "--yes", code=6)
    assert sets(cli) == sorted([done_set, planned])
    cli("forget", done_set, planned, "--yes", "--unfinished")
    assert sets(cli) == []


def test_the_same_set_named_twice_is_forgotten_once(cli, done_set):
    assert cli("forget", done_set, "mine", "latest", "--yes").out == f"{done_set}\n"


def test_an_exported_file_is_not_deleted(cli, done_set):
    cli("export", done_set, "-o", "x.sqlite")
    cli("forget", "x.sqlite", "--yes", code=2)
    assert (cli.cwd / "x.sqlite").exists()


def test_a_damaged_set_can_be_forgotten_when_told_so(cli, done_set):
    (cli.home / "sets" / f"{done_set}.sqlite").write_bytes(b"\0" * 5000)
    assert "damaged" in cli("forget", done_set, "--yes", code=5).err
    told = document(cli("forget", done_set, "--yes", "--unfinished", "--json"), "forget")
    (one,) = told["data"]["forgotten"]
    assert (one["id"], one["name"]) == (done_set, None)
    assert sets(cli) == []


def test_the_document_tells_what_was_forgotten(cli, done_set):
    size = (cli.home / "sets" / f"{done_set}.sqlite").stat().st_size
    told = document(cli("forget", done_set, "--yes", "--json"), "forget")["data"]["forgotten"]
    assert told == [{"id": done_set, "name": "mine", "disk_bytes": size, "lost": ""}]


def test_the_key_of_a_forgotten_set_is_free(cli, circuits):
    words = (circuits(a=BELL), "--once", "key", "--detach")
    first = cli.submit(*words)
    cli("forget", first, "--yes", "--unfinished")
    assert cli.submit(*words) != first


def test_a_forgotten_set_comes_back_from_its_export(cli, done_set):
    cli("export", done_set, "-o", "x.sqlite")
    cli("forget", done_set, "--yes")
    cli("import", "x.sqlite")
    assert cli("results", done_set).out == "0\ta\t5\t1:5\n1\tb\t5\t0:5\n"

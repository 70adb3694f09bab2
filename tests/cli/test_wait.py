"""`wait` and `collect --wait`: several sets, to their ends."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.support.circuits import BELL
from tests.support.waiting import wait_until


@pytest.fixture
def detached(cli, circuits):
    """Plan a set of so many jobs, and send nothing."""

    def plan(jobs: int = 2) -> str:
        folder = circuits(**{f"c{n}": BELL for n in range(jobs)})
        return cli.submit(folder, "--max-circuits", 1, "--detach")

    return plan


def test_sets_that_were_not_sent_are_waited_for_until_their_results_are_here(cli, detached):
    sets = [detached(), detached(3)]
    found = cli.data("wait", *sets)["job_sets"]
    assert [item["id"] for item in found] == sets
    assert [item["progress"]["stored_jobs"] for item in found] == [2, 3]
    assert {item["state"] for item in found} == {"done"}
    assert {item["progress"]["seconds_left"] for item in found} == {0.0}


def test_the_pace_of_each_of_several_sets_is_told_once(cli, detached):
    env = {**cli.env, "IBMQBATCH_PACE": "2", "IBMQBATCH_PACE_WINDOW": "1"}
    sets = [detached(3), detached(3)]
    told = cli("wait", *sets, env=env).err
    assert sorted(line.split(" Paced")[0] for line in told.splitlines() if "Paced" in line) == [
        f"{set_id}:" for set_id in sorted(sets)
    ]


def test_a_set_that_is_named_twice_is_waited_for_once(cli, detached):
    set_id = detached()
    assert len(cli.data("wait", set_id, "latest")["job_sets"]) == 1


def test_a_wait_ends_as_the_set_that_is_worst(cli, detached):
    good, bad = detached(), detached()
    cli("cancel", bad, "--job", 0)
    assert "1 done, 1 cancelled." in cli("wait", good, bad, code=3).err


def test_a_file_that_cannot_be_read_does_not_keep_the_others_waiting(cli, detached):
    good, bad = detached(), detached()
    Path(cli.env["IBMQBATCH_HOME"], "sets", f"{bad}.sqlite").write_bytes(b"no set at all")
    assert f"{bad}.sqlite is " in cli("wait", good, bad, code=1).err
    assert cli.data("status", good)["job_set"]["state"] == "done"


def test_a_wait_that_takes_too_long_says_how_it_goes_on(cli, detached):
    set_id = detached()
    run = cli("wait", set_id, "--timeout", 0, code=124)
    assert f"`ibmqbatch wait {set_id}` waits on" in run.err


def test_ctrl_c_ends_the_wait_and_nothing_else(cli, detached, proxy):
    set_id = detached()
    run = cli.start("wait", set_id, env={**cli.env, "IBMQBATCH_PACE": "1"})
    wait_until(lambda: proxy.submissions == 1)
    run.send_signal(signal.SIGINT)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 130
    assert f"`ibmqbatch wait {set_id}` waits on." in told
    assert cli.data("wait", set_id)["job_sets"][0]["state"] == "done"
    assert proxy.submissions == 2


def test_a_copy_that_sends_nothing_is_not_waited_for(cli, detached, tmp_path):
    set_id = detached()
    cli("export", set_id, "-o", tmp_path / "copy.sqlite")
    assert "--take-over" in cli("wait", tmp_path / "copy.sqlite", code=8).err


def test_collect_waits_for_all_open_sets_when_asked(cli, detached):
    sets = {detached(), detached(3)}
    found = cli.data("collect", "--wait")["job_sets"]
    assert {item["id"] for item in found} == sets
    assert {item["state"] for item in found} == {"done"}
    assert cli.data("collect", "--wait")["job_sets"] == []


def test_collect_takes_a_time_limit_only_with_a_wait(cli):
    assert "--timeout is for --wait." in cli("collect", "--timeout", 3, code=2).err

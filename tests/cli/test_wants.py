"""`cancel`, `retag`, `retry`, `collect`: wants, carried out by whoever comes next."""

from __future__ import annotations

import shutil

import pytest

from ibmqbatch.files import FileLock
from ibmqbatch.jobset.advance import follow
from tests.cli.support import SLOW
from tests.support.circuits import BELL, basis_state
from tests.support.waiting import wait_until


def states(cli, set_id: str) -> list[str]:
    return [job["status"] for job in cli.data("status", set_id)["job_set"]["jobs"]]


def remote_tags(cli, proxy) -> list[set[str]]:
    import json

    return [set(json.loads(s.body)["tags"]) for s in proxy.seen if s.method == "PUT"]


def test_cancel_ends_running_and_queued_jobs(cli, circuits):
    folder = circuits(**{f"s{n}": SLOW for n in range(4)})
    set_id = cli.submit(folder, "--max-circuits", 1, "--shots", 20000)
    cli("cancel", set_id)
    assert states(cli, set_id) == ["CANCELLED"] * 4


def test_cancel_of_one_job_leaves_the_others(cli, circuits):
    folder = circuits(a=BELL, b=BELL, c=BELL)
    set_id = cli.submit(folder, "--max-circuits", 1, "--detach")
    cli("cancel", set_id, "--job", 1)
    cli("resume", set_id, "--wait", code=3)
    assert states(cli, set_id) == ["DONE", "CANCELLED", "DONE"]


def test_cancel_stops_the_very_next_post(cli, circuits, proxy):
    """While `submit` waits for its pace, a cancel from elsewhere ends what was not sent."""
    folder = circuits(**{f"c{n}": BELL for n in range(6)})
    env = {**cli.env, "IBMQBATCH_PACE": "2"}
    set_id = cli.submit(folder, "--max-circuits", 1, "--detach")
    run = cli.start("resume", set_id, "--wait", env=env)
    wait_until(lambda: proxy.submissions == 2)
    cli("cancel", set_id)
    run.communicate(timeout=60)
    assert proxy.submissions == 2
    assert set(states(cli, set_id)[2:]) == {"CANCELLED"}


def test_cancel_of_an_unknown_job_is_refused(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    assert "Its only job is 0." in cli("cancel", set_id, "--job", 9, code=2).err
    assert states(cli, set_id) == ["INITIALIZING"]


def test_retag_replaces_then_adds_then_removes_and_keeps_the_set_whole(cli, circuits, proxy):
    folder = circuits(a=BELL, b=BELL)
    set_id = cli.submit(folder, "--max-circuits", 1, "--tag", "old", "--wait")
    cli("retag", set_id, "--replace", "new", "--add", "more", "--add", "less", "--remove", "less")
    cli("retag", set_id, "--add", "again", "--name", "other name")
    item = cli.data("status", set_id)["job_set"]
    assert (item["tags"], item["name"]) == (["new", "more", "again"], "other name")
    assert len(remote_tags(cli, proxy)) == 4
    for tags in remote_tags(cli, proxy)[2:]:
        assert {"new", "more", "again", f"ibmq_jobset_{set_id}_"} <= tags
        assert len(tags) == 6


def test_all_tags_are_cleared_at_once(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL), "--tag", "a", "--tag", "b", "--wait")
    assert "no tags" in cli("retag", set_id, "--clear").err
    assert cli.data("status", set_id)["job_set"]["tags"] == []
    (tags,) = remote_tags(cli, proxy)
    assert all(tag.startswith("ibmq_jobset_") for tag in tags)
    cli("retag", set_id, "--add", "c")
    cli("retag", set_id, "--clear", "--add", "d")
    assert cli.data("status", set_id)["job_set"]["tags"] == ["d"]


@pytest.mark.parametrize("option", ["--replace", "--remove"])
def test_clearing_tags_stands_alone(cli, circuits, option):
    set_id = cli.submit(circuits(a=BELL), "--tag", "a", "--detach")
    assert option in cli("retag", set_id, "--clear", option, "a", code=2).err
    assert cli.data("status", set_id)["job_set"]["tags"] == ["a"]


@pytest.mark.parametrize("more", [1, 6])
def test_of_too_many_tags_those_that_are_there_are_named(cli, circuits, more):
    there = [f"tag{n}" for n in range(5)]
    set_id = cli.submit(circuits(a=BELL), *(f"--tag={tag}" for tag in there), "--detach")
    added = [f"--add=new{n}" for n in range(more)]
    done = cli("retag", set_id, *added, code=2)
    assert f"{5 + more} tags are too many: a set can have 5." in done.err
    assert "The set has 'tag0', 'tag1', 'tag2', 'tag3', 'tag4'." in done.err
    assert cli.data("status", set_id)["job_set"]["tags"] == there
    cli("retag", set_id, "--add", "new", "--remove", "tag0")


def test_a_tag_that_is_not_there_cannot_be_removed_in_silence(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--tag", "a", "--detach")
    assert "The set has no tag 'other'." in cli("retag", set_id, "--remove", "other").err
    done = cli("retag", set_id, "--remove", "a")
    assert "The set has no tag" not in done.err


def test_a_retag_cut_off_half_way_is_finished_by_the_next_step(cli, circuits, proxy):
    folder = circuits(a=BELL, b=BELL)
    set_id = cli.submit(folder, "--max-circuits", 1, "--wait")
    refused = proxy.when("PUT", "/tags", times=2, status=400, body=b'{"errors": [{"code": 1}]}')
    cli("retag", set_id, "--add", "x", code=1)
    assert refused.times == 0
    proxy.rules.clear()
    cli("collect")
    assert all("x" in tags for tags in remote_tags(cli, proxy)[-2:])
    assert cli.data("status", set_id)["job_set"]["closed_at"]


@pytest.mark.parametrize("tag", ["ibmq_jobset_x", "t" * 87, "two\nlines", " "])
def test_tags_that_cannot_be_are_refused(cli, circuits, tag):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    cli("retag", set_id, "--add", tag, code=2)


def test_retry_runs_failed_jobs_only_and_keeps_the_old_attempt(cli, circuits, proxy):
    folder = circuits(a=basis_state("0"), b=basis_state("1"))
    refusal = b'{"errors": [{"code": 1208, "message": "bad body"}]}'
    proxy.when("POST", "/jobs", status=400, body=refusal)
    set_id = cli.submit(folder, "--max-circuits", 1, "--shots", 5, code=3)
    assert states(cli, set_id).count("ERROR") == 1
    before = proxy.submissions
    cli("retry", set_id, "--wait")
    assert proxy.submissions == before + 1
    jobs = cli.data("status", set_id)["job_set"]["jobs"]
    assert {job["attempt"] for job in jobs} == {1, 2}
    events = cli("status", set_id, "--events").out
    assert "refused" in events
    assert "retry_wanted" in events


def test_retry_leaves_cancelled_jobs_unless_asked(cli, circuits):
    set_id = cli.submit(circuits(a=basis_state("1")), "--shots", 5, "--detach")
    cli("cancel", set_id)
    assert "--cancelled" in cli("retry", set_id).err
    cli("retry", set_id, "--cancelled", "--wait")
    assert states(cli, set_id) == ["DONE"]


def test_collect_brings_results_home_and_is_silent_when_nothing_changed(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--name", "mine")
    cli("status", set_id, "--watch")
    env = {"IBMQBATCH_HOME": str(cli.home)}  # as cron has it: nothing else at all
    assert "mine" in cli("collect", env=env).out
    again = cli("collect", env=env)
    assert (again.out, again.err) == ("", "")


def test_collect_sends_where_the_machine_remembers_nothing_from_run_to_run(cli, circuits, proxy):
    """As in a container that is made anew for each run."""
    cli.env |= {"IBMQBATCH_SETTLE": "0.2"}
    set_id = cli.submit(circuits(a=BELL), "--detach")
    shutil.rmtree(cli.env["IBMQBATCH_RUNTIME"])
    assert set_id in cli("collect").out
    assert proxy.submissions == 1


def test_collect_sends_what_was_detached(cli, circuits, proxy):
    cli.submit(circuits(a=BELL), "--detach")
    cli("collect")
    assert proxy.submissions == 1


def test_collect_goes_on_past_a_damaged_set(cli, circuits, proxy):
    folder = circuits(a=BELL)
    bad = cli.submit(folder, "--detach")
    cli.submit(folder, "--detach")
    (cli.home / "sets" / f"{bad}.sqlite").write_bytes(b"\0" * 5000)
    assert bad in cli("collect", code=1).err
    assert proxy.submissions == 1


def test_collect_leaves_out_a_set_that_is_in_use(cli, circuits, proxy):
    from ibmqbatch.files import FileLock

    set_id = cli.submit(circuits(a=BELL), "--detach")
    with FileLock(cli.home / "sets" / f"{set_id}.lock"):
        done = cli("collect")
    assert (done.out, done.err, proxy.submissions) == ("", "", 0)


def test_resume_of_a_set_in_use_says_so(cli, circuits, monkeypatch):
    monkeypatch.setitem(follow.__kwdefaults__, "patience", 0.0)
    set_id = cli.submit(circuits(a=BELL), "--detach")
    with FileLock(cli.home / "sets" / f"{set_id}.lock"):
        cli("resume", set_id, code=7)


@pytest.mark.stalled
def test_resume_with_nothing_to_do_makes_one_listing(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL))
    before = proxy.listings, len(proxy.seen)
    cli("resume", set_id)
    handshake = 1  # with the local service; the token of before is still good
    assert (proxy.listings - before[0], len(proxy.seen) - before[1]) == (1, 1 + handshake)
    cli("cancel", set_id)


def test_a_refused_retag_does_not_keep_results_away(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=basis_state("1")), "--shots", 5, "--detach")
    cli("resume", set_id)
    cli("status", set_id, "--watch")
    forbidden = b'{"errors": [{"code": 1200, "message": "no"}]}'
    proxy.when("PUT", "/tags", times=50, status=403, body=forbidden)
    cli("retag", set_id, "--add", "x", code=4)
    cli("collect", code=4)
    assert cli("results", set_id, "--partial", code=None).out == "0\ta\t5\t1:5\n"


@pytest.mark.stalled
def test_cancel_of_a_set_in_use_is_recorded_at_once(cli, circuits):
    from ibmqbatch.files import FileLock

    set_id = cli.submit(circuits(a=BELL))
    with FileLock(cli.home / "sets" / f"{set_id}.lock"):
        assert "still to end" in cli("cancel", set_id).err
    cli("collect")
    cli("status", set_id, "--watch")
    assert states(cli, set_id) == ["CANCELLED"]


def test_collect_goes_on_past_a_set_that_is_not_there(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    cli("collect", "nosuch", set_id, code=6)
    assert proxy.submissions == 1

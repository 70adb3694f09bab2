"""`status`: from disk alone for a finished set, one request for another."""

from __future__ import annotations

import pytest

from tests.cli.support import screen
from tests.support.circuits import BELL


def test_sets_are_listed_newest_first_and_filtered(cli, circuits):
    folder = circuits(a=BELL)
    old = cli.submit(folder, "--name", "first", "--tag", "x", "--wait")
    new = cli.submit(folder, "--name", "second", "--detach")

    def ids(*words: str) -> list[str]:
        return [s["id"] for s in cli.data("status", *words)["job_sets"]]

    assert ids() == [new, old]
    assert ids("--name", "fir") == [old]
    assert ids("--tag", "x") == [old]
    assert ids("--state", "planned") == ids("--state", "open") == [new]
    cli("results", old)
    assert ids("--state", "done") == [old]


def test_piped_status_is_plain_lines(cli, circuits):
    set_id = cli.submit(circuits(a=BELL, b=BELL), "--max-circuits", 1, "--name", "n", "--wait")
    head, *jobs = cli("status", set_id).out.splitlines()
    assert head.split("\t") == [set_id, "done", "ideal_simulator", "n", "DONE=2"]
    assert [line.split("\t")[:3] for line in jobs] == [["0", "0-0", "DONE"], ["1", "1-1", "DONE"]]


def test_unsent_jobs_are_planned_where_a_person_reads(cli, circuits):
    set_id = cli.submit(circuits(a=BELL, b=BELL), "--max-circuits", 1, "--detach")
    head, *jobs = cli("status", set_id).out.splitlines()
    assert head.endswith("\tPLANNED=2")
    assert [line.split("\t")[2] for line in jobs] == ["PLANNED", "PLANNED"]
    assert "PLANNED=2" in cli("status").out
    shown = screen(cli, 60, "status", set_id) + screen(cli, 140, "status", set_id)
    assert any("2 planned" in line for line in shown)
    assert any("PLANNED" in line for line in shown)
    assert "INITIALIZING" not in "".join(shown)
    assert cli("logs", set_id, "--job", 0).out.startswith("job 0\tPLANNED\t")


def test_unsent_jobs_keep_qiskits_name_in_json(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    item = cli.data("status", set_id)["job_set"]
    assert item["counts"]["INITIALIZING"] == 1
    assert [job["status"] for job in item["jobs"]] == ["INITIALIZING"]


def test_jobs_that_failed_for_one_reason_are_told_in_one_line(cli, circuits, proxy):
    folder = circuits(**{f"c{n}": BELL for n in range(8)})
    refusal = b'{"errors": [{"code": 1208, "message": "bad body"}]}'
    proxy.when("POST", "/jobs", times=8, status=400, body=refusal)
    done = cli("submit", folder, "--max-circuits", 1, code=3)
    assert len([line for line in done.err.splitlines() if "ad body" in line]) == 1
    assert "8 jobs (0, 1, 2, …): " in done.err
    assert len([line for line in screen(cli, 80, "status", "latest") if "ad body" in line]) == 1


def test_a_history_counts_a_single_circuit_as_one(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    assert "1 circuit in 1 job" in cli("status", set_id, "--events").out


def test_status_of_a_finished_set_makes_no_request(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL), "--wait")
    before = len(proxy.seen)
    cli("status", set_id)
    assert len(proxy.seen) == before


@pytest.mark.stalled
def test_status_of_a_running_set_makes_one_listing(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL))
    before = proxy.listings
    cli("status", set_id)
    assert proxy.listings == before + 1
    assert proxy.count("GET", "/jobs/") == 0
    cli("cancel", set_id)


def test_exit_status_tells_how_the_set_stands(cli, circuits):
    folder = circuits(a=BELL)
    planned = cli.submit(folder, "--detach")
    cli("status", planned, code=0)
    cli("status", planned, "--exit-status", code=5)
    cli("cancel", planned)
    cli("status", planned, "--exit-status", code=3)
    cli("status", cli.submit(folder, "--wait"), "--exit-status", code=0)


def test_events_tell_the_history(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--wait")
    kinds = [line.split("\t")[1] for line in cli("status", set_id, "--events").out.splitlines()]
    assert [kinds[0], kinds[1], kinds[-2], kinds[-1]] == [
        "planned",
        "submitted",
        "fetched",
        "closed",
    ]


def test_watch_ends_when_all_jobs_have_ended(cli, circuits):
    set_id = cli.submit(circuits(a=BELL))
    assert "DONE=1" in cli("status", set_id, "--watch").out


def test_watch_gives_up_at_the_timeout(cli, circuits):
    set_id = cli.submit(circuits(a=BELL), "--detach")
    done = cli("status", set_id, "--watch", "--timeout", 0.2, code=124)
    assert "resume" in done.err


def test_a_damaged_set_costs_only_itself(cli, circuits):
    folder = circuits(a=BELL)
    good, bad = cli.submit(folder, "--detach"), cli.submit(folder, "--detach")
    (cli.home / "sets" / f"{bad}.sqlite").write_bytes(b"\0" * 5000)
    listed = cli("status")
    assert listed.out.startswith(good)
    assert bad in listed.err
    cli("status", bad, code=1)


@pytest.mark.stalled
def test_an_unreachable_service_still_shows_what_is_known(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=BELL))
    proxy.when("GET", "/jobs", times=50, status=503, headers={"Retry-After": "0"})
    done = cli("status", set_id, "--json", code=75).json
    assert done["data"]["job_set"]["jobs"][0]["id"]
    proxy.rules.clear()
    cli("cancel", set_id)

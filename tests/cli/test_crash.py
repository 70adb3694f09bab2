"""Whatever dies: each circuit ends up in exactly one job, and every result comes home."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import threading
from pathlib import Path

import pytest

from tests.cli.support import SLOW
from tests.support.circuits import BELL, basis_state
from tests.support.commands import Cli
from tests.support.waiting import wait_until


def service_states(home: Path) -> list[str]:
    """Read the states of all jobs from the local service's own database."""
    path = home / "local" / "jobs.sqlite"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return [row[0] for row in connection.execute("SELECT status FROM jobs")]
    finally:
        connection.close()


def circuits_of_jobs(home: Path, set_id: str) -> list[tuple[int, int]]:
    """Return the circuit range of every job that the service has of a set, from its database."""
    path = home / "local" / "jobs.sqlite"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        tags = connection.execute(
            "SELECT tag FROM tags WHERE tag LIKE ?", (f"ibmq_jobset_{set_id}_j%",)
        ).fetchall()
    finally:
        connection.close()
    ranges = [tag[0].split("_c")[1].split("_")[0].split("-") for tag in tags]
    return sorted((int(first), int(last)) for first, last in ranges)


def test_kill_of_the_service_with_jobs_running_and_queued_loses_none(lone_cli: Cli, circuits):
    folder = circuits(**{f"slow{n}": SLOW for n in range(5)})
    set_id = lone_cli.submit(folder, "--max-circuits", 1, "--shots", 500)

    def both() -> bool:
        return {"Running", "Queued"} <= set(service_states(lone_cli.home))

    wait_until(both)
    service = json.loads((lone_cli.home / "local" / "service.json").read_bytes())
    os.kill(service["pid"], signal.SIGKILL)
    assert both()
    lone_cli("resume", set_id)
    done = lone_cli("results", set_id, "--wait", "--json").json
    assert [sum(r["counts"].values()) for r in done["data"]["results"]] == [500] * 5
    assert circuits_of_jobs(lone_cli.home, set_id) == [(n, n) for n in range(5)]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_kill_of_submit_during_a_request_sends_each_circuit_once(
    cli: Cli, circuits, proxy, service_folder: Path, moment: str
):
    """The process dies while its 4th request is on its way, or is done and not yet answered."""
    states = [f"{n:04b}" for n in range(8)]
    folder = circuits(**{f"c{n}": basis_state(bits) for n, bits in enumerate(states)})
    reached, go_on = threading.Event(), threading.Event()
    counter = iter(range(100))

    def hold(_seen: object) -> None:
        if next(counter) == 3:
            reached.set()
            go_on.wait(60)

    proxy.when("POST", "/jobs", times=100, before=hold)
    process = cli.start("submit", folder, "--max-circuits", 1, "--shots", 20, "--quiet")
    assert reached.wait(60)
    if moment == "after":
        go_on.set()
    process.kill()
    set_id = process.communicate()[0].strip()
    proxy.rules.clear()
    go_on.set()
    cli("resume", set_id)
    done = cli("results", set_id, "--wait", "--json").json
    assert [r["counts"] for r in done["data"]["results"]] == [{bits: 20} for bits in states]
    home = service_folder.parent
    assert circuits_of_jobs(home, set_id) == [(n, n) for n in range(8)]


def test_a_reply_that_is_lost_is_found_in_the_listing_and_not_sent_again(cli, circuits, proxy):
    folder = circuits(a=basis_state("01"), b=basis_state("10"))
    proxy.when("POST", "/jobs", drop="after")
    set_id = cli.submit(folder, "--max-circuits", 1, "--shots", 10, "--wait")
    assert proxy.submissions == 2
    events = cli.data("status", set_id, "--events")["events"]
    assert "adopted" in [event["kind"] for event in events]


def test_a_request_that_is_lost_is_sent_again_after_two_listings_without_it(cli, circuits, proxy):
    folder = circuits(a=basis_state("01"))
    proxy.when("POST", "/jobs", drop="before")
    set_id = cli.submit(folder, "--shots", 10, "--wait")
    assert proxy.submissions == 2
    job = cli.data("status", set_id)["job_set"]["jobs"][0]
    assert (job["status"], job["attempt"]) == ("DONE", 2)
    submitted = [n for n, s in enumerate(proxy.seen) if s.method == "POST" and "jobs" in s.path]
    between = proxy.seen[submitted[0] : submitted[1]]
    assert sum(s.method == "GET" and "tags=" in s.path for s in between) >= 2


def test_a_server_fault_after_the_work_was_done_makes_no_second_job(cli, circuits, proxy):
    proxy.when("POST", "/jobs", status=502, after=True, body=b"<html>bad gateway</html>")
    cli.submit(circuits(a=basis_state("01")), "--shots", 10, "--wait")
    assert proxy.submissions == 1


def test_an_answer_without_an_id_makes_no_second_job(cli, circuits, proxy):
    proxy.when("POST", "/jobs", status=200, after=True, body=b"welcome")
    cli.submit(circuits(a=basis_state("01")), "--shots", 10, "--wait")
    assert proxy.submissions == 1


def test_a_busy_service_is_obeyed_and_nothing_is_doubled(cli, circuits, proxy):
    proxy.when("POST", "/jobs", status=429, headers={"Retry-After": "1"})
    set_id = cli.submit(circuits(a=basis_state("01")), "--shots", 10, "--wait")
    job = cli.data("status", set_id)["job_set"]["jobs"][0]
    assert (proxy.submissions, job["attempt"]) == (2, 1)


def test_a_result_cut_short_is_kept_aside_and_fetched_again(cli, circuits, proxy):
    folder = circuits(a=basis_state("01"))
    proxy.when("GET", "/results", status=200, body=b'{"__type__": "PrimitiveResult", "__val')
    set_id = cli.submit(folder, "--shots", 10, "--wait")
    done = cli("results", set_id, "--json").json
    assert done["data"]["results"][0]["counts"] == {"01": 10}
    assert list((cli.home / "sets" / f"{set_id}.arriving").glob("*.damaged"))


def test_two_submissions_with_one_key_make_one_set(cli, circuits):
    folder = circuits(a=basis_state("01"))
    runs = [cli.start("submit", folder, "--once", "nightly", "--quiet") for _ in range(2)]
    ids = {run.communicate()[0].strip() for run in runs}
    assert [run.returncode for run in runs] == [0, 0]
    assert len(ids) == 1
    assert len(list((cli.home / "sets").glob("*.sqlite"))) == 1


def test_a_bit_flipped_on_disk_is_noticed_and_the_result_fetched_again(cli, circuits, proxy):
    set_id = cli.submit(circuits(a=basis_state("01")), "--shots", 10, "--wait")
    before = proxy.count("GET", "/results")
    connection = sqlite3.connect(cli.home / "sets" / f"{set_id}.sqlite")
    body = bytearray(connection.execute("SELECT body FROM results").fetchone()[0])
    body[len(body) // 2] ^= 1
    connection.execute("UPDATE results SET body = ?", (bytes(body),))
    connection.commit()
    connection.close()
    done = cli("results", set_id, "--json").json
    assert done["data"]["results"][0]["counts"] == {"01": 10}
    assert proxy.count("GET", "/results") == before + 1


@pytest.fixture
def put_back(cli, circuits) -> str:
    """Send a set of two jobs, and put back the file as it was before; return its id."""
    set_id = cli.submit(circuits(a=BELL, b=BELL), "--max-circuits", 1, "--detach")
    path = cli.home / "sets" / f"{set_id}.sqlite"
    backup = path.read_bytes()
    cli("resume", set_id, "--wait")
    path.write_bytes(backup)
    return set_id


def test_a_backup_that_is_put_back_goes_on_with_what_was_sent(cli, proxy, put_back):
    cli("resume", put_back, "--wait")
    assert len(cli.results(put_back)) == 2
    assert proxy.submissions == 2


def test_a_backup_sends_nothing_of_which_the_machine_does_not_know_who_sent_it(
    cli, proxy, put_back
):
    shutil.rmtree(cli.env["IBMQBATCH_RUNTIME"])  # as a restart does
    done = cli("resume", put_back, code=9)
    assert "another copy" in done.err
    assert "--take-over" in done.err
    assert proxy.submissions == 2


def test_a_backup_that_takes_over_goes_on_with_what_was_sent(cli, proxy, put_back):
    shutil.rmtree(cli.env["IBMQBATCH_RUNTIME"])
    cli("resume", put_back, "--take-over", "--wait")
    assert len(cli.results(put_back)) == 2
    assert proxy.submissions == 2


def test_one_answer_that_there_are_no_results_does_not_lose_them(cli, circuits, proxy):
    gone = b'{"errors": [{"code": 1291, "message": "not found"}]}'
    proxy.when("GET", "/results", status=404, body=gone)
    set_id = cli.submit(circuits(a=basis_state("01")), "--shots", 10, "--wait")
    done = cli("results", set_id, "--json").json
    assert done["data"]["results"][0]["counts"] == {"01": 10}

"""`recover` that is killed, interrupted, or misled by a listing: the next one makes all good."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest

from tests.cli.support import apart
from tests.support.circuits import basis_state
from tests.support.commands import Cli
from tests.support.proxy import Proxy, Seen

# A set of three jobs takes one listing, three questions and three results.
REQUESTS = 7


@pytest.fixture
def place(service_folder, tmp_path):
    for number in range(3):
        (tmp_path / f"c{number}.qasm").write_text(basis_state(f"{number:02b}"))
    with apart(service_folder, tmp_path) as (here, there, proxy, program):
        files = [tmp_path / f"c{number}.qasm" for number in range(3)]
        set_id = here.submit(*files, "--max-circuits", 1, "--shots", 5, "--wait")
        proxy.seen.clear()
        yield here, there, proxy, program, set_id


def stopped(there: Cli, proxy: Proxy, request: int, number: int, *words: str) -> int:
    """Run a command that gets a signal while its n-th request about jobs is under way."""
    process = there.start(*words)
    stop = _at(request, lambda: os.kill(process.pid, number))
    proxy.when("GET", "/jobs", times=1000, before=stop)
    try:
        process.communicate()
        return process.wait()
    finally:
        proxy.rules.clear()


def _at(request: int, act: Callable[[], None]) -> Callable[[Seen], None]:
    arrived: list[Seen] = []

    def count(seen: Seen) -> None:
        arrived.append(seen)
        if len(arrived) == request:
            act()

    return count


# The first listing, a question, and the first and the last result; all others with the slow tests.
OFTEN = {1, 3, 5, 7}


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(number, marks=() if number in OFTEN else pytest.mark.slow)
        for number in range(1, REQUESTS + 1)
    ],
)
@pytest.mark.parametrize("words", ["one", pytest.param("--all", marks=pytest.mark.slow)])
def test_a_kill_at_any_request_is_no_obstacle(request_, words, place):
    here, there, proxy, _, set_id = place
    words = ("recover", set_id if words == "one" else "--all")
    assert stopped(there, proxy, request_, signal.SIGKILL, *words) == -signal.SIGKILL
    there(*words)
    assert there.results(set_id) == here.results(set_id)
    assert not list((there.home / "sets").glob("*.draft"))
    assert proxy.submissions == 0


@pytest.mark.slow
@pytest.mark.parametrize("request_", range(1, REQUESTS + 1))
def test_an_interrupt_leaves_no_set_that_lacks_what_was_not_asked(request_, place):
    here, there, proxy, _, set_id = place
    assert stopped(there, proxy, request_, signal.SIGINT, "recover", set_id) == 130
    there("recover", set_id)
    assert there.results(set_id) == here.results(set_id)


def half(place, count: int = 3) -> bytes:
    """Return a listing of a set that lacks one of its jobs, and counts it."""
    *_, program, set_id = place
    told = {**program.get("/jobs", tags=f"ibmq_jobset_{set_id}_").json(), "count": count}
    del told["jobs"][1]
    return json.dumps(told).encode()


def test_a_listing_that_hides_a_job_is_read_again(place):
    here, there, proxy, _, set_id = place
    proxy.when("GET", "/jobs?", status=200, body=half(place))
    there("recover", set_id)
    assert there.results(set_id) == here.results(set_id)


@pytest.mark.parametrize("count", [3, 10**9])
def test_a_listing_that_never_shows_all_proves_no_hole(count, place):
    _, there, proxy, _, set_id = place
    proxy.when("GET", "/jobs?", status=200, body=half(place, count), times=100)
    done = there("recover", set_id, code=1)
    assert f"The service counts {count} jobs and lists 2 of them." in done.err
    assert not list((there.home / "sets").glob("*.sqlite"))


def test_two_processes_recover_one_set_once(place):
    here, there, *_, set_id = place
    processes = [there.start("recover", what) for what in (set_id, "--all", set_id)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert there.results(set_id) == here.results(set_id)

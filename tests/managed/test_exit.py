"""A program that ends while its jobs are being sent: what is in flight lands, the rest waits."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.managed.background import Sender
from ibmqbatch.managed.exceptions import IBMQAccountError
from ibmqbatch.managed.holding import Holding
from ibmqbatch.managed.job_set import ManagedJobSet
from ibmqbatch.manifest.records import JobRecord
from tests.bench.sets import environment
from tests.bench.stub import BACKEND, Stub
from tests.managed.support import start
from tests.waiting import wait_until

# `flying` waits until jobs are on their way, `landed` until so many are in the set's file.
# After `tell_of_the_end` it prints "now" as soon as the interpreter's end waits for what is sent.
PROGRAM = f"""
    import json, sys, time
    from ibmqbatch import IBMQJobManager
    from ibmqbatch.managed.background import Sender
    from tests.managed.support import numbered

    def flying(job_set):
        while not any(job.leaving for job in job_set.handle.jobs):
            time.sleep(0.01)

    def landed(job_set, count):
        while sum(job.remote is not None for job in job_set.handle.jobs) < count:
            time.sleep(0.01)

    def tell_of_the_end():
        def stop(sender, stop=Sender.stop):
            print("now", flush=True)
            stop(sender)

        Sender.stop = stop

    job_set = IBMQJobManager().run(numbered(5), "{BACKEND}", max_experiments_per_job=1, shots=2)
"""


@pytest.fixture
def stub() -> Iterator[Callable[..., Stub]]:
    """Start a service, for an account that sends so many jobs a minute."""
    import contextlib

    with contextlib.ExitStack() as stack:

        def begin(pace: int = 0) -> Stub:
            stub = stack.enter_context(Stub())
            variables = {**stub.environment, "IBMQBATCH_PACE": str(pace)}
            stack.enter_context(environment(**variables))
            return stub

        yield begin


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    try:
        _, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return process.returncode, err.splitlines()


def says_now(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "now\n"


def jobs() -> list[JobRecord]:
    """Return the jobs of the only set there is."""
    (path,) = set_paths()
    return JobSet(path).jobs


def advice() -> str:
    (path,) = set_paths()
    return (
        f"ibmqbatch: 3 of the 5 jobs are not sent yet; `ibmqbatch resume {path.stem}` "
        "sends what is left."
    )


def test_what_is_in_flight_lands(stub):
    service = stub()
    service.hold()
    program = f"{PROGRAM}\n    flying(job_set)\n    tell_of_the_end()"
    process = start(program, flags=("-X", "dev"))
    assert says_now(process)
    service.release()
    assert ended(process) == (0, [])
    assert service.take_counts()["submit"] == 5
    assert all(job.remote is not None for job in jobs())


@pytest.mark.parametrize(
    ("ending", "code"), [("", 0), pytest.param("sys.exit(3)", 3, marks=pytest.mark.slow)]
)
def test_the_rest_waits_and_one_line_says_how_to_go_on(stub, monkeypatch, ending, code):
    service = stub(pace=2)
    program = f"{PROGRAM}\n    landed(job_set, 2)\n    {ending}"
    assert ended(start(program, flags=("-X", "dev"))) == (code, [advice()])
    assert service.take_counts()["submit"] == 2
    assert [job.unsent for job in jobs()] == [False, False, True, True, True]
    # Whoever finds the set sends the rest, and only that.
    monkeypatch.setenv("IBMQBATCH_PACE", "0")
    (path,) = set_paths()
    job_set = ManagedJobSet(short_id=path.stem)
    job_set.retrieve_jobs(None)
    assert None not in job_set.jobs()
    assert service.take_counts()["submit"] == 3


@pytest.mark.parametrize(
    "waiting",
    ["time.sleep(60)", "job_set.results()", pytest.param("job_set.jobs()", marks=pytest.mark.slow)],
)
def test_ctrl_c_lets_what_is_in_flight_land(stub, waiting):
    service = stub(pace=2)
    program = f"{PROGRAM}\n    landed(job_set, 2)\n    print('now', flush=True)\n    {waiting}"
    process = start(program, flags=("-X", "dev"))
    assert says_now(process)
    time.sleep(0.3)  # until it waits
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == -signal.SIGINT
    assert "KeyboardInterrupt" in err
    assert err[-1] == advice()
    assert service.take_counts()["submit"] == 2
    assert sum(job.unsent for job in jobs()) == 3
    assert not any(job.leaving or job.unsure for job in jobs())


def test_the_copy_of_a_process_ends_as_if_nothing_was_being_sent(stub):
    service = stub()
    service.hold()
    forking = "import os; child = os.fork(); child and os.waitpid(child, 0)"
    process = start(f"{PROGRAM}\n    flying(job_set)\n    tell_of_the_end()\n    {forking}")
    assert says_now(process)  # and the copy has ended
    service.release()
    assert ended(process) == (0, [])
    assert service.take_counts()["submit"] == 5


def test_ctrl_c_during_a_request_has_it_land_first(stub):
    service = stub()
    service.hold()
    # The number of a signal that has come goes to stdout.
    telling = "import os, signal; os.set_blocking(1, False); signal.set_wakeup_fd(1)"
    process = start(
        f"{PROGRAM}\n    {telling}\n    print('now', flush=True)\n    job_set.results()"
    )
    assert says_now(process)
    wait_until(service.held)
    process.send_signal(signal.SIGINT)
    assert process.stdout is not None
    assert ord(process.stdout.read(1)) == signal.SIGINT
    service.release()
    code, _ = ended(process)
    assert code == -signal.SIGINT
    assert service.take_counts()["submit"] == len([job for job in jobs() if job.remote])
    assert not any(job.leaving or job.unsure for job in jobs())


def test_who_is_in_a_hurry_leaves_at_once(stub):
    stub().hold()
    process = start(f"{PROGRAM}\n    flying(job_set)\n    tell_of_the_end()")
    assert says_now(process)
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == 130
    assert len(err) == 1
    assert err[0].endswith("sends what is left.")


def test_what_stops_the_sending_is_told_by_whoever_waits(stub, monkeypatch):
    stub(pace=2)
    ended(start(f"{PROGRAM}\n    landed(job_set, 2)"))
    (path,) = set_paths()
    monkeypatch.setenv("IBMQBATCH_TOKEN", "")
    monkeypatch.delenv("IBMQBATCH_TOKEN")
    job_set = ManagedJobSet.of(Holding(JobSet(path)))
    with pytest.warns(UserWarning, match="Not all jobs of the set"):
        found = job_set.jobs()
    assert found.count(None) == 3
    with pytest.raises(IBMQAccountError):
        job_set.results(timeout=5)


def test_no_wait_of_the_program_is_too_long_to_hear_of_a_signal():
    """One that comes just before a wait, or to another thread, does not end the wait."""
    waits = []

    class Done:
        def wait(self, timeout):
            waits.append(timeout)
            return len(waits) == 3

    sender = object.__new__(Sender)
    sender._done = Done()
    assert sender.join()
    assert len(waits) == 3
    assert max(waits) <= 1

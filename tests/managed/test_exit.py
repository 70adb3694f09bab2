"""A program that ends while its jobs are being sent: all are sent first, unless it is not to."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ibmqbatch import IBMQJobManager
from ibmqbatch.jobset.catalog import set_paths
from ibmqbatch.jobset.job_set import JobSet
from ibmqbatch.managed.background import Sender
from ibmqbatch.managed.exceptions import IBMQAccountError, IBMQJobManagerInvalidStateError
from ibmqbatch.managed.job_set import ManagedJobSet
from ibmqbatch.manifest.records import JobRecord
from tests.bench.sets import environment
from tests.managed.support import BACKEND as LOCAL_BACKEND
from tests.managed.support import numbered, start
from tests.support.forks import Process
from tests.support.stub import BACKEND, Stub
from tests.support.waiting import wait_until

# `flying` waits until jobs are on their way, `landed` until so many are in the set's file.
# After `tell_of_the_end` it prints "now" as soon as the interpreter's end waits for what is sent,
# and "landing" once it waits for what is in flight alone.
DEFINITIONS = """
    import json, sys, time
    from ibmqbatch import IBMQJobManager
    from ibmqbatch.managed.background import Sender
    from tests.managed.support import numbered

    def flying(job_set):
        while not any(job.leaving for job in job_set.job_set.jobs):
            time.sleep(0.01)

    def landed(job_set, count):
        while sum(job.remote is not None for job in job_set.job_set.jobs) < count:
            time.sleep(0.01)

    def tell_of_the_end():
        def join(sender, join=Sender.join):
            print("landing" if sender._clock.interrupted.is_set() else "now", flush=True)
            return join(sender)

        Sender.join = join
"""


def running(more: str = "", *, count: int = 5) -> str:
    """Return a program that runs a set of so many jobs, one circuit each."""
    return f"""{DEFINITIONS}
    job_set = IBMQJobManager().run(
        numbered({count}), "{BACKEND}", max_experiments_per_job=1, shots=2{more}
    )
"""


PROGRAM = running()
DETACHED = running(", detach=True")


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


def ended(process: Process) -> tuple[int, list[str]]:
    _, err = process.communicate()
    return process.returncode, err.splitlines()


def says(process: Process, word: str = "now") -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == f"{word}\n"


def jobs() -> list[JobRecord]:
    """Return the jobs of the only set there is."""
    (path,) = set_paths()
    return JobSet(path).jobs


def advice(left: int = 3) -> str:
    (path,) = set_paths()
    return (
        f"ibmqbatch: {left} of the 5 jobs are not sent yet; `ibmqbatch resume {path.stem}` "
        "sends what is left."
    )


def announcement(left: int, how_long: str = "", *, of: int = 5) -> str:
    (path,) = set_paths()
    return (
        f"ibmqbatch: sending {left} of the {of} jobs before the program ends{how_long}. "
        f"Ctrl-C leaves the rest for `ibmqbatch resume {path.stem}`."
    )


@pytest.mark.parametrize(
    ("ending", "code"), [("", 0), pytest.param("sys.exit(3)", 3, marks=pytest.mark.slow)]
)
def test_a_program_that_submits_and_ends_sends_all_and_says_so(stub, ending, code):
    service = stub()
    service.hold()
    program = f"{running(count=40)}\n    flying(job_set)\n    tell_of_the_end()\n    {ending}"
    process = start(program)
    assert says(process)
    service.release()
    # Sixteen are in flight at a time.
    assert ended(process) == (code, [announcement(24, of=40)])
    assert service.take_counts()["submit"] == 40
    assert all(job.remote is not None for job in jobs())


def test_what_is_unsure_is_found_out_before_the_program_ends_and_that_is_said(proxy):
    proxy.when("POST", "/jobs", drop="after")
    program = (
        running(count=1).replace(BACKEND, LOCAL_BACKEND)
        + """
    while not any(job.unsure for job in job_set.job_set.jobs):
        time.sleep(0.01)
"""
    )
    assert ended(start(program)) == (0, [announcement(1, of=1)])
    assert proxy.submissions == 1
    assert all(job.remote is not None for job in jobs())


def test_a_program_whose_error_ends_it_has_all_sent_as_well(stub):
    service = stub()
    code, err = ended(start(f"{PROGRAM}\n    sys.exit(1 // 0)"))
    assert code == 1
    assert "ZeroDivisionError: integer division or modulo by zero" in err
    assert service.take_counts()["submit"] == 5


def test_the_end_of_a_program_says_how_long_the_pace_makes_it_take(stub):
    stub(pace=2)
    process = start(f"{PROGRAM}\n    landed(job_set, 2)\n    tell_of_the_end()")
    assert says(process)
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == 130
    assert announcement(3, " (at least 1 min at the account's pace)") in err


def test_ctrl_c_at_the_end_leaves_the_rest_and_loses_nothing_of_the_program(stub):
    service = stub(pace=2)
    # What it has written, and what is to be done at its end, is not lost.
    program = f"""{PROGRAM}
    import atexit
    landed(job_set, 2)
    tell_of_the_end()
    atexit.register(lambda: print("at exit"))
    sys.stdout.reconfigure(line_buffering=False)
    print("written")
"""
    process = start(program)
    wait_until(lambda: set_paths() and sum(job.remote is not None for job in jobs()) == 2)
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    assert says(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out.splitlines() == ["landing", "at exit"]
    assert err.splitlines()[-1] == advice()
    assert service.take_counts()["submit"] == 2
    assert [job.unsent for job in jobs()] == [False, False, True, True, True]


@pytest.mark.parametrize("detached", ["detach=True", "IBMQBATCH_DETACH=1"])
def test_what_is_detached_waits_and_one_line_says_how_to_go_on(stub, monkeypatch, detached):
    service = stub(pace=2)
    program = DETACHED if "True" in detached else PROGRAM
    env = {} if "True" in detached else {"IBMQBATCH_DETACH": "1"}
    code, err = ended(start(f"{program}\n    landed(job_set, 2)", **env))
    assert code == 0
    assert err[-1] == advice()
    assert not any("before the program ends" in line for line in err)
    assert service.take_counts()["submit"] == 2
    assert [job.unsent for job in jobs()] == [False, False, True, True, True]
    # Whoever finds the set sends the rest, and only that.
    monkeypatch.setenv("IBMQBATCH_PACE", "0")
    (path,) = set_paths()
    job_set = ManagedJobSet(short_id=path.stem)
    job_set.retrieve_jobs(None)
    assert None not in job_set.jobs()
    assert service.take_counts()["submit"] == 3


def test_what_is_detached_lands_where_it_is_in_flight(stub):
    service = stub()
    service.hold()
    program = f"{DETACHED}\n    flying(job_set)\n    tell_of_the_end()"
    process = start(program)
    assert says(process, "landing")
    service.release()
    assert ended(process) == (0, [])
    assert service.take_counts()["submit"] == 5
    assert all(job.remote is not None for job in jobs())


def test_an_argument_goes_before_the_variable(stub):
    service = stub()
    program = running(", detach=False")
    code, _ = ended(start(program, IBMQBATCH_DETACH="1"))
    assert (code, service.take_counts()["submit"]) == (0, 5)


def test_what_is_neither_yes_nor_no_is_refused_before_anything_is_planned(stub, monkeypatch):
    stub()
    manager = IBMQJobManager()
    with pytest.raises(IBMQJobManagerInvalidStateError, match="detach is 'maybe'"):
        manager.run(numbered(1), BACKEND, detach="maybe")
    monkeypatch.setenv("IBMQBATCH_DETACH", "perhaps")
    with pytest.raises(IBMQJobManagerInvalidStateError, match="IBMQBATCH_DETACH is 'perhaps'"):
        manager.run(numbered(1), BACKEND)
    assert not set_paths()


@pytest.mark.parametrize(
    "waiting",
    ["time.sleep(60)", "job_set.results()", pytest.param("job_set.jobs()", marks=pytest.mark.slow)],
)
def test_ctrl_c_lets_what_is_in_flight_land(stub, waiting):
    service = stub(pace=2)
    program = f"{PROGRAM}\n    landed(job_set, 2)\n    print('now', flush=True)\n    {waiting}"
    process = start(program)
    assert says(process)
    time.sleep(0.3)  # until it waits
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == -signal.SIGINT
    assert "KeyboardInterrupt" in err
    assert err[-1] == advice()
    assert not any("before the program ends" in line for line in err)
    assert service.take_counts()["submit"] == 2
    assert sum(job.unsent for job in jobs()) == 3
    assert not any(job.leaving or job.unsure for job in jobs())


def test_the_copy_of_a_process_ends_as_if_nothing_was_being_sent(stub):
    service = stub()
    service.hold()
    forking = "import os; child = os.fork(); child and os.waitpid(child, 0)"
    process = start(f"{PROGRAM}\n    flying(job_set)\n    tell_of_the_end()\n    {forking}")
    assert says(process)  # and the copy has ended
    service.release()
    assert ended(process)[0] == 0
    assert service.take_counts()["submit"] == 5


def test_ctrl_c_during_a_request_has_it_land_first(stub):
    service = stub()
    service.hold()
    # The number of a signal that has come goes to stdout.
    telling = "import os, signal; os.set_blocking(1, False); signal.set_wakeup_fd(1)"
    process = start(
        f"{PROGRAM}\n    {telling}\n    print('now', flush=True)\n    job_set.results()"
    )
    assert says(process)
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
    assert says(process)
    process.send_signal(signal.SIGINT)
    assert says(process, "landing")
    process.send_signal(signal.SIGINT)
    code, err = ended(process)
    assert code == 130
    assert err[-1] == advice(5)


def test_what_stops_the_sending_is_told_by_whoever_waits(stub, monkeypatch):
    stub(pace=2)
    ended(start(f"{DETACHED}\n    landed(job_set, 2)"))
    (path,) = set_paths()
    monkeypatch.setenv("IBMQBATCH_TOKEN", "")
    monkeypatch.delenv("IBMQBATCH_TOKEN")
    job_set = ManagedJobSet.of(JobSet(path))
    with pytest.warns(UserWarning, match="Not all jobs of the set"):
        found = job_set.jobs()
    assert found.count(None) == 3
    with pytest.raises(IBMQAccountError):
        job_set.results(timeout=5)


def test_a_process_that_was_forked_waits_for_no_thread_of_the_other():
    sender = object.__new__(Sender)
    sender._done, sender._process = threading.Event(), -1
    assert sender.finished
    assert sender.join()


def test_no_wait_of_the_program_is_too_long_to_hear_of_a_signal():
    """One that comes just before a wait, or to another thread, does not end the wait."""
    waits = []

    class Done:
        def wait(self, timeout):
            waits.append(timeout)
            return len(waits) == 3

    sender = object.__new__(Sender)
    sender._done, sender._process = Done(), os.getpid()
    assert sender.join()
    assert len(waits) == 3
    assert max(waits) <= 1

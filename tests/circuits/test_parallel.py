"""Work that is shared among processes: answered in order, whatever happens to one of them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from ibmqbatch.circuits.parallel import Helpers
from ibmqbatch.circuits.ready import Preparation
from tests.circuits import asking
from tests.circuits.devices import line
from tests.circuits.tasks import deadly, died, echo, pid, square, starved, wrong
from tests.conftest import BELL

WINDOW = 64


@pytest.mark.parametrize("processes", [0, 1, 2, 4])
def test_answers_come_in_the_order_of_the_tasks(processes):
    with Helpers(square, died, processes) as helpers:
        assert list(helpers.map(range(300))) == [square(n) for n in range(300)]


def test_work_is_shared():
    with Helpers(pid, died, 2) as helpers:
        assert len(set(_until_two(helpers.map(iter(int, 1))))) == 2


def _until_two(answers: Iterator[int]) -> Iterator[int]:
    """Take answers until two processes have given some."""
    seen: set[int] = set()
    for answer in answers:
        seen.add(answer)
        yield answer
        if len(seen) == 2:
            return


def test_no_tasks_have_no_answers():
    with Helpers(square, died, 2) as helpers:
        assert list(helpers.map([])) == []


def test_process_that_dies_costs_the_task_that_it_was_at():
    with Helpers(partial(deadly, os.getpid()), died, 2) as helpers:
        # The other process has the first task; the seven that it dies of is one of those behind.
        answers = helpers.map(_until(lambda: not helpers._helpers))
        found = list(answers)
    assert found.count(("died", 7)) == 1
    assert all(a in (n % 10, ("died", 7)) for n, a in enumerate(found))


def _until(ended: Callable[[], bool]) -> Iterator[int]:
    """Yield digits until something is over, and some more."""
    for number in itertools.count():
        yield number % 10
        if ended() and number % 10 == 9:
            return


def test_process_that_is_killed_from_outside_costs_one_task_at_most():
    with Helpers(square, died, 2) as helpers:
        answers = helpers.map(range(500))
        first = next(answers)
        helpers._helpers[0].process.kill()
        found = [first, *answers]
    assert len(found) == 500
    assert sum(isinstance(answer, tuple) for answer in found) <= 1
    assert all(a in (n * n, ("died", n)) for n, a in enumerate(found))


def test_memory_that_runs_out_is_told_as_a_death():
    with Helpers(partial(starved, os.getpid()), died, 2) as helpers:
        found = list(helpers.map(_until(lambda: not helpers._helpers)))
    assert sum(isinstance(answer, tuple) for answer in found) == 1
    assert all(a in (n % 10, ("died", n % 10)) for n, a in enumerate(found))


@pytest.mark.parametrize("processes", [1, 3])
def test_error_in_the_work_is_raised_to_the_one_who_asks(processes):
    with Helpers(wrong, died, processes) as helpers, pytest.raises(ValueError, match="five"):
        list(helpers.map(range(50)))


@pytest.mark.parametrize("processes", [2, 3])
def test_large_tasks_and_answers_do_not_wait_for_one_another(processes):
    tasks = [bytes([n]) * (4_000_000 if n % 2 else 20_000) for n in range(24)]
    with Helpers(echo, died, processes) as helpers:
        assert list(helpers.map(tasks)) == tasks


def test_tasks_are_taken_as_they_are_needed():
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    with Helpers(square, died, 3) as helpers:
        for count, _ in zip(range(1, 200), helpers.map(tasks()), strict=False):
            assert taken <= count + WINDOW


def test_nothing_is_left_running_after_an_exception():
    processes = []

    def fail() -> None:
        with Helpers(square, died, 3) as helpers:
            processes.extend(helper.process for helper in helpers._helpers)
            for answer in helpers.map(range(100)):
                if answer > 50:
                    raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert len(processes) == 2
    assert all(process.returncode is not None for process in processes)


def test_machine_without_room_for_processes_does_the_work_by_itself(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr("ibmqbatch.circuits.parallel.subprocess.Popen", refuse)
    with Helpers(square, died, 4) as helpers:
        assert list(helpers.map(range(10))) == [square(n) for n in range(10)]


def ready_with(processes: int, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ibmqbatch.circuits.prepare.available_processors", lambda: processes)
    return asking.ready(folder, device=line(4), preparation=Preparation(seed=1))


@pytest.mark.slow
def test_circuits_do_not_depend_on_the_number_of_processes(circuits, monkeypatch):
    folder = circuits(
        **{f"c{n}": BELL.replace("h q[0];", f"rx({n}) q[0]; cx q[1], q[0];") for n in range(30)}
    )
    found = [ready_with(processes, folder, monkeypatch) for processes in (1, 2, 4)]
    assert found[0] == found[1] == found[2]


def test_circuits_of_one_file_are_shared_too(tmp_path, monkeypatch):
    asked = []
    real = Helpers

    def helpers(work, died, processes):
        asked.append(processes)
        return real(work, died, processes)

    monkeypatch.setattr("ibmqbatch.circuits.prepare.Helpers", helpers)
    ready_with(2, asking.write(tmp_path, BELL * 20, "many.qasm"), monkeypatch)
    ready_with(2, asking.write(tmp_path, BELL * 3, "few.qasm"), monkeypatch)
    assert asked == [2, 1]


def test_script_without_a_guard_is_not_run_again(circuits, tmp_path):
    """Nor is a module of the folder that it is started in taken for one of ours."""
    folder = circuits(**{f"c{n}": BELL for n in range(14)})
    script = asking.write(
        tmp_path,
        textwrap.dedent(f"""
            import warnings
            warnings.simplefilter("ignore")
            from pathlib import Path
            from ibmqbatch.circuits import prepare as it
            from tests.circuits.devices import line

            Path({str(tmp_path / "runs")!r}).open("a").write("x")
            it.available_processors = lambda: 2
            inputs = it.Inputs((Path({str(folder)!r}),))
            ready = it.prepare(inputs, line(3), it.Preparation(seed=1), lambda *_: None)
            print(len([*ready]))
        """),
        "script.py",
    )
    asking.write(tmp_path, "raise SystemExit('not this one')\n", "here/pickle.py")
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path / "here",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("14\n", "")
    assert (tmp_path / "runs").read_text() == "x"

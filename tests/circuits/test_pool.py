"""Work that is shared among processes: answered in order, whatever happens to one of them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ibmqbatch.circuits.pool import ProcessPool, _Process
from ibmqbatch.circuits.preparer import Preparation
from tests.circuits import asking
from tests.circuits.devices import line
from tests.circuits.tasks import deadly, died, echo, pid, square, starved, wrong
from tests.support.circuits import BELL


def asked(tasks: Iterable[object]) -> Iterator[tuple[object, None]]:
    """Return tasks whose answers nobody knows."""
    return ((task, None) for task in tasks)


WINDOW = 5 * 200 * 3  # batches of the largest size, for each of three processes


@pytest.mark.parametrize("processes", [0, 1, 2, 4])
def test_answers_come_in_the_order_of_the_tasks(processes):
    with ProcessPool(square, died, processes) as pool:
        assert list(pool.map(asked(range(300)))) == [square(n) for n in range(300)]


def test_work_is_shared():
    with ProcessPool(pid, died, 2) as pool:
        assert len(set(_until_two(pool.map(asked(iter(int, 1)))))) == 2


def _until_two(answers: Iterator[int]) -> Iterator[int]:
    """Take answers until two processes have given some."""
    seen: set[int] = set()
    for answer in answers:
        seen.add(answer)
        yield answer
        if len(seen) == 2:
            return


def test_no_tasks_have_no_answers():
    with ProcessPool(square, died, 2) as pool:
        assert list(pool.map(asked([]))) == []


def test_process_that_dies_costs_the_task_that_it_was_at():
    with ProcessPool(deadly, died, 2) as pool:
        found = list(pool.map(asked(range(300))))
    assert found == [("died", 7) if number == 7 else number for number in range(300)]


def test_process_that_is_killed_from_outside_costs_one_task_at_most():
    with ProcessPool(square, died, 2) as pool:
        answers = pool.map(asked(range(500)))
        first = next(answers)
        pool._processes[0].popen.kill()
        found = [first, *answers]
    assert len(found) == 500
    assert sum(isinstance(answer, tuple) for answer in found) <= 1
    assert all(a in (n * n, ("died", n)) for n, a in enumerate(found))


def test_memory_that_runs_out_is_told_as_a_death():
    with ProcessPool(starved, died, 2) as pool:
        found = list(pool.map(asked(range(300))))
    assert found == [("died", 7) if number == 7 else number for number in range(300)]


def test_processes_that_died_are_replaced():
    with ProcessPool(deadly, died, 2) as pool:
        assert list(pool.map(asked([7] * 15))) == [("died", 7)] * 15
        assert len(pool._processes) == 2
        assert list(pool.map(asked([0] * 15))) == [0] * 15


def test_tasks_cross_in_batches_that_grow():
    with ProcessPool(square, died, 2) as pool:
        sizes = []
        for number, _ in enumerate(pool.map(asked(range(5000)))):
            sizes += [len(batch) for p in pool._processes for batch in p.batches] if number else []
    assert max(sizes) == 200


@pytest.mark.parametrize("processes", [1, 3])
def test_error_in_the_work_is_raised_to_the_one_who_asks(processes):
    with ProcessPool(wrong, died, processes) as pool, pytest.raises(ValueError, match="five"):
        list(pool.map(asked(range(50))))


@pytest.mark.parametrize("processes", [2, 3])
def test_large_tasks_and_answers_do_not_wait_for_one_another(processes):
    tasks = [bytes([n]) * (4_000_000 if n % 2 else 20_000) for n in range(24)]
    with ProcessPool(echo, died, processes) as pool:
        assert list(pool.map(asked(tasks))) == tasks


def test_tasks_are_taken_as_they_are_needed():
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    with ProcessPool(square, died, 3) as pool:
        for count, _ in zip(range(1, 200), pool.map(asked(tasks())), strict=False):
            assert taken <= count + WINDOW


def test_nothing_is_left_running_after_an_exception():
    processes = []

    def fail() -> None:
        with ProcessPool(square, died, 3) as pool:
            for answer in pool.map(asked(range(100))):
                if answer > 50:
                    processes.extend(process.popen for process in pool._processes)
                    raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert len(processes) == 3
    assert all(process.returncode is not None for process in processes)


def test_machine_without_room_for_processes_does_the_work_by_itself(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr("ibmqbatch.circuits.pool.subprocess.Popen", refuse)
    with ProcessPool(square, died, 4) as pool:
        assert list(pool.map(asked(range(30)))) == [square(n) for n in range(30)]


def ready_with(processes: int, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ibmqbatch.circuits.pipeline.available_processors", lambda: processes)
    return asking.ready(folder, device=line(4), preparation=Preparation(seed=1))


@pytest.mark.slow
def test_circuits_do_not_depend_on_the_number_of_processes(circuits, monkeypatch):
    folder = circuits(
        **{f"c{n}": BELL.replace("h q[0];", f"rx({n}) q[0]; cx q[1], q[0];") for n in range(30)}
    )
    found = [ready_with(processes, folder, monkeypatch) for processes in (1, 2, 4)]
    assert found[0] == found[1] == found[2]


def test_circuits_of_one_file_are_shared_too(tmp_path, monkeypatch):
    started = []

    class Counted(_Process):
        def __init__(self, work):
            started.append(work)
            super().__init__(work)

    monkeypatch.setattr("ibmqbatch.circuits.pool._Process", Counted)
    ready_with(2, asking.write(tmp_path, BELL * 3, "few.qasm"), monkeypatch)
    assert len(started) == 0
    ready_with(2, asking.write(tmp_path, BELL * 20, "many.qasm"), monkeypatch)
    assert len(started) == 2


def test_what_is_known_is_answered_in_its_place_and_never_asked():
    tasks = [(number, None if number % 3 else -number) for number in range(500)]
    with ProcessPool(square, died, 2) as pool:
        found = list(pool.map(tasks))
    assert found == [number * number if number % 3 else -number for number in range(500)]


def test_what_is_known_altogether_starts_no_process_and_is_not_held_in_memory():
    taken = 0

    def tasks() -> Iterator[tuple[int, int]]:
        nonlocal taken
        for taken in range(1, 1000):
            yield taken, -taken

    with ProcessPool(square, died, 2) as pool:
        for count, answer in enumerate(pool.map(tasks()), 1):
            assert answer == -count
            assert taken <= count + 100
        assert pool._processes == []


def test_script_without_a_guard_is_not_run_again(circuits, tmp_path):
    """Nor is a module of the folder that it is started in taken for one of ours."""
    folder = circuits(**{f"c{n}": BELL for n in range(14)})
    script = asking.write(
        tmp_path,
        textwrap.dedent(f"""
            import warnings
            warnings.simplefilter("ignore")
            from pathlib import Path
            from ibmqbatch.circuits import pipeline as it
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

"""Messages and problems on stderr."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.live import Live

from ibmqbatch.errors import Problem
from ibmqbatch.render import console
from ibmqbatch.render.console import complain, drawing_on, message


@pytest.fixture
def screen(monkeypatch) -> Console:
    """A terminal that stdout and stderr are both on."""
    monkeypatch.setattr(console, "is_terminal", lambda **_: True)
    return Console(file=io.StringIO(), force_terminal=True, width=40, color_system=None)


def test_message_goes_above_a_table_that_is_drawn(screen):
    with Live("table", console=screen, auto_refresh=False) as live, drawing_on(screen):
        live.refresh()
        message("a message")
    assert "a message\ntable" in screen.file.getvalue()


def test_message_goes_to_stderr_when_nothing_is_drawn(screen, monkeypatch):
    with drawing_on(Console(file=io.StringIO())):
        pass
    monkeypatch.setattr(console, "err", lambda: screen)
    message("a message")
    assert screen.file.getvalue() == "a message\n"


def complained(capsys, problems, things: str = "circuit") -> tuple[int, list[str]]:
    left_out = complain(problems, things)
    return left_out, capsys.readouterr().err.splitlines()


def test_a_few_problems_are_all_told(capsys):
    problems = [Problem("bad", f"File {n} is bad.", "Mend it.") for n in range(5)]
    left_out, lines = complained(capsys, problems)
    assert left_out == 0
    assert lines == [*(f"error: File {n} is bad." for n in range(5)), "hint: Mend it."]


def test_many_problems_of_a_kind_are_counted(capsys):
    problems = [Problem("bad", f"{n}.qasm is bad.", "Mend it.") for n in range(6)]
    left_out, lines = complained(capsys, problems)
    assert left_out == 3
    assert lines == [
        "error: 6 circuits have the same problem. The first 3:",
        *(f"  {n}.qasm is bad." for n in range(3)),
        "hint: Mend it.",
    ]


def test_problems_are_of_a_kind_whatever_the_files_are_called(capsys):
    names = ["bell", "ghz", "toffoli", "w state", "qft", "grover"]
    problems = [Problem("bad", f"{name} is bad.", "", about=name) for name in names]
    assert complained(capsys, problems)[0] == 3
    assert complained(capsys, [Problem("bad", f"{name} is bad.") for name in names])[0] == 0


def test_problems_of_two_kinds_are_counted_apart(capsys):
    problems = [
        Problem("bad" if n % 2 else "worse", f"{n} is {'bad' if n % 2 else 'worse'}.")
        for n in range(12)
    ]
    _, lines = complained(capsys, problems)
    assert [line for line in lines if line.startswith("error")] == 2 * [
        "error: 6 circuits have the same problem. The first 3:"
    ]


def test_what_is_said_of_each_in_the_same_words_is_said_once(capsys):
    problems = [Problem("away", "The service is away.", "Wait.")] * 40
    left_out, lines = complained(capsys, problems)
    assert (left_out, lines) == (0, ["error: The service is away. (40 times)", "hint: Wait."])


def test_of_very_many_kinds_the_first_are_told(capsys):
    problems = [Problem("bad", f"{'x' * n} is bad.") for n in range(1, 26)]
    left_out, lines = complained(capsys, problems)
    assert left_out == 5
    assert lines[-1] == "error: There are 5 problems of other kinds."
    assert len(lines) == 21

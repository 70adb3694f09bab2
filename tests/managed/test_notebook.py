"""What is shown in notebooks and on terminals while one waits, and instead of an object's name."""

from __future__ import annotations

import html.parser
import os
import sys
import types
from typing import Any

import pytest

from ibmqbatch import IBMQJobManager
from ibmqbatch.render.notebook import NotebookBar, in_notebook, job_set_html
from tests.managed.support import BACKEND, ROOT, numbered, spoiled
from tests.support.terminal import run_in_terminal, without_escapes


class Shown:
    """What a cell of a notebook shows: every state of its one output."""

    def __init__(self) -> None:
        self.states: list[str] = []

    def display(self, content: str, *, display_id: bool) -> Shown:
        assert display_id
        self.states.append(content)
        return self

    def update(self, content: str) -> None:
        self.states.append(content)


@pytest.fixture
def notebook(monkeypatch) -> Shown:
    """Have this process be the kernel of a notebook."""
    shell = type("ZMQInteractiveShell", (), {})()
    shown = Shown()
    ipython: Any = types.ModuleType("IPython")
    ipython.get_ipython = lambda: shell
    display: Any = types.ModuleType("IPython.display")
    display.HTML = str
    display.display = shown.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def cells(document: str) -> list[str]:
    """Return the texts of a table's cells; fails where tags do not match."""
    found: list[str] = []
    open_tags: list[str] = []

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, _attrs):
            if tag != "br":
                open_tags.append(tag)
            if tag == "td":
                found.append("")

        def handle_endtag(self, tag):
            assert open_tags.pop() == tag

        def handle_data(self, data):
            if open_tags[-1:] == ["td"]:
                found[-1] += data

    parser = Parser()
    parser.feed(document)
    parser.close()
    assert open_tags == []
    return found


def test_a_set_shows_itself_as_a_table(service, held):
    job_set = IBMQJobManager().run(
        numbered(3), BACKEND, name="<b>", max_experiments_per_job=2, job_tags=["&"], shots=2
    )
    job_set.results()
    shown = job_set._repr_html_()
    ids = [job.id for job in held(job_set.job_set_id())]
    assert cells(shown) == ["0", "0-1", "DONE", ids[0], "", "1", "2", "DONE", ids[1], ""]
    assert "&lt;b&gt;" in shown
    assert "&amp;" in shown
    assert "2 jobs: 2 done" in shown


def test_of_many_jobs_those_are_shown_that_need_looking_at():
    job = {
        "first_circuit": 0,
        "last_circuit": 0,
        "total_circuits": 1,
        "id": "i",
        "status": "DONE",
        "reason": "",
    }
    jobs = [{**job, "index": n} for n in range(50)]
    jobs[40] |= {"status": "ERROR", "reason": "it burns"}
    item = {
        "name": "n",
        "id": "i",
        "backend": "b",
        "total_circuits": 50,
        "total_jobs": 50,
        "counts": {"DONE": 49, "ERROR": 1},
        "tags": [],
        "jobs": jobs,
    }
    shown = job_set_html(item, rows=5)
    assert "it burns" in shown
    assert shown.count("<tr>") == 6
    assert "… and 45 more jobs." in shown


def test_a_notebook_waits_with_a_bar_that_goes(service, notebook):
    assert in_notebook()
    job_set = IBMQJobManager().run(numbered(4), BACKEND, max_experiments_per_job=1, shots=2)
    job_set.results()
    assert 'max="4"' in notebook.states[0]
    assert "4/4 jobs" in notebook.states[-2]
    assert notebook.states[-1] == ""


def test_a_notebook_is_told_what_one_who_waits_should_know(notebook):
    with NotebookBar() as bar:
        bar.progress("sending", 1, 2)
        bar.note("Paced at <5> a minute.")
        bar.progress("waiting", 1, 1)
    assert len(notebook.states) == 2
    assert "1/1 jobs" in notebook.states[0]
    assert "Paced at &lt;5&gt; a minute." in notebook.states[0]


def test_a_bar_that_was_never_shown_need_not_go(notebook):
    with NotebookBar():
        pass
    assert notebook.states == []


def test_elsewhere_there_is_no_notebook(service, capsys):
    assert not in_notebook()
    job_set = spoiled(numbered(1), shots=2)
    job_set.results()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_waits_with_a_bar_and_keeps_nothing_of_it(service, tmp_path):
    program = (
        "from ibmqbatch import IBMQJobManager\n"
        "from tests.managed.support import numbered\n"
        "job_set = IBMQJobManager().run(numbered(3), 'ideal_simulator', "
        "max_experiments_per_job=1, shots=2)\n"
        "job_set.results()\n"
        "print('done')\n"
    )
    code, text = run_in_terminal(env=os.environ, cwd=ROOT, term="xterm-256color", code=program)
    assert code == 0, text
    assert "Waiting" in text
    assert "3/3 jobs" in text
    assert without_escapes(text).strip().endswith("done")

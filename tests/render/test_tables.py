"""Sets and their jobs, on terminals narrow and wide, and where there is none."""

from __future__ import annotations

import pytest

from ibmqbatch.render.console import out
from ibmqbatch.render.tables import (
    job_set_view,
    progress_texts,
    sets_view,
    show_events,
    show_job_set,
    show_logs,
    show_outcome,
    show_plan,
    show_sets,
    show_usage,
)
from tests.render.data import PROGRESS, job_of, set_of

LONG = "a_name_that_is_far_longer_than_any_screen_would_like_to_show"
WIDTHS = [60, 80, 100, 140, 200]


@pytest.fixture
def large():
    """A set with everything in it that is longer than one would like."""
    reason = "something on the way to the quantum computer did not work out as it was planned to"
    jobs = (job_of(0), job_of(1, "ERROR", reason), job_of(2, "INITIALIZING", id=None, unsure=True))
    return set_of(*jobs, name=LONG, tags=[letter * 80 for letter in "abcde"], disk_bytes=69_632)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_set_fits_whatever_its_names(terminal, large, columns):
    screen = terminal(columns)
    show_job_set(large)
    assert all(len(line) <= columns for line in screen.lines)
    text = "\n".join(screen.lines)
    assert large["id"] in text
    assert "1 done  1 planned  1 error" in " ".join(text.split(" ")).replace("   ", "  ")
    assert "PLANNED ?" in text


@pytest.mark.parametrize("columns", WIDTHS)
def test_reasons_are_shown_whole_once_it_has_ended(terminal, large, columns):
    screen = terminal(columns)
    show_job_set({**large, "tags": []})
    words = " ".join(" ".join(screen.lines).split())
    assert "did not work out" in words or columns >= 130  # there the table has a column for them


@pytest.mark.parametrize(
    ("columns", "shown", "hidden"),
    [
        (60, ["name", "state", "done"], ["backend", "created", "disk", "tags"]),
        (100, ["backend", "circuits", "created"], ["disk", "tags"]),
        (120, ["backend", "circuits", "created"], ["disk", "tags"]),
        (140, ["backend", "circuits", "created", "disk", "tags"], []),
    ],
)
def test_the_list_of_sets_has_as_many_columns_as_there_is_room_for(
    terminal, large, columns, shown, hidden
):
    screen = terminal(columns)
    show_sets([large, set_of(job_of(0), disk_bytes=1000)])
    heading, *rows = screen.lines
    assert [name for name in (*shown, *hidden) if name in heading.split()] == shown
    assert all(len(line) <= columns for line in screen.lines)
    assert LONG[:7] in rows[0]
    assert "1/3" in rows[0]


def test_disk_use_is_shown_where_names_leave_room(terminal):
    screen = terminal(120)
    show_sets([set_of(job_of(0), name="ghz", disk_bytes=1000)])
    assert "disk" in screen.lines[0]


def test_of_many_jobs_those_are_shown_that_one_looks_for_first(terminal):
    screen = terminal(80, 24)
    states = ["DONE"] * 30 + ["ERROR"] + ["QUEUED"] * 28 + ["RUNNING"]
    show_job_set(set_of(*(job_of(n, status) for n, status in enumerate(states))))
    assert len(screen.lines) <= 24
    (more,) = [line for line in screen.lines if line.startswith("… and 45 more jobs; ")]
    assert more.endswith("`ibmqbatch status 20261120-7f3k9q2 | less` lists all")
    jobs = [line for line in screen.lines if line != more]
    shown = [line.split()[0] for line in jobs if line.split()[1:2] and "-" in line][1:]
    assert shown[0] == "30"  # what has failed
    assert shown[-1] == "59"  # what runs
    assert "0" not in shown


def test_without_a_terminal_a_job_is_a_line_of_fields(capsys):
    jobs = [job_of(0), job_of(1, "ERROR", "it\x1b[2J failed"), job_of(2, "INITIALIZING", id=None)]
    show_job_set(set_of(*jobs))
    heading, *lines = capsys.readouterr().out.splitlines()
    fields = "20261120-7f3k9q2", "failed", "ibm_kingston", "ghz", "PLANNED=1 DONE=1 ERROR=1"
    assert heading.split("\t") == list(fields)
    assert [line.split("\t") for line in lines] == [
        ["0", "0-1", "DONE", "d0000000000000000000"],
        ["1", "2-3", "ERROR", "d0000000000000000001", "it\N{REPLACEMENT CHARACTER}[2J failed"],
        ["2", "4-5", "PLANNED", "-"],
    ]


def test_without_a_terminal_a_set_is_a_line_of_fields(capsys):
    show_sets([set_of(job_of(0), job_of(1))])
    assert capsys.readouterr().out.split("\t")[3:] == ["ghz", "DONE=2\n"]


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_no_colour_is_honoured(terminal, monkeypatch, no_color, coloured):
    screen = terminal()
    monkeypatch.setenv("NO_COLOR", no_color)
    show_job_set(set_of(job_of(0)))
    assert ("\x1b[32m" in screen.getvalue()) is coloured


def test_an_outcome_names_reasons_once_and_what_runs_the_jobs_again(capsys):
    failed = [job_of(n, "ERROR", "too hot") for n in range(2)]
    show_outcome(set_of(job_of(2), job_of(3, "RUNNING", "not to be told yet"), *failed))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "8 circuits in 4 jobs: 1 running, 1 done, 2 error.",
        "Jobs 0, 1: too hot",
        "`ibmqbatch retry 20261120-7f3k9q2` runs failed jobs again.",
    ]


def test_of_many_reasons_an_outcome_names_the_first(capsys):
    show_outcome(set_of(*(job_of(n, "ERROR", reason) for n, reason in enumerate("abcde"))))
    lines = capsys.readouterr().err.splitlines()
    assert lines[1:4] == ["Job 0: a", "Job 1: b", "Job 2: c"]
    assert lines[4] == "2 other reasons: see `ibmqbatch logs`."


@pytest.mark.parametrize("columns", [60, 140])
def test_usage_fits_beside_what_was_estimated(terminal, columns):
    usage = {
        "seconds": 1.25,
        "running_at": "2026-11-20T10:00:00.000Z",
        "finished_at": "2026-11-20T10:00:05.000Z",
    }
    jobs = (job_of(0, usage=usage), job_of(1, usage=None))
    screen = terminal(columns)
    show_usage(set_of(*jobs, used_seconds=1.25, estimated_seconds=2.04))
    assert all(len(line) <= columns for line in screen.lines)
    assert screen.lines[1].split()[:2] == ["0", "1.25"]
    assert "2026-11-20 10:00:00  2026-11-20 10:00:05" in screen.lines[1]
    assert screen.lines[-1] == "1.25 s of the quantum processor, 2.0 s were estimated"


EVENT = {
    "at": "2026-11-20T10:00:00.123Z",
    "kind": "accepted",
    "job": 3,
    "attempt": 1,
    "id": "d3",
    "detail": "in\na line",
}


def test_an_event_is_a_line(terminal, capsys):
    show_events([EVENT, {**EVENT, "job": None, "attempt": None, "id": None, "detail": ""}])
    first, second = capsys.readouterr().out.splitlines()
    assert first.split("\t")[1:5] == ["accepted", "job 3", "attempt 1", "d3"]
    assert second.split("\t") == [EVENT["at"], "accepted"]
    screen = terminal(60)
    show_events([EVENT])
    assert all(len(line) <= 60 for line in screen.lines)
    assert screen.lines[0].startswith("2026-11-20 10:00:00  accepted job 3  attempt 1  d3")


def test_logs_are_shown_line_by_line_below_the_reason(capsys):
    log = {"index": 1, "status": "ERROR", "id": "d1", "reason": "too hot", "solution": "Cool it."}
    show_logs([{**log, "text": "one\ntwo\x07"}, {**log, "id": None, "solution": "", "text": None}])
    assert capsys.readouterr().out.splitlines() == [
        "job 1\tERROR\td1",
        "too hot",
        "Cool it.",
        "one",
        "two\N{REPLACEMENT CHARACTER}",
        "",
        "job 1\tERROR\tnot sent",
        "too hot",
    ]


def test_a_plan_is_shown_with_what_is_known_of_its_cost(terminal, capsys):
    plan = {
        "name": "ghz",
        "total_circuits": 5,
        "total_jobs": 2,
        "shots": 100,
        "executions": 500,
        "bytes": 1234,
        "minutes_to_send": 0.5,
        "estimated_seconds": None,
        "usage_left_seconds": None,
        "jobs": [
            {"total_circuits": 3},
            {"total_circuits": 2},
        ],
    }
    show_plan(plan)
    shown = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    assert shown["circuits per job"] == "2-3"
    assert "quantum seconds" not in shown
    screen = terminal(60)
    show_plan({**plan, "estimated_seconds": 3.14159, "usage_left_seconds": 59.7})
    text = [line.split(maxsplit=2) for line in screen.lines]
    assert ["quantum", "seconds", "3.1 (estimated)"] in text
    assert ["seconds", "left", "60"] in text


def test_how_far_a_set_is_stands_in_words_and_its_times_go_on():
    item = set_of(job_of(0, "QUEUED"), job_of(1, "INITIALIZING"), progress=PROGRESS)
    assert progress_texts(item) == [
        "about 7 min left",
        "next submission in 13 s, 1 job to send",
        "1:15 min elapsed",
        "0 of 2 jobs done",
        "0 of 4 circuits",
        "7 jobs in the queue",
        "the instance has 540 s left",
    ]
    assert progress_texts(item, age=390)[:3] == [
        "about 10 s left",
        "1 job to send",
        "7:45 min elapsed",
    ]


def test_a_time_that_nobody_knows_is_said_to_be_unknown():
    item = set_of(job_of(0, "QUEUED"), progress={**PROGRESS, "seconds_left": None})
    assert progress_texts(item)[0] == "time left unknown"


def test_the_clock_of_a_set_that_is_over_stands_still():
    told = {**PROGRESS, "seconds_left": 0.0, "unsent_jobs": 0, "queue_length": None}
    item = set_of(job_of(0), progress={**told, "done_jobs": 1, "stored_jobs": 0})
    assert progress_texts(item, age=1000)[:2] == ["1:15 min elapsed", "1 of 1 job done"]
    assert "results of 0 here" in progress_texts(item)


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_view_of_a_set_with_its_times_stays_within_the_screen(terminal, width):
    screen = terminal(width, 24)
    jobs = [job_of(n, "INITIALIZING") for n in range(50)]
    out().print(job_set_view(set_of(*jobs, progress=PROGRESS), rows=24, width=width))
    assert len(screen.lines) < 24
    assert max(map(len, screen.lines)) <= width
    assert any("next submission in 13 s, 1 job to send" in line for line in screen.lines)


def test_sets_that_are_not_over_stand_first_where_not_all_have_room(terminal):
    screen = terminal(80, 8)
    over = [set_of(job_of(0), id=f"over-{n}") for n in range(9)]
    open_ = set_of(job_of(0, "RUNNING"), id="open", state="running", progress=PROGRESS)
    out().print(sets_view([(item, 0.0) for item in (*over, open_)], rows=8, width=80))
    assert screen.lines[0] == "9 of 10 job sets over"
    assert screen.lines[2].startswith("open")
    assert screen.lines[-1] == "… and 5 more job sets"


@pytest.mark.parametrize("width", [60, 80, 200])
def test_ids_states_and_times_of_several_sets_are_whole_on_any_screen(terminal, width):
    screen = terminal(width, 24)
    item = set_of(job_of(0, "INITIALIZING"), name=LONG, state="submitting", progress=PROGRESS)
    out().print(sets_view([(item, 0.0)], rows=24, width=width))
    line = screen.lines[2]
    assert item["id"] in line
    assert "submitting" in line
    assert "about 7 min left" in line
    assert max(map(len, screen.lines)) <= width

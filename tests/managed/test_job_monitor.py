"""`job_monitor` writes how a job stands until it has ended."""

from __future__ import annotations

import io

from ibmqbatch import job_monitor
from tests.managed.support import bell, flipped, said


def test_each_status_is_told_once(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    for word in ("Queued", "Queued", "Running"):
        proxy.when("GET", "/jobs?", status=200, body=said(job, word))
    told = io.StringIO()
    job_monitor(job, output=told)
    assert [part.rstrip() for part in told.getvalue().split("\r")] == [
        "",
        "Job Status: job is queued",
        "Job Status: job is actively running",
        "Job Status: job has successfully run",
    ]


def test_a_shorter_status_leaves_nothing_of_a_longer_one(proxy, simulator):
    job = simulator.run(bell(), shots=1)
    for word in ("Running", "Queued"):
        proxy.when("GET", "/jobs?", status=200, body=said(job, word))
    told = io.StringIO()
    job_monitor(job, output=told, line_discipline="|")
    first, second = told.getvalue().split("|")[1:3]
    assert len(second) >= len(first)


def test_it_goes_to_stdout_or_nowhere(simulator, capsys):
    job_monitor(simulator.run(flipped("1"), shots=1), interval=0.1)
    assert capsys.readouterr().out.endswith("job has successfully run\n")
    job_monitor(simulator.run(flipped("1"), shots=1), quiet=True)
    assert capsys.readouterr().out == ""


def test_a_failure_is_told_with_its_reason(proxy, simulator, capsys):
    job = simulator.run(bell(), shots=1)
    proxy.when("GET", "/jobs?", status=200, body=said(job, "Failed", reason="No such gate"))
    job_monitor(job)
    assert capsys.readouterr().out.endswith("job incurred error: No such gate.\n")

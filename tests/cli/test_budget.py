"""`submit` on an instance whose time is limited: what it refuses, warns of, and shows."""

from __future__ import annotations

import json

import pytest

from tests.cli.support import VALIDATOR
from tests.support.circuits import BELL

WORDS = ("--backend", "fake_manila", "--shots", 1000)


@pytest.fixture
def submit(run, wire):
    """Return a function that submits when the service tells this of its usage."""
    (run.cwd / "bell.qasm").write_text(BELL)

    def submit(*words: object, told: object = None, status: int = 200, code: int = 0):
        if told is not None:
            body = told if isinstance(told, bytes) else json.dumps(told).encode()
            wire.when("GET", "/instances/usage", times=9, status=status, body=body)
        return run("submit", "bell.qasm", *WORDS, *words, code=code)

    return submit


def sets(run) -> list[str]:
    return sorted(path.name for path in (run.home / "sets").glob("*.[ds]*"))


def test_dry_run_shows_the_estimate_and_what_is_left(submit):
    done = submit("--dry-run", told={"usage_consumed_seconds": 100, "usage_limit_seconds": 600})
    lines = dict(line.split("\t") for line in done.out.splitlines())
    seconds, word = lines["quantum seconds"].split()
    assert 2.25 < float(seconds) < 2.35
    assert (word, lines["seconds left"]) == ("(estimated)", "500")


def test_document_of_a_dry_run_has_both(submit):
    told = {"usage_consumed_seconds": 100, "usage_limit_seconds": 1_234_567}
    document = submit("--dry-run", "--json", told=told).json
    VALIDATOR.validate(document)
    plan = document["data"]["plan"]
    assert plan["estimated_seconds"] == pytest.approx(2.25, abs=0.05)
    assert plan["usage_left_seconds"] == 1_234_467


def test_instance_without_a_limit_has_no_time_left_to_show(submit):
    done = submit("--dry-run", told={"usage_consumed_seconds": 100})
    assert "seconds left" not in done.out
    assert "quantum seconds" in done.out


def test_simulator_shows_no_seconds_and_asks_for_none(run, wire, tmp_path):
    (tmp_path / "bell.qasm").write_text(BELL)
    plan = run.data("submit", tmp_path / "bell.qasm", "--dry-run", "--max-cost", 0)["plan"]
    assert (plan["estimated_seconds"], plan["usage_left_seconds"]) == (None, None)
    assert wire.count("GET", "/instances/usage") == 0


def test_set_that_costs_too_much_is_refused_with_nothing_written_or_sent(submit, run, wire):
    before = sets(run)
    done = submit("--max-cost", 1.5, "--json", code=8)
    (error,) = done.json["errors"]
    assert "more than --max-cost 1.5" in error["message"]
    assert sets(run) == before
    assert wire.submissions == 0


def test_dry_run_is_held_to_the_limit_as_well(submit):
    submit("--max-cost", 1.5, "--dry-run", code=8)


@pytest.mark.parametrize(
    "told",
    [
        {"usage_consumed_seconds": 601, "usage_limit_seconds": 600},
        {"usage_limit_reached": True},
    ],
)
def test_instance_that_is_used_up_refuses_and_a_dry_run_tells(told, submit, run, wire):
    before = sets(run)
    done = submit("--json", told=told, code=8)
    assert "has used up its time" in done.json["errors"][0]["message"]
    assert (sets(run), wire.submissions) == (before, 0)
    assert "Warning: the instance has used up its time" in submit("--dry-run", told=told).err


def test_instance_that_is_nearly_used_up_warns_and_sends(submit, wire):
    done = submit("--quiet", told={"usage_consumed_seconds": 599, "usage_limit_seconds": 600})
    assert "Warning: the set would take about 2.3 s" in done.err
    assert "1 s left" in done.err
    assert wire.submissions == 1


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, {"errors": [{"code": 1279, "message": "Instance not found."}]}),
        (403, {"errors": [{"code": 1301, "message": "You may not see this."}]}),
        (404, b"<html>nothing here</html>"),
        (403, b"<html>blocked</html>"),
        (200, b"<html>hello</html>"),
        (200, b"null"),
    ],
)
def test_service_that_does_not_tell_keeps_nobody_from_submitting(
    status, told, submit, wire, no_waits
):
    done = submit("--quiet", told=told, status=status)
    assert "Warning" not in done.err
    assert wire.submissions == 1


def test_key_without_rights_is_told(submit, wire):
    told = {"errors": [{"code": 1200, "message": "You are not authorized."}]}
    submit("--quiet", told=told, status=403, code=4)
    assert wire.submissions == 0

"""Several commands at one set, and several sets of one key, at the same time."""

from __future__ import annotations

import itertools
import json
import os
import signal

import pytest

from ibmqbatch.exitcodes import ExitCode
from tests.crash.theatre import SPEED

pytestmark = pytest.mark.slow

PACE, WINDOW = 5, 60.0


@pytest.fixture
def stage(theatre):
    theatre.warm()
    with theatre.stage(12) as stage:
        yield stage


def test_commands_that_work_on_one_set_lose_no_update(stage):
    stage.done(*stage.submit_words("--detach"))
    tags = [f"tag{n}" for n in range(4)]
    watching = stage.start("status", "latest", "--watch")
    started = [
        stage.start(*words)
        for words in (
            ("resume", "latest", "--wait"),
            *(("retag", "latest", "--add", tag) for tag in tags),
            ("cancel", "latest", "--job", 11),
            *itertools.repeat(("collect",), 3),
            ("results", "latest", "--wait", "--json"),
            ("retag", "latest", "--name", "renamed"),
        )
    ]
    codes = [child.wait() for child in started]
    errors = [child.err.read_text() for child in started]
    assert set(codes) <= {0, ExitCode.PARTIAL, ExitCode.UNFINISHED}, errors
    stage.done("resume", "latest", "--wait", codes=(0, ExitCode.PARTIAL))
    os.kill(watching.pid, signal.SIGINT)
    assert watching.wait() in {0, ExitCode.INTERRUPTED}
    told = json.loads(stage.done("status", "latest", "--json"))["data"]["job_set"]
    assert (sorted(told["tags"]), told["name"]) == (tags, "renamed")
    assert told["jobs"][11]["status"] in {"CANCELLED", "DONE"}
    stored = stage.stored(told["id"])
    assert all({*tags, "ibmq_jobset_name_12_renamed"} <= set(job.tags) for job in stored)
    assert sorted(stage.on_service(told["id"]).values()) == [1] * len(stored)
    assert len(stored) in {11, 12}


def test_sets_of_one_key_keep_its_pace_together(theatre, stage):
    stage.env["IBMQBATCH_PACE"] = str(PACE)
    words = ("submit", stage.circuits, "--backend", "ideal_simulator", "--max-circuits", 2)
    started = [stage.start(*words, "--shots", 1, "--quiet") for _ in range(3)]
    assert [child.wait() for child in started] == [0, 0, 0]
    sent = [seen.at * SPEED for seen in theatre.proxy.seen if is_submission(seen)]
    assert len(sent) == 18
    # So many in any window, whichever process they are of.
    assert all(later - at >= WINDOW for at, later in zip(sent, sent[PACE:], strict=False))


def is_submission(seen) -> bool:
    return seen.method == "POST" and seen.path.endswith("/jobs")

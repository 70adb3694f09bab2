"""Two processes that submit with one key, against a server that counts what it has to refuse."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from ibmqbatch.manifest.manifest import Manifest
from tests.support import forks
from tests.support.manifests import write_set
from tests.support.stub import INSTANCE, Limits, Stub

ROOT = Path(__file__).parents[2]
SUBMITTER = "import sys; from tests.jobset.submitter import main; main(*sys.argv[1:])"


def submit_side_by_side(
    stub: Stub, jobs: int, *, pace: int = 0, window: float = 60.0, pending: int = 0
) -> str:
    """Have two processes send a set of so many jobs each; return what they told."""
    paths = [write_set(jobs, instance=INSTANCE, account="stub") for _ in range(2)]
    words = [str(word) for word in (pace, window, pending)]
    processes = [
        forks.start((stub.url, path, *words), env=os.environ, cwd=ROOT, code=SUBMITTER)
        for path in paths
    ]
    told = "".join(process.communicate()[0] for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    for path in paths:
        with Manifest.open(path) as manifest:
            assert all(job.remote is not None for job in manifest.jobs())
    return told


def counts(stub: Stub) -> Counter[str]:
    return stub.take_counts()


def test_a_pace_that_both_know_is_kept_without_a_refusal(home):
    with Stub(limits=Limits(rate=5, window=1.0)) as stub:
        submit_side_by_side(stub, 8, pace=5, window=1.0)
        seen = counts(stub)
    assert (seen["submit"], seen["too many"]) == (16, 0)


def test_a_pace_that_the_first_refusal_teaches_is_kept_by_both(home):
    with Stub(limits=Limits(rate=3, window=1.0)) as stub:
        submit_side_by_side(stub, 6, pace=50, window=60.0)
        seen = counts(stub)
    # What was under way when the first refusal came was refused as well.
    assert seen["submit"] == 12
    assert 1 <= seen["too many"] <= 9


def test_a_pending_window_that_both_know_is_kept_without_a_refusal(home):
    with Stub(limits=Limits(pending=3, lasting=0.2)) as stub:
        told = submit_side_by_side(stub, 6, pending=3)
        seen = counts(stub)
    assert (seen["submit"], seen["too many pending"]) == (12, 0)
    assert "The service takes 3 waiting jobs at a time; the rest follow as these end." in told


def test_a_pending_window_that_refusals_teach_is_kept_by_both(home):
    with Stub(limits=Limits(pending=3, lasting=0.2)) as stub:
        told = submit_side_by_side(stub, 6)
        seen = counts(stub)
    assert seen["submit"] == 12
    # Those that were under way before the first refusal was answered, of two sets of six.
    assert 1 <= seen["too many pending"] <= 9
    assert told.count("The service takes 3 waiting jobs at a time") in {1, 2}

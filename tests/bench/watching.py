"""What it takes to watch very many sets: beside reading their files, and in requests."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ibmqbatch.manifest.manifest import _KINDS
from ibmqbatch.manifest.records import SETS
from ibmqbatch.service.client import PAGE
from tests.bench.measure import Measurement, medians, timed
from tests.bench.sets import many_submitted
from tests.support.stub import Stub

SCRIPT = str(Path(sys.executable).with_name("ibmqbatch"))
SETS_OPEN = 1000
LARGE, JOBS = 20, 10_000  # sets, and jobs of each
MINUTE = 60_000.0  # milliseconds


def watching() -> Iterator[Measurement]:
    """`status` of 1,000 open sets, and `collect` over them while their jobs run and once they end.

    The reference of `status` is that of ten sets, and a bare SQLite that opens each file, asks for
    the same and closes it; that of `collect` is a minute.
    """
    with Stub() as stub, many_submitted(stub, SETS_OPEN) as sets:
        paths = [job_set.path for job_set in sets]
        yield _listed(f"status of {SETS_OPEN} sets", paths)
        passed = timed(lambda: _run("collect"))
        requests = stub.take_counts()
        yield Measurement(f"collect of {SETS_OPEN} sets, nothing new", passed, MINUTE, 1.0)
        yield Measurement("its listings", requests["list"], SETS_OPEN // PAGE, 1.0, "requests")
        stub.finish_jobs()
        passed = timed(lambda: _run("collect"))
        yield Measurement(f"collect of {SETS_OPEN} sets, all done", passed, MINUTE, 1.0)
        counts = stub.take_counts()
        assert counts["results"] == SETS_OPEN, counts


def watching_large() -> Iterator[Measurement]:
    """`status` of 20 sets of 10,000 jobs each, against one that asks bare SQLite for the same."""
    with Stub() as stub, many_submitted(stub, LARGE) as sets:
        for job_set in sets:
            _grow(job_set.path)
        yield _listed(f"status of {LARGE} sets of {JOBS} jobs", [each.path for each in sets])


def _listed(name: str, paths: list[Path]) -> Measurement:
    found = medians(
        {
            "ten": lambda: timed(lambda: _run("status", "--limit", "10")),
            "bare": lambda: timed(lambda: _read(paths)),
            "all": lambda: timed(lambda: _run("status", "--limit", str(len(paths)))),
        },
        5,
    )
    return Measurement(name, found["all"], found["ten"] + found["bare"], 1.5)


def _run(*words: str) -> None:
    subprocess.run((SCRIPT, *words), check=True, capture_output=True, env=os.environ)


def _read(paths: list[Path]) -> None:
    for path in paths:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True)
        connection.execute(f"SELECT {SETS.selected} FROM jobset").fetchall()
        connection.execute(_KINDS).fetchall()
        connection.close()


def _grow(path: Path) -> None:
    """Give a set of one job, which was sent, more of the same."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    for table, changes in (
        ("jobs", {"idx": "n", "remote_id": "'more' || n"}),
        ("attempts", {"job": "n", "nonce": "'more' || n"}),
        ("remotes", {"job": "n", "id": "'more' || n"}),
    ):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(changes.get(name, name) for name in names)
        connection.execute(
            f"""WITH RECURSIVE more (n) AS
                (SELECT 1 UNION ALL SELECT n + 1 FROM more LIMIT {JOBS - 1})
                INSERT INTO {table} SELECT {values} FROM {table}, more"""
        )
    connection.execute(f"UPDATE jobset SET total_jobs = {JOBS}")
    connection.execute("COMMIT")
    connection.close()

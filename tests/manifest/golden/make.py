"""`python -m tests.manifest.golden.make VERSION` writes the golden file of a version of the schema.

Each is a set as a release with that version can have left it: jobs, attempts and jobs on the
service in every state there is, results, wants, events. It is made by the migrations up to that
version alone, and never made anew: what stands here must open for ever. When a version is added to
`manifest/schema.py`, add what it keeps to the rows below, and make its file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ibmqbatch.manifest.schema import MIGRATIONS

__all__ = ["golden", "make", "set_id"]

FOLDER = Path(__file__).parent
APPLICATION_ID = 0x69626D71
JOBS = 14  # and a repeat of the first
AT = "2026-11-20T09:00:{:02}.000Z"
EPOCH = 1_795_165_200.0
BOOT = "6e8b2f0c-1c5e-4b5e-9d43-0d1f2a3b4c5d"
DOUBTS = {"unsure_since": f"{EPOCH} 1000.0 {BOOT}", "missed": f"{EPOCH + 31} 1031.0 {BOOT}"}

# A Bell circuit as it was sent: zlib of QPY, version 10.
BELL = base64.b64decode(
    "eNoL9Az29gzhYtBjZoAAxoJCBpY0Bg4gkwmKGdDYLEmpOTlQNkN1bSEjWI6RsZABFTAmw2SS0WXgLFYMEVTg4Z5Ykg"
    "oxmA3JKVjMY3SOgKstBIuxI8tiMds3NbG4tAiiA+JCEnSA/QRS8x8JwNQBAKegIFk="
)
TEXT = zlib.compress(b'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit c;\nc = measure $0;\n')
NOTHING = zlib.compress(b"")
MEASURED = {"circuit": "c", "index": 6, "part": 0, "parts": 1, "runs": 1, "basis": "Z0"}
MEASURED["observables"] = [[0, "e", [[0.5, "Z0"]]]]


def set_id(version: int) -> str:
    """Return the id of the set in the file of a version."""
    return f"20261120-golden{version}"


def golden(version: int) -> Path:
    """Return where the file of a version is."""
    return FOLDER / f"v{version}.sqlite"


def make(version: int, path: Path) -> None:
    """Write the file of a version; there must be such a one, and nothing at `path`."""
    if not 1 <= version <= len(MIGRATIONS):
        raise SystemExit(f"There is no version {version}: the newest is {len(MIGRATIONS)}.")
    if path.exists():
        raise SystemExit(f"{path} is there, and is not made anew.")
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for number, step in enumerate(MIGRATIONS[:version], 1):
        connection.executescript(step)
        connection.execute(f"PRAGMA user_version = {number}")
    for table, row in _rows(version):
        known = {name for (_, name, *_) in connection.execute(f"PRAGMA table_info({table})")}
        kept = {name: value for name, value in row.items() if name in known}
        if kept:  # else this version has no such table
            marks = ", ".join("?" * len(kept))
            connection.execute(
                f"INSERT INTO {table} ({', '.join(kept)}) VALUES ({marks})", (*kept.values(),)
            )
    connection.commit()
    connection.close()


Row = tuple[str, dict[str, Any]]


def _rows(version: int) -> Iterator[Row]:
    """Yield all rows, with the columns of every version."""
    yield (
        "jobset",
        {
            "id": set_id(version),
            "created_at": AT.format(0),
            "host": "lab-7",
            "account": "local",
            "instance": "crn:v1:bluemix:public:quantum-computing:us-east:a/golden:1::",
            "backend": "ideal_simulator",
            "calibrated_at": None,
            "once_key": f"build-{version}",
            "shots": 5,
            "seed": 7,
            "program": "sampler",
            "options": json.dumps({"simulator": {"seed_simulator": 11}}),
            "total_circuits": JOBS + 1,
            "total_jobs": JOBS + 1,
            "total_repeats": 2,
            "name": "a gölden set",
            "tags": json.dumps(["nightly", "ü"], ensure_ascii=False),
            "labels_version": 2,
            "closed_at": None,
            "compilation": json.dumps({"level": 1}),
            "max_fails": 3,
            "copied_at": AT.format(59),
            "private": 0,
            "max_execution_time": 600,
            "batch": 1,
            "made_elsewhere": 0,
            "estimated_seconds": 4.5,
            "run_config": json.dumps({"memory": True}),
            "generation": "0123456789ab",
        },
    )
    yield from _circuits()
    # The first job has two circuits, all others one.
    for job in range(JOBS):
        first = 0 if job == 0 else job + 1
        yield "jobs", _job(job, first, max(1, job + 1), 0)
    yield "jobs", _job(JOBS, 0, 1, 1)
    yield from _fates()
    yield "device", {"configuration": zlib.compress(b'{"n_qubits": 5}'), "properties": None}
    yield "batches", {"id": "b1", "opened_at": AT.format(2), "closed_at": AT.format(9)}
    yield "batches", {"id": "b2", "opened_at": AT.format(10), "closed_at": None}


def _circuits() -> Iterator[Row]:
    yield "programs", {"id": 1, "kind": "openqasm2", "body": zlib.compress(b"OPENQASM 2.0;")}
    kinds = {7: ("openqasm3", TEXT), 10: ("unknown", NOTHING)}
    for index in range(JOBS + 1):
        kind, body = kinds.get(index, ("qpy", BELL))
        sha256 = hashlib.sha256(zlib.decompress(body)).hexdigest()
        number = index + 1
        measured = json.dumps(MEASURED) if index == 6 else None
        row = {"id": number, "sha256": sha256, "body": body, "kind": kind, "measured": measured}
        yield "bodies", row
        shots = {0: 5, 1: 5, 10: 0}.get(index, 3)
        yield (
            "circuits",
            {
                "idx": index,
                "name": f"circuit {index}",
                "metadata": json.dumps({"angle": index / 2}),
                "source": "c.qasm",
                "position": index,
                "shots": shots,
                "body": number,
                "parameter_values": "[0.5]" if index == 5 else None,
                "program": 1 if index == 0 else None,
                "place": index,
            },
        )


def _job(index: int, first: int, last: int, repeat: int) -> dict[str, Any]:
    cancelled = index in {5, 11}
    return {
        "idx": index,
        "first_circuit": first,
        "last_circuit": last,
        "first_place": first,
        "last_place": last,
        "repeat": repeat,
        "shots": 3,
        "wanted": "cancel" if cancelled else "run",
        "wanted_attempt": 2 if index in {2, 8} else 1,
        "remote_id": None if index in range(6, 12) else "r2a2" if index == 2 else f"r{index}",
    }


def _fates() -> Iterator[Row]:
    """Yield what became of each job."""
    yield _event("planned", f"{JOBS + 1} circuits in {JOBS + 1} jobs")
    yield from _done(0, ["0x0"], circuits=2)
    yield from _sent(1, "Completed", result="lost", result_error="the service has no results")
    failed = {"reason": "not in the instruction set", "reason_code": 1517, "solution": "Compile."}
    yield from _sent(2, "Failed", **failed)
    yield _event("retry_wanted", "was ERROR", 2)
    yield from _done(2, ["0x1"], attempt=2)
    yield from _sent(3, "Cancelled")
    yield from _sent(4, "Running", running_at=AT.format(20), finished_at=None)
    yield _event("cancel_wanted", "", 5)
    yield from _sent(5, "Queued", cancel_asked_at=EPOCH + 30, labels_version=2)
    yield _attempt(6, "sending")
    yield _attempt(7, "unsure", **DOUBTS, error="no answer came")
    yield _attempt(8, "absent", **DOUBTS)
    yield _attempt(9, "refused", error="The job is too large.", error_code=1217)
    # 10 waits to be sent, 11 is not to be.
    yield _attempt(10, "withdrawn", error="the service is busy")
    yield from _done(12, ["0x2"])
    yield from _sent(12, "Queued", name="twin", attempt=None, surplus=1)
    yield _event("duplicate", "job 12 stands twice on the service", 12)
    yield from _sent(13, "Deleted", reason="the service does not have this job any more")
    yield from _done(JOBS, ["0x3"], circuits=2, shots=2)


def _event(kind: str, detail: str, job: int | None = None) -> Row:
    return "events", {"at": AT.format(5), "kind": kind, "job": job, "detail": detail}


def _attempt(job: int, state: str, number: int = 1, **more: Any) -> Row:
    nonce = f"{job:02}{number}0123456789"
    row = {"job": job, "number": number, "nonce": nonce, "state": state, "labels_version": 1}
    return "attempts", {**row, "begun_at": AT.format(3), "error": "", **more}


def _sent(
    job: int,
    status: str,
    *,
    attempt: int | None = 1,
    name: str = "",
    **more: Any,
) -> Iterator[Row]:
    """Yield an attempt, unless it is there already (None), and its job on the service."""
    if attempt is not None:
        yield _attempt(job, "accepted", attempt)
    remote = f"r{job}{name}" if attempt in {None, 1} else f"r{job}a{attempt}"
    yield (
        "remotes",
        {
            "id": remote,
            "job": job,
            "attempt": attempt or 1,
            "status": status,
            "submitted_at": AT.format(4),
            "finished_at": None if status in {"Queued", "Running"} else AT.format(40),
            "labels_version": 1,
            "metrics": json.dumps({"usage": {"qpu_charge_time_seconds": 2}}),
            "created_at": "2026-11-20T09:00:03.500000+00:00",
            **more,
        },
    )
    yield _event("submitted", "", job)


def _done(
    job: int, samples: list[str], *, attempt: int = 1, circuits: int = 1, shots: int = 3
) -> Iterator[Row]:
    """Yield a job that is done, with its results."""
    yield from _sent(job, "Completed", attempt=attempt, result="stored")
    data = {"c": {"samples": shots * samples, "num_bits": 2}}
    body = json.dumps({"results": circuits * [{"data": data}]}).encode()
    yield (
        "results",
        {
            "remote_id": f"r{job}" if attempt == 1 else f"r{job}a{attempt}",
            "fetched_at": AT.format(50),
            "size": len(body),
            "sha256": hashlib.sha256(body).hexdigest(),
            "body": zlib.compress(body),
        },
    )
    yield _event("fetched", f"{len(body)} bytes", job)


if __name__ == "__main__":
    make(int(sys.argv[1]), golden(int(sys.argv[1])))

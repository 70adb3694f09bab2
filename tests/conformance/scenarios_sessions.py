"""Batches and sessions."""

from __future__ import annotations

import time
from typing import Any

from common import SHOTS, backend_of, bell, compiled, service_of, slow
from qiskit_ibm_runtime import Batch, SamplerV2, Session

MODES: dict[str, Any] = {"batch": Batch, "dedicated": Session}


def run_inside(instance: str, mode: str, backend: str) -> dict[str, Any]:
    """Open one, run two jobs inside, leave it, and look."""
    device = backend_of(instance, backend)
    circuit = compiled(bell(), device)
    with MODES[mode](device, max_time="10m") as opened:
        before = [opened.status(), opened.usage()]
        sampler = SamplerV2()
        jobs = [sampler.run([circuit], shots=SHOTS) for _ in range(2)]
        shots = [sum(job.result()[0].data.c.get_counts().values()) for job in jobs]
        during = [opened.status(), opened.details()["state"]]
    return {
        "id": opened.session_id,
        "backend": opened.backend(),
        "before": before,
        "during": during,
        "after": opened.status(),
        "shots": shots,
        "ids": [job.job_id() for job in jobs],
        "of_jobs": [service_of(instance).job(job.job_id()).session_id for job in jobs],
        "listed": [job.job_id() for job in service_of(instance).jobs(session_id=opened.session_id)],
        "details": opened.details(),
        "usage": opened.usage(),
    }


def found_again(instance: str, mode: str, backend: str) -> dict[str, Any]:
    """Open one, find it by its id, run a job in what was found, close it."""
    device = backend_of(instance, backend)
    first = MODES[mode](device)
    again = MODES[mode].from_id(first.session_id, service_of(instance))
    job = SamplerV2(mode=again).run([compiled(bell(), device)], shots=SHOTS)
    job.result()
    again.close()
    return {
        "ids": [first.session_id, again.session_id],
        "status": first.status(),
        "job": job.status(),
    }


def longest(instance: str, mode: str, backend: str, max_time: str | int) -> int:
    """Return the seconds that one has which asks for some time."""
    opened = MODES[mode](backend_of(instance, backend), max_time=max_time)
    seconds: int = opened.details()["max_time"]
    opened.close()
    return seconds


def submit_to_closed(instance: str, mode: str, backend: str) -> None:
    """Submit to one that was closed elsewhere, so that this object does not know."""
    device = backend_of(instance, backend)
    opened = MODES[mode](device)
    MODES[mode].from_id(opened.session_id, service_of(instance)).close()
    SamplerV2(mode=opened).run([compiled(bell(), device)], shots=SHOTS)


def find_as(instance: str, mode: str, other: str, backend: str) -> None:
    """Look for one as if it were of the other mode."""
    opened = MODES[mode](backend_of(instance, backend))
    MODES[other].from_id(opened.session_id, service_of(instance))


def find(instance: str, session_id: str) -> None:
    Batch.from_id(session_id, service_of(instance))


def batch_details(instance: str, batch: str) -> dict[str, Any]:
    """Return what a batch that another program has opened says of itself."""
    return dict(Batch.from_id(batch, service_of(instance)).details())


def cancel_with_jobs(instance: str, mode: str, backend: str, jobs: int) -> dict[str, Any]:
    """Fill one with jobs that take long, and cancel it; then end what still runs."""
    device = backend_of(instance, backend)
    opened = MODES[mode](device)
    sampler = SamplerV2(mode=opened)
    circuit = compiled(slow(), device)
    submitted = [sampler.run([circuit], shots=100_000) for _ in range(jobs)]
    while not submitted[0].running():
        time.sleep(0.02)
    opened.cancel()
    found = [job.status() for job in submitted]
    messages = [job.error_message() for job in submitted]
    for job in submitted:
        if not job.in_final_state():
            job.cancel()
    return {"status": opened.status(), "jobs": found, "messages": messages}


def simulators_have_none(instance: str) -> list[Any]:
    """A simulator has no queue to hold: the client opens no session for it."""
    with Batch(backend_of(instance, "ideal_simulator")) as opened:
        job = SamplerV2().run([bell()], shots=5)
        return [opened.session_id, job.result()[0].data.c.num_shots]

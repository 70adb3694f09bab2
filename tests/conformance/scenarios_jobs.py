"""Jobs, found again and looked at."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from common import SHOTS, SLOW_SHOTS, backend_of, bell, compiled, service_of, slow
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit_ibm_runtime import SamplerV2


def submit(
    instance: str,
    backend: str = "ideal_simulator",
    tags: list[str] | None = None,
    private: bool = False,
    wait: bool = True,
    dry_run: bool = False,
) -> str:
    """Submit a job as a user would, and return its id."""
    device = backend_of(instance, backend)
    sampler = SamplerV2(device)
    if tags:
        sampler.options.environment.job_tags = tags
    sampler.options.environment.private = private
    circuit = bell() if device.configuration().simulator else compiled(bell(), device)
    job = sampler.run([circuit], shots=SHOTS, dry_run=dry_run)
    if wait:
        job.wait_for_final_state(timeout=60, poll_interval=0.1)
    return job.job_id()


def submit_slow(instance: str, backend: str = "ideal_simulator") -> str:
    sampler = SamplerV2(backend_of(instance, backend))
    return sampler.run([slow()], shots=SLOW_SHOTS).job_id()


def submit_unmeasured(instance: str) -> str:
    """Submit what fails: a circuit that measures nothing."""
    sampler = SamplerV2(backend_of(instance, "ideal_simulator"))
    job = sampler.run([QuantumCircuit(1, 1)], shots=5)
    job.wait_for_final_state(timeout=60)
    return job.job_id()


def jobs_for_others(instance: str, backend: str = "ideal_simulator") -> dict[str, Any]:
    """Make jobs for another client to read: their ids, and what this one sees in them.

    `typed` and `sweep` are what IBM's sampler sends, `plain` asks for results without types.
    """
    device = backend_of(instance, backend)
    circuit = bell() if device.configuration().simulator else compiled(bell(), device)
    sampler = SamplerV2(device)
    sampler.options.simulator.seed_simulator = 11
    sampler.options.environment.job_tags = ["by IBM's client"]
    typed = sampler.run([circuit, circuit], shots=SHOTS)
    turned = QuantumCircuit(1, 1)
    turned.ry(Parameter("angle"), 0)
    turned.measure(0, 0)
    if not device.configuration().simulator:
        turned = compiled(turned, device)
    sweep = sampler.run([(turned, [[0.0], [1.5], [3.1]])], shots=SHOTS)
    plain = (
        service_of(instance)
        ._get_api_client(instance)
        .program_run(
            program_id="sampler",
            backend_name=backend,
            params={
                "pubs": [[circuit, None, SHOTS], [circuit, None, SHOTS]],
                "version": 2,
                "options": {"simulator": {"seed_simulator": 11}},
                "support_qiskit": False,
            },
            image=None,
            log_level=None,
            session_id=None,
            job_tags=["by IBM's client"],
        )["id"]
    )
    points = sweep.result()[0].data.c
    return {
        "typed": typed.job_id(),
        "sweep": sweep.job_id(),
        "plain": plain,
        "counts": {
            "typed": [pub.data.c.get_counts() for pub in typed.result()],
            "sweep": [points.get_counts(index) for index in range(3)],
        },
    }


def read(instance: str, job_id: str) -> dict[str, Any]:
    """Return what a job, found by its id, says of itself."""
    job = service_of(instance).job(job_id)
    return {
        "id": job.job_id(),
        "status": job.status(),
        "done": job.done(),
        "running": job.running(),
        "cancelled": job.cancelled(),
        "errored": job.errored(),
        "final": job.in_final_state(),
        "backend": job.backend().name,
        "tags": job.tags,
        "private": job.private,
        "session": job.session_id,
        "primitive": job.primitive_id,
        "created": job.creation_date.timestamp(),
        "estimate": job.usage_estimation["quantum_seconds"],
        "instance": job.instance,
        "error": job.error_message(),
    }


def counts(instance: str, job_id: str) -> list[dict[str, int]]:
    """Return the counts of all pubs, registers joined."""
    result = service_of(instance).job(job_id).result(timeout=60)
    return [pub.join_data().get_counts() for pub in result]


def sweep_counts(instance: str, job_id: str) -> list[dict[str, int]]:
    """Return the counts of each point of a sweep, the only pub of a job."""
    (pub,) = service_of(instance).job(job_id).result(timeout=60)
    joined = pub.join_data()
    return [joined.get_counts(index) for index in range(joined.shape[0])]


def plain_result(instance: str, job_id: str) -> Any:
    """Return the result as it is, without types."""
    return service_of(instance).job(job_id).result(timeout=60)


def inputs(instance: str, job_id: str) -> dict[str, Any]:
    """Return what a job was given; circuits as their names, widths and operations."""
    found = service_of(instance).job(job_id).inputs
    if not found:
        return {}
    return {**found, "pubs": [_input(pub) for pub in found["pubs"]]}


def _input(pub: list[Any]) -> dict[str, Any]:
    circuit, *rest = pub
    if isinstance(circuit, str):
        return {"text": circuit}
    return {
        "name": circuit.name,
        "qubits": circuit.num_qubits,
        "operations": dict(circuit.count_ops()),
        "metadata": circuit.metadata,
        "shots": rest[1] if len(rest) > 1 else None,
    }


def looked_into(instance: str, job_id: str) -> dict[str, Any]:
    """Return what a finished job cost, when, and on which calibration."""
    job = service_of(instance).job(job_id)
    properties = job.properties()
    return {
        "metrics": job.metrics(),
        "usage": job.usage(),
        "partial": job.usage(partial=True),
        "logs": job.logs(),
        "updated": properties and properties.last_update_date.isoformat(),
    }


def logs(instance: str, job_id: str) -> str:
    return service_of(instance).job(job_id).logs()


def listed(instance: str, **filters: Any) -> list[str]:
    """Return the ids of the jobs that match; times are given in seconds since 1970."""
    for bound in ("created_after", "created_before"):
        if bound in filters:
            filters[bound] = datetime.fromtimestamp(filters[bound], tz=UTC)
    return [job.job_id() for job in service_of(instance).jobs(**filters)]


def listed_with_states(instance: str, **filters: Any) -> list[list[Any]]:
    return [
        [job.job_id(), job.backend().name, job.tags] for job in service_of(instance).jobs(**filters)
    ]


def workloads(instance: str, **filters: Any) -> list[list[str]]:
    """Return the workloads that match, page by page; the client has no method of its own for it."""
    api = service_of(instance)._get_api_client(instance)._api
    found, following = [], None
    while True:
        reply = api.workloads_get(**filters, next=following)
        found.append([entry["id"] for entry in reply["workloads"]])
        if "next" not in reply:
            return found
        (following,) = parse_qs(urlsplit(reply["next"]["href"]).query)["next"]


def retag(instance: str, job_id: str, tags: list[str]) -> list[list[str]]:
    job = service_of(instance).job(job_id)
    answered = job.update_tags(tags)
    return [sorted(answered), sorted(service_of(instance).job(job_id).tags)]


def cancel(instance: str, job_id: str) -> str:
    job = service_of(instance).job(job_id)
    job.cancel()
    return job.status()


def wait_until_running(instance: str, job_id: str) -> None:
    job = service_of(instance).job(job_id)
    while not job.running():
        assert not job.in_final_state()
        time.sleep(0.02)


def wait_shortly(instance: str, job_id: str) -> None:
    service_of(instance).job(job_id).wait_for_final_state(timeout=0.2, poll_interval=0.1)


def result(instance: str, job_id: str) -> bool:
    """Return whether there is a result."""
    return service_of(instance).job(job_id).result(timeout=60) is not None


def delete(instance: str, job_id: str) -> None:
    service_of(instance).delete_job(job_id)

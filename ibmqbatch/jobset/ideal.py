"""The circuits of a set on the ideal simulator, as a set of its own."""

from __future__ import annotations

from ..clock import Clock
from ..errors import UsageError
from .inspect import load_circuit_of
from .job_set import JobSet, connected
from .plan import plan_set
from .request import Request, check_request

__all__ = ["ideal_of"]

_LOCAL, _IDEAL = "local", "ideal_simulator"


def ideal_of(job_set: JobSet) -> JobSet:
    """Return a set of the same circuits for the ideal simulator, made once; nothing is sent yet.

    Raises InputError where circuits cannot be read or simulated, and UsageError for a set with
    observables, whose circuits are not those that were given.
    """
    with job_set.open() as manifest:
        if manifest.measured():
            raise UsageError(
                "The circuits of a set with observables are not simulated here.",
                "Submit them to the ideal simulator with the same observables; compare these sets.",
            )
        record, given = manifest.job_set(), []
        for circuit in manifest.circuits():
            loaded = load_circuit_of(manifest, circuit, compiled=False)
            values = {p: circuit.metadata[p.name] for p in loaded.parameters}
            bound = loaded.assign_parameters(values) if values else loaded
            bound.name = circuit.name
            given.append(bound)
    request = check_request(
        Request(
            given=tuple(given),
            shots=max(circuit.shots for circuit in job_set.circuits),
            name=f"ideal of {record.id}",
            once_key=f"ideal of {record.id}",
        )
    )
    with connected(_LOCAL, Clock()) as client:
        planned = plan_set(request, client, _LOCAL, _IDEAL, lambda *_: None)
    assert planned.path is not None
    return JobSet(planned.path, planned=planned.fresh)

"""From what old programs give to `run` to a planned set: nothing is sent here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..arguments import as_index
from ..circuits.errors import BadInput
from ..circuits.in_memory import in_a_list
from ..clock import Clock
from ..errors import InputError, Problem, UsageError
from ..jobset.job_set import JobSet
from ..jobset.plan import plan_set as plan_request
from ..jobset.request import Request, check_request
from ._qiskit import circuits_of_qobj, client_version, is_qobj
from .run_options import checked_tags, read_run_options
from .warn import warn

if TYPE_CHECKING:
    from .backend import IBMQBackend

__all__ = ["plan_set"]


def plan_set(
    backend: IBMQBackend,
    experiments: object,
    *,
    name: str | None = None,
    max_circuits: int | None = None,
    tags: Iterable[str] | None = None,
    run_config: Mapping[str, Any] | None = None,
    lone: bool = False,
) -> JobSet:
    """Plan a set of jobs, and write its manifest.

    `experiments` is a circuit, a text of OpenQASM, the path of a file, or any iterable of these.
    Without a `name` the set is named after the time, in UTC, as ISO 8601 has it. `max_circuits`
    are those of a job. A `lone` set is to be of one job, and its name that of the job.
    `run_config` is what `IBMQBackend.run` takes; the backend's own options stand behind it. On a
    device circuits are compiled unless they are in its instruction set already; an ideal simulator
    gets them as they are.

    Raises InputError for circuits that cannot be used, UsageError for arguments, LimitError where
    the set would cost more than it may, TooManyJobs where a lone one takes several, and
    ServiceErrors.
    """
    run_config = dict(run_config or {})
    given = _experiments(experiments, run_config)
    asked = read_run_options(dict(backend.options), run_config)
    unnamed = datetime.now(UTC).replace(tzinfo=None).isoformat()
    called = _name(name) or unnamed
    kept = {**asked.kept, "client_version": client_version()}
    if lone:
        # The job has no name as long as its set has this one.
        kept |= {"lone": True, "unnamed": unnamed}
    request = check_request(
        Request(
            given=given,
            rows=asked.rows,
            shots=asked.shots,
            seed=asked.seed,
            name=called,
            tags=checked_tags(tags),
            max_circuits=None if max_circuits is None else _most_circuits(max_circuits),
            options=asked.sampler,
            run_config=kept,
            **asked.request,
        )
    )
    planned = plan_request(
        request,
        backend.account_name,
        backend.name,
        Clock(),
        _ignore_progress,
        most_jobs=1 if lone else None,
    )
    assert planned.path is not None
    assert planned.plan is not None  # there is no key by which another is found
    for note in planned.plan.notes:
        warn(note)
    return JobSet(planned.path, planned=planned.fresh)


def _experiments(experiments: object, run_config: dict[str, Any]) -> list[Any]:
    """Return what is to be run as a list; what an old Qobj says besides goes into `run_config`."""
    if is_qobj(experiments):
        experiments, told = circuits_of_qobj(experiments)
        for key, value in told.items():
            run_config.setdefault(key, value)
    try:
        given = in_a_list(experiments)
    except BadInput as error:
        raise InputError([error.problem]) from error
    if not given:
        raise InputError(
            [Problem("no_circuits", "There are no circuits to run.", "Give one or more.")]
        )
    return given


def _name(name: object) -> str:
    if name is not None and not isinstance(name, str):
        raise UsageError(f"The name {name!r} is no text.", "Give a string.")
    return name or ""


def _most_circuits(value: Any) -> int:
    most = as_index(value)
    if most is None or most < 1:
        raise UsageError(
            f"max_experiments_per_job is {value!r}, which leaves no room for a circuit.",
            "Give a whole number of 1 or more, or leave it out.",
        )
    return most


def _ignore_progress(_stage: str, _done: int, _total: int) -> None:
    """Do nothing: whoever waits looks at the set."""

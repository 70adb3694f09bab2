"""From the arguments of `run`, as old programs give them, to a planned set; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..arguments import as_index, qubits, seconds, switch, whole_number
from ..circuits.errors import BadInput
from ..circuits.given import in_a_list
from ..clock import Clock
from ..errors import InputError, Problem, UsageError
from ..jobset.job_set import JobSet
from ..jobset.options import check_options, merged
from ..jobset.plan import plan_set as plan_request
from ..jobset.request import Request, as_rows, check_request
from ._qiskit import circuits_of_qobj, client_version, is_qobj
from .arguments import checked_tags
from .caller_warnings import warn_caller

if TYPE_CHECKING:
    from .backend import IBMQBackend

__all__ = ["DEFAULTS", "plan_set"]

# The options of a backend, and their old defaults.
DEFAULTS: Mapping[str, Any] = {
    "shots": 4000,
    "memory": False,
    "meas_level": 2,
    "meas_return": "avg",
    "init_qubits": True,
    "rep_delay": None,
    "seed_simulator": None,
}
_OF_A_RUN = frozenset({"parameter_binds", "header", "qobj_header", "job_share_level", "options"})
# The engine's own, which the old manager did not have: what they are called there, and are.
_OF_A_REQUEST: Mapping[str, tuple[str, Callable[[object, str], object]]] = {
    "max_execution_time": ("max_execution_time", whole_number),
    "max_cost": ("max_cost", seconds),
    "max_fails": ("max_fails", whole_number),
    "private": ("private", switch),
    "batch": ("batch", switch),
    "measure_all": ("measure_all", switch),
    "fractional_gates": ("fractional", switch),
    "optimization_level": ("level", whole_number),
    "seed_transpiler": ("seed_transpiler", whole_number),
    "initial_layout": ("initial_layout", qubits),
}
# What would change the outcomes, so that leaving it out is no service to anyone.
_REFUSED = {
    "noise_model": "Noise is the backend's: `fake_...` backends rehearse devices with theirs.",
    "meas_lo_freq": "IBM's service sets all frequencies itself.",
    "qubit_lo_freq": "IBM's service sets all frequencies itself.",
    "rep_time": "Give rep_delay, the time in seconds from one shot to the next.",
    "rep_times": "Give rep_delay, the time in seconds from one shot to the next.",
    "schedule_los": "IBM's service sets all frequencies itself.",
}
_CLASSIFIED, _KERNELED = 2, 1
_MEAS_TYPES = {"single": "kerneled", "avg": "avg_kerneled"}


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
    asked = _read_run_options(dict(backend.options), run_config)
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
        warn_caller(note)
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


@dataclass(frozen=True, slots=True)
class _RunOptions:
    """What a run is to be.

    `seed` is that of a simulator, `sampler` the service's options by group, `rows` the values of
    parameters, one row a run of every circuit. `request` are more fields of a `Request`. `kept` is
    what was asked and is no option of the service's: for `header()` and `backend_options()`.
    """

    shots: int
    seed: int | None
    sampler: Mapping[str, Mapping[str, Any]]
    rows: Sequence[Mapping[str, float]] | None
    request: Mapping[str, Any]
    kept: Mapping[str, object] = field(default_factory=dict)


def _read_run_options(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> _RunOptions:
    """Read the options of a run, which go before those of its backend (`defaults`).

    None means the default. Warns of those that have no meaning here, and raises UsageError for
    those whose absence would change the outcomes.
    """
    given = {name: value for name, value in given.items() if value is not None}
    _check_names(given)
    asked = {**DEFAULTS, **{k: v for k, v in defaults.items() if v is not None}, **given}
    seed = asked["seed_simulator"]
    request = {
        ours: read(given[name], name)
        for name, (ours, read) in _OF_A_REQUEST.items()
        if name in given
    }
    kept: dict[str, object] = {"memory": switch(asked["memory"], "memory")}
    header = given.get("header") or given.get("qobj_header")
    if header:
        kept["header"] = _plain(header)
    return _RunOptions(
        shots=whole_number(asked["shots"], "shots"),
        seed=None if seed is None else whole_number(seed, "seed_simulator"),
        sampler=_sampler(asked),
        rows=as_rows(given.get("parameter_binds", ()), "parameter_binds") or None,
        request=request,
        kept=kept,
    )


def _check_names(given: Mapping[str, Any]) -> None:
    for name in given:
        if name in _REFUSED:
            raise UsageError(f"The option {name} cannot be had.", _REFUSED[name])
    if given.get("job_share_level"):
        warn_caller(
            "`job_share_level` has no effect: jobs are seen by all who may use the instance."
        )
    known = {*DEFAULTS, *_OF_A_RUN, *_OF_A_REQUEST}
    for name in sorted(given.keys() - known):
        warn_caller(f"{name} is not a recognized runtime option and is ignored.")


def _sampler(asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the service's options; those that are given as `options` have the last word."""
    execution: dict[str, Any] = {}
    if not switch(asked["init_qubits"], "init_qubits"):
        execution["init_qubits"] = False
    if asked["rep_delay"] is not None:
        execution["rep_delay"] = seconds(asked["rep_delay"], "rep_delay")
    level = whole_number(asked["meas_level"], "meas_level")
    returned = getattr(asked["meas_return"], "value", asked["meas_return"])
    if returned not in _MEAS_TYPES:
        raise UsageError(f"meas_return is {returned!r}.", "Give 'single' or 'avg'.")
    if level == _KERNELED:
        execution["meas_type"] = _MEAS_TYPES[returned]
    elif level != _CLASSIFIED:
        raise UsageError(
            f"Measurements of level {level} cannot be had.", "Ask for level 2 (bits) or 1."
        )
    ours = {"execution": execution} if execution else {}
    options = asked.get("options", {})
    if not isinstance(options, Mapping):
        raise UsageError(
            f"options is {options!r}, no dictionary.", "Give the sampler's options by group."
        )
    check_options(options, "The options of the run")
    return merged(ours, options)


def _plain(header: object) -> object:
    """Return a header as JSON keeps it."""
    told = header.to_dict() if hasattr(header, "to_dict") else header
    try:
        if not isinstance(told, Mapping):
            raise TypeError
        return json.loads(json.dumps(dict(told), allow_nan=False))
    except (TypeError, ValueError):
        raise UsageError(
            "The header cannot be kept: it is no dictionary of plain values.",
            "Give texts, numbers, lists and dictionaries.",
        ) from None

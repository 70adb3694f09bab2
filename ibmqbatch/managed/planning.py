"""Planning a set from the arguments of `run`, as old programs give them; nothing is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..arguments import as_index, qubits, seconds, switch, whole_number
from ..circuits.errors import BadInput
from ..circuits.in_memory import in_a_list
from ..errors import InputError, Problem, UsageError
from ..jobset.job_set import JobSet
from ..jobset.options import check_options, merged
from ..jobset.plan import plan_set as plan_request
from ..jobset.request import Request, as_rows, check_request
from ._qiskit import circuits_of_qobj, client_version, is_qobj
from .arguments import checked_tags
from .caller_warnings import warn_caller

if TYPE_CHECKING:
    from ..service.client import Client
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
# Further arguments of `run`.
_OTHERS = frozenset({"parameter_binds", "header", "qobj_header", "job_share_level", "options"})
# Arguments that the old manager did not have: their fields of a `Request`, and their checks.
_ENGINE: Mapping[str, tuple[str, Callable[[object, str], object]]] = {
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
# Refused, since ignoring them would change the outcomes.
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
    client: Client,
    *,
    name: str | None = None,
    max_circuits: int | None = None,
    tags: Iterable[str] | None = None,
    run_config: Mapping[str, Any] | None = None,
    lone: bool = False,
) -> JobSet:
    """Plan a set of jobs, and write its manifest; `client` is that of the backend's account.

    `experiments` is a circuit, a text of OpenQASM, the path of a file, or any iterable of these.
    `name` is by default the time, in UTC and ISO 8601. `max_circuits` is the most that a job may
    hold. A `lone` set has one job, which has the set's name. `run_config` has the options of
    `IBMQBackend.run`, before which the backend's own are the defaults. On a device circuits are
    compiled unless they are in its instruction set already; an ideal simulator gets them as they
    are.

    Raises InputError for circuits that cannot be used, UsageError for arguments, LimitError where
    the set would cost more than it may, TooManyJobs where a lone one takes several, and
    ServiceErrors.
    """
    options = dict(run_config or {})
    given = _experiments(experiments, options)
    if name is not None and not isinstance(name, str):
        raise UsageError(f"The name {name!r} is not a string.", "Give one.")
    fields = _request_fields(dict(backend.options), options)
    default_name = datetime.now(UTC).replace(tzinfo=None).isoformat()
    if lone:
        # The job has no name as long as its set has the default one.
        fields["run_config"] |= {"lone": True, "unnamed": default_name}
    request = Request(
        given=given,
        name=name or default_name,
        tags=checked_tags(tags),
        max_circuits=None if max_circuits is None else _most_circuits(max_circuits),
        **fields,
    )
    planned = plan_request(
        check_request(request),
        client,
        backend.account_name,
        backend.name,
        lambda *_: None,
        most_jobs=1 if lone else None,
    )
    assert planned.path is not None
    assert planned.plan is not None  # without a key no other set is found
    for note in planned.plan.notes:
        warn_caller(note)
    return JobSet(planned.path, planned=planned.fresh)


def _experiments(experiments: object, run_config: dict[str, Any]) -> list[Any]:
    """Return the circuits as a list; the options of a Qobj are added to `run_config`."""
    if is_qobj(experiments):
        experiments, options = circuits_of_qobj(experiments)
        for key, value in options.items():
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


def _most_circuits(value: Any) -> int:
    most = as_index(value)
    if most is None or most < 1:
        raise UsageError(
            f"max_experiments_per_job is {value!r}, which leaves no room for a circuit.",
            "Give a whole number of 1 or more, or leave it out.",
        )
    return most


def _request_fields(defaults: Mapping[str, Any], run_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a `Request` by the options of a run, which precede the `defaults`.

    None means the default. What the service does not use is kept in its field `run_config`, for
    `IBMQJob.header` and `backend_options`. Warns of options without effect; raises UsageError for
    those that would change the outcomes.
    """
    given = {name: value for name, value in run_config.items() if value is not None}
    _check_names(given)
    asked = {**DEFAULTS, **{k: v for k, v in defaults.items() if v is not None}, **given}
    seed = asked["seed_simulator"]
    kept = {"memory": switch(asked["memory"], "memory"), "client_version": client_version()}
    header = given.get("header") or given.get("qobj_header")
    if header:
        kept["header"] = _plain(header)
    return {
        "shots": whole_number(asked["shots"], "shots"),
        "seed": None if seed is None else whole_number(seed, "seed_simulator"),
        "options": _sampler_options(asked),
        "rows": as_rows(given.get("parameter_binds", ()), "parameter_binds") or None,
        "run_config": kept,
        **{
            field: check(given[name], name)
            for name, (field, check) in _ENGINE.items()
            if name in given
        },
    }


def _check_names(given: Mapping[str, Any]) -> None:
    for name in given:
        if name in _REFUSED:
            raise UsageError(f"The option {name} is not available.", _REFUSED[name])
    if given.get("job_share_level"):
        warn_caller("`job_share_level` has no effect: all who may use the instance see its jobs.")
    known = {*DEFAULTS, *_OTHERS, *_ENGINE}
    for name in sorted(given.keys() - known):
        warn_caller(f"{name} is not a recognized runtime option and is ignored.")


def _sampler_options(asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the service's sampler options; those in `options` precede the others."""
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
            f"Measurements of level {level} are not available.", "Ask for level 2 (bits) or 1."
        )
    ours = {"execution": execution} if execution else {}
    options = asked.get("options", {})
    if not isinstance(options, Mapping):
        raise UsageError(
            f"options is {options!r}, not a dictionary.", "Give the sampler's options by group."
        )
    check_options(options, "The options of the run")
    return merged(ours, options)


def _plain(header: object) -> object:
    """Return a header as JSON stores it."""
    values = header.to_dict() if hasattr(header, "to_dict") else header
    try:
        if not isinstance(values, Mapping):
            raise TypeError
        return json.loads(json.dumps(dict(values), allow_nan=False))
    except (TypeError, ValueError):
        raise UsageError(
            "The header cannot be kept: it is not a dictionary of plain values.",
            "Give texts, numbers, lists and dictionaries.",
        ) from None

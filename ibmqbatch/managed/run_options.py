"""What old programs ask of a run, in the words of the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..arguments import qubits, seconds, switch, whole_number
from ..errors import UsageError
from ..jobset.options import check_options, merged
from ..jobset.request import as_rows
from .warn import warn

__all__ = ["DEFAULTS", "RunOptions", "checked_tags", "read_run_options"]

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


@dataclass(frozen=True, slots=True)
class RunOptions:
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


def read_run_options(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> RunOptions:
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
    return RunOptions(
        shots=whole_number(asked["shots"], "shots"),
        seed=None if seed is None else whole_number(seed, "seed_simulator"),
        sampler=_sampler(asked),
        rows=as_rows(given.get("parameter_binds", ()), "parameter_binds") or None,
        request=request,
        kept=kept,
    )


def checked_tags(tags: object, named: str = "job_tags") -> tuple[str, ...]:
    """Return tags as they are given; raises UsageError unless they are a list of texts, or None."""
    if tags is None:
        return ()
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise UsageError(f"{named} is {tags!r}, no list of strings.", "Give a list of tags.")
    return tuple(tags)


def _check_names(given: Mapping[str, Any]) -> None:
    for name in given:
        if name in _REFUSED:
            raise UsageError(f"The option {name} cannot be had.", _REFUSED[name])
    if given.get("job_share_level"):
        warn("`job_share_level` has no effect: jobs are seen by all who may use the instance.")
    known = {*DEFAULTS, *_OF_A_RUN, *_OF_A_REQUEST}
    for name in sorted(given.keys() - known):
        warn(f"{name} is not a recognized runtime option and is ignored.")


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

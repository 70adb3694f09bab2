"""The options of the service's sampler: what may be asked of it, from a file and from flags."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import Argument, UsageError, Words
from ..suggestions import with_suggestion

__all__ = ["SEQUENCES", "check_options", "merged", "read_options"]

Options = Mapping[str, Mapping[str, Any]]

SEQUENCES = ("XX", "XpXm", "XY4")


def _words(*allowed: str) -> tuple[str, Callable[[Any], bool]]:
    return f"one of {', '.join(allowed)}", lambda value: value in allowed


_SWITCH = ("true or false", lambda value: isinstance(value, bool))
_NUMBER = (
    "a whole number of 1 or more, or 'auto'",
    lambda value: value == "auto" or (type(value) is int and value > 0),
)
_SECONDS = (
    "a number of seconds",
    lambda value: type(value) in {int, float} and 0 <= value < math.inf,
)
# As the service takes them: a key that it does not know makes it refuse the job.
_KNOWN: Mapping[str, Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "dynamical_decoupling": {
        "enable": _SWITCH,
        "sequence_type": _words(*SEQUENCES),
        "extra_slack_distribution": _words("middle", "edges"),
        "scheduling_method": _words("alap", "asap"),
        "skip_reset_qubits": _SWITCH,
    },
    "execution": {
        "init_qubits": _SWITCH,
        "rep_delay": _SECONDS,
        "meas_type": _words("classified", "kerneled", "avg_kerneled"),
    },
    "twirling": {
        "enable_gates": _SWITCH,
        "enable_measure": _SWITCH,
        "num_randomizations": _NUMBER,
        "shots_per_randomization": _NUMBER,
        "strategy": _words("active", "active-circuit", "active-accum", "all"),
    },
}
_FREE = "experimental"  # whatever is in there is between its user and the service
_ELSEWHERE = {
    "default_shots": Words("Use {}.", Argument("shots")),
    "max_execution_time": Words("Use {}.", Argument("max_execution_time")),
    "simulator": Words("Use {}; the backend decides about noise.", Argument("seed")),
    "environment": Words("Use {} and {}.", Argument("tags"), Argument("private")),
}


def is_twirled(options: Mapping[str, Any]) -> bool:
    """Return whether a job with these options is run in randomizations."""
    twirling = options.get("twirling")
    twirling = twirling if isinstance(twirling, Mapping) else {}
    return bool(twirling.get("enable_gates") or twirling.get("enable_measure"))


def read_options(path: Path) -> dict[str, dict[str, Any]]:
    """Read a TOML file of options, a table for each group; raises UsageError."""
    try:
        options = tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise UsageError(
            f"The options file {path} cannot be read: {error.strerror or error}.",
            "Check its name and permissions.",
        ) from error
    except ValueError as error:
        raise UsageError(
            f"The options file {path} is not TOML: {error}.", "Mend it; the guide has an example."
        ) from error
    check_options(options, f"The options file {path}")
    return options


def check_options(options: Mapping[str, Any], where: str) -> None:
    """Raise UsageError for what the service would not take."""
    for group, entries in options.items():
        known = _KNOWN.get(group)
        if known is None and group != _FREE:
            groups = (*_KNOWN, _FREE)
            hint = with_suggestion(f"Known are: {', '.join(groups)}.", group, groups)
            raise UsageError(
                f"{where}: '{group}' is not an option here.", _ELSEWHERE.get(group, hint)
            )
        if not isinstance(entries, dict):
            raise UsageError(f"{where}: '{group}' is a table.", f"Write it below [{group}].")
        if known is None:
            _check_json(entries, where)
            continue
        for key, value in entries.items():
            if key not in known:
                raise UsageError(
                    f"{where}: {group} has no '{key}'.",
                    with_suggestion(f"It has: {', '.join(known)}.", key, known),
                )
            what, fits = known[key]
            if not fits(value):
                raise UsageError(f"{where}: {group}.{key} is {value!r}, not {what}.", "Mend it.")


def _check_json(entries: Mapping[str, Any], where: str) -> None:
    """Raise UsageError for what cannot be sent: TOML has dates, infinities and more."""
    try:
        json.dumps(entries, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{where}: '{_FREE}' holds what is not JSON: {error}.", "Write it as a text."
        ) from error


def merged(options: Options, more: Options) -> dict[str, dict[str, Any]]:
    """Return the options with `more` of them, which have the last word."""
    groups = {**options, **more}
    return {group: {**options.get(group, {}), **more.get(group, {})} for group in groups}

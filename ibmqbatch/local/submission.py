"""Validation of request bodies: of jobs only the shape, circuits are not decoded.

A body that passes becomes a job; whether its circuits can be run is up to a worker.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Never

from .http import (
    MAX_COST_SECONDS,
    MAX_INTEGER,
    MAX_SESSION_SECONDS,
    MAX_TAG_CHARACTERS,
    MAX_TAGS,
    ApiError,
)
from .sessions import MODES, Opening

__all__ = [
    "PROGRAMS",
    "Submission",
    "parse_json",
    "parse_session",
    "parse_submission",
    "parse_tags",
]

# The programs that a worker can run.
PROGRAMS = ("sampler",)

_KEYS = {
    "program_id",
    "backend",
    "params",
    "tags",
    "session_id",
    "log_level",
    "cost",
    "private",
    "calibration_id",
    "runtime",
}
_PARAMS = {"pubs", "version", "shots", "options", "support_qiskit"}
_LOG_LEVELS = {"critical", "error", "warning", "info", "debug"}
_OPTION_GROUPS: dict[str, set[str]] = {
    "dynamical_decoupling": {
        "enable",
        "sequence_type",
        "extra_slack_distribution",
        "scheduling_method",
        "skip_reset_qubits",
    },
    "execution": {"init_qubits", "rep_delay", "meas_type"},
    "twirling": {
        "enable_gates",
        "enable_measure",
        "num_randomizations",
        "shots_per_randomization",
        "strategy",
    },
    "simulator": {"noise_model", "seed_simulator", "coupling_map", "basis_gates"},
}


@dataclass(frozen=True, slots=True)
class Submission:
    """A job as it was submitted."""

    program: str
    backend: str
    params: bytes
    tags: tuple[str, ...]
    private: bool
    estimated_seconds: float
    session_id: str | None = None
    log_level: str | None = None
    cost: int | None = None
    calibration_id: str | None = None
    runtime: str | None = None


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


def parse_json(body: bytes) -> dict[str, Any]:
    """Parse a request body. Raises ApiError (1208) unless it is a JSON object.

    `NaN` and `Infinity` are not JSON.
    """
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except RecursionError:
        raise ApiError.invalid("The body is nested too deeply.") from None
    except ValueError as error:
        raise ApiError.invalid(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ApiError.invalid("The body must be a JSON object.")
    return value


class _Violations:
    """Collects violations, so that one reply names every path."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, path: str, violation: str) -> None:
        self._found.append(f"{path}: {violation}")

    def unknown_keys(self, path: str, value: Iterable[str], known: Iterable[str]) -> None:
        prefix = f"{path}." if path else ""
        for key in sorted(set(value) - set(known)):
            self.add(f"{prefix}{key[:100]}", "unknown key")

    def integer(self, path: str, value: object, low: int, high: int = MAX_INTEGER) -> None:
        # A boolean is an int to Python, but not to JSON.
        if type(value) is not int or not low <= value <= high:
            self.add(path, f"must be an integer from {low} to {high}")

    def text(self, path: str, value: object, longest: int) -> None:
        if not isinstance(value, str) or len(value) > longest or not _storable(value):
            self.add(path, f"must be a text of at most {longest} characters")

    def boolean(self, path: str, value: object) -> None:
        if type(value) is not bool:
            self.add(path, "must be true or false")

    def raise_if_any(self) -> None:
        if self._found:
            # Thousands of circuits may have the same fault; the first few are enough.
            shown = self._found[:10]
            more = len(self._found) - len(shown)
            text = "; ".join(shown) + (f"; and {more} more" if more else "")
            raise ApiError.invalid(f"The body is not valid: {text}.")


def _storable(text: str) -> bool:
    """Return whether a string has no lone surrogates, which JSON can spell."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_tags(value: object) -> tuple[str, ...]:
    """Parse the tags of a job. Raises ApiError: 1208 for the type, 1204 and 1205 for the size."""
    if not isinstance(value, list) or not all(
        isinstance(tag, str) and _storable(tag) for tag in value
    ):
        raise ApiError.invalid("The body is not valid: tags: must be a list of texts.")
    if len(value) > MAX_TAGS:
        raise ApiError(400, 1204, f"Too many tags: {len(value)}, at most {MAX_TAGS} are allowed.")
    for tag in value:
        if len(tag) > MAX_TAG_CHARACTERS:
            raise ApiError(
                400,
                1205,
                f"A tag of {len(tag)} characters is too long: at most {MAX_TAG_CHARACTERS} "
                "are allowed.",
            )
    return tuple(value)


def parse_session(body: bytes) -> Opening:
    """Parse the body that opens a session. Raises ApiError (1208)."""
    session = parse_json(body)
    violations = _Violations()
    # The instance is that of the header, as everywhere.
    violations.unknown_keys("", session, {"mode", "backend", "max_ttl", "instance"})
    mode = session.get("mode")
    if not isinstance(mode, str) or mode not in MODES:
        violations.add("mode", f"must be one of {', '.join(MODES)}")
    violations.text("backend", session.get("backend"), 100)
    seconds = session.get("max_ttl")
    if seconds is not None:
        violations.integer("max_ttl", seconds, 1)
    violations.raise_if_any()
    longest = MAX_SESSION_SECONDS if seconds is None else min(seconds, MAX_SESSION_SECONDS)
    return Opening(session["mode"], session["backend"], longest)


def parse_submission(body: bytes) -> Submission:
    """Parse the body that submits a job. Raises ApiError."""
    job = parse_json(body)
    violations = _Violations()
    violations.unknown_keys("", job, _KEYS)
    # IBM's other programs are unknown here: the text says which there are.
    if job.get("program_id") not in PROGRAMS:
        violations.add("program_id", f"must be one of {', '.join(PROGRAMS)}")
    violations.text("backend", job.get("backend"), 100)
    for key, longest in (("session_id", 36), ("calibration_id", 100), ("runtime", 200)):
        if job.get(key) is not None:
            violations.text(key, job[key], longest)
    if job.get("cost") is not None:
        violations.integer("cost", job["cost"], 0, MAX_COST_SECONDS)
    if job.get("private") is not None:
        violations.boolean("private", job["private"])
    level = job.get("log_level")
    if level is not None and (not isinstance(level, str) or level.lower() not in _LOG_LEVELS):
        violations.add("log_level", f"must be one of {', '.join(sorted(_LOG_LEVELS))}")
    params = job.get("params")
    if isinstance(params, dict):
        _check_params(params, violations)
    else:
        violations.add("params", "must be an object")
    violations.raise_if_any()
    assert isinstance(params, dict)
    try:
        # A number such as 1e999 is JSON, but the infinity that it becomes is not.
        stored = json.dumps(params, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        raise ApiError.invalid("The body is not valid: params: a number is too large.") from None
    except RecursionError:
        raise ApiError.invalid("The body is nested too deeply.") from None
    return Submission(
        program=job["program_id"],
        backend=job["backend"],
        params=stored,
        tags=parse_tags(job["tags"]) if job.get("tags") is not None else (),
        private=bool(job.get("private")),
        estimated_seconds=_estimate(params),
        session_id=job.get("session_id"),
        log_level=level,
        cost=job.get("cost"),
        calibration_id=job.get("calibration_id"),
        runtime=job.get("runtime"),
    )


def _check_params(params: dict[str, Any], violations: _Violations) -> None:
    violations.unknown_keys("params", params, _PARAMS)
    if type(params.get("version")) is not int or params["version"] != 2:
        violations.add("params.version", "must be 2")
    if params.get("shots") is not None:
        violations.integer("params.shots", params["shots"], 1)
    if params.get("support_qiskit") is not None:
        violations.boolean("params.support_qiskit", params["support_qiskit"])
    if params.get("options") is not None:
        _check_options(params["options"], violations)
    pubs = params.get("pubs")
    if not isinstance(pubs, list) or not pubs:
        violations.add("params.pubs", "must be a list of at least one pub")
        return
    for index, pub in enumerate(pubs):
        _check_pub(f"params.pubs[{index}]", pub, violations)


def _check_pub(path: str, pub: object, violations: _Violations) -> None:
    if isinstance(pub, str) or _is_typed(pub, "QuantumCircuit"):
        return
    if not isinstance(pub, list) or not 1 <= len(pub) <= 3:
        violations.add(path, "must be [circuit], [circuit, values] or [circuit, values, shots]")
        return
    if not isinstance(pub[0], str) and not _is_typed(pub[0], "QuantumCircuit"):
        violations.add(f"{path}[0]", "must be OpenQASM 3 text or a typed QuantumCircuit")
    if len(pub) > 1 and pub[1] is not None and not isinstance(pub[1], (list, dict)):
        violations.add(f"{path}[1]", "must be parameter values: an object, a list or null")
    if len(pub) > 2 and pub[2] is not None:
        violations.integer(f"{path}[2]", pub[2], 1)


def _is_typed(value: object, kind: str) -> bool:
    return (
        isinstance(value, dict)
        and value.get("__type__") == kind
        and isinstance(value.get("__value__"), str)
    )


def _check_options(options: object, violations: _Violations) -> None:
    path = "params.options"
    if not isinstance(options, dict):
        violations.add(path, "must be an object")
        return
    violations.unknown_keys(path, options, {"default_shots", "experimental", *_OPTION_GROUPS})
    if options.get("default_shots") is not None:
        violations.integer(f"{path}.default_shots", options["default_shots"], 1)
    for name in ("experimental", *_OPTION_GROUPS):
        group = options.get(name)
        if group is None:
            continue
        if not isinstance(group, dict):
            violations.add(f"{path}.{name}", "must be an object")
        elif name in _OPTION_GROUPS:
            violations.unknown_keys(f"{path}.{name}", group, _OPTION_GROUPS[name])
    simulator = options.get("simulator")
    if isinstance(simulator, dict) and simulator.get("seed_simulator") is not None:
        seed = simulator["seed_simulator"]
        violations.integer(f"{path}.simulator.seed_simulator", seed, 0, 2**63 - 1)


def _estimate(params: dict[str, Any]) -> float:
    """Estimate the seconds that a job takes: 2 ms a circuit and 1 µs a shot, ignoring sweeps."""
    options = params.get("options") or {}
    default = params.get("shots") or options.get("default_shots") or 4096
    pubs = params["pubs"]
    shots = sum(
        (pub[2] or default) if isinstance(pub, list) and len(pub) > 2 else default for pub in pubs
    )
    return round(0.002 * len(pubs) + 1e-6 * shots, 3)

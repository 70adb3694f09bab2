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
PROGRAMS = ("sampler", "executor")
# Programs of IBM's that run nowhere here, and what does the same.
_INSTEAD = {"estimator": "executor_estimator.Estimator, which runs on the program executor"}

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
# The program executor. Its first versions have the circuits in the items.
_CIRCUITS_IN_ITEMS = ("v0.1", "v0.2")
_SCHEMA_VERSIONS = (*_CIRCUITS_IN_ITEMS, "v1.0", "v1.1", "v2.0")
_PROGRAM_KEYS = {"shots", "circuits", "items", "meas_level", "semantic_role", "passthrough_data"}
_EXECUTOR_OPTIONS = {
    "init_qubits",
    "rep_delay",
    "scheduler_timing",
    "stretch_values",
    "experimental",
}
_MEASUREMENT_LEVELS = ("classified", "kerneled", "avg_kerneled", "both")
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
        violations.integer("max_ttl", seconds, 1, MAX_SESSION_SECONDS)
    violations.raise_if_any()
    longest = MAX_SESSION_SECONDS if seconds is None else seconds
    return Opening(session["mode"], session["backend"], longest)


def parse_submission(body: bytes) -> Submission:
    """Parse the body that submits a job. Raises ApiError."""
    job = parse_json(body)
    violations = _Violations()
    violations.unknown_keys("", job, _KEYS)
    program = job.get("program_id")
    if program not in PROGRAMS:
        instead = _INSTEAD.get(program) if isinstance(program, str) else None
        hint = f"; use {instead}" if instead else ""
        violations.add("program_id", f"must be one of {', '.join(PROGRAMS)}{hint}")
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
        if program in PROGRAMS:
            check = _check_executor if program == "executor" else _check_sampler
            check(params, violations)
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


def _check_sampler(params: dict[str, Any], violations: _Violations) -> None:
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


def _check_executor(params: dict[str, Any], violations: _Violations) -> None:
    violations.unknown_keys("params", params, {"schema_version", "quantum_program", "options"})
    version = params.get("schema_version")
    if version not in _SCHEMA_VERSIONS:
        violations.add("params.schema_version", f"must be one of {', '.join(_SCHEMA_VERSIONS)}")
        return
    options = params.get("options")
    if not isinstance(options, dict):
        violations.add("params.options", "must be an object")
    else:
        violations.unknown_keys("params.options", options, _EXECUTOR_OPTIONS)
        _check_seed("params.options.experimental", options.get("experimental"), violations)
    path = "params.quantum_program"
    program = params.get("quantum_program")
    if not isinstance(program, dict):
        violations.add(path, "must be an object")
        return
    violations.unknown_keys(path, program, _PROGRAM_KEYS)
    violations.integer(f"{path}.shots", program.get("shots"), 1)
    if program.get("meas_level", "classified") not in _MEASUREMENT_LEVELS:
        violations.add(f"{path}.meas_level", f"must be one of {', '.join(_MEASUREMENT_LEVELS)}")
    items = program.get("items")
    if not isinstance(items, list) or not items:
        violations.add(f"{path}.items", "must be a list of at least one item")
        return
    if version not in _CIRCUITS_IN_ITEMS:
        _check_circuits(f"{path}.circuits", program.get("circuits"), len(items), violations)
    for index, item in enumerate(items):
        _check_item(f"{path}.items[{index}]", item, version, violations)


def _check_circuits(path: str, circuits: object, items: int, violations: _Violations) -> None:
    """Check the circuits of all items, which are one QPY file or OpenQASM 3 programs."""
    if not isinstance(circuits, dict):
        violations.add(path, "must be an object")
    elif "data" in circuits:
        programs = circuits["data"]
        texts = isinstance(programs, list) and all(isinstance(text, str) for text in programs)
        if not texts or len(programs) != items:
            violations.add(f"{path}.data", "must be a list of one text for each item")
    elif not isinstance(circuits.get("b64_data"), str):
        violations.add(f"{path}.b64_data", "must be a text")
    elif circuits.get("num_programs") != items:
        violations.add(f"{path}.num_programs", "must be the number of items")


def _check_item(path: str, item: object, version: str, violations: _Violations) -> None:
    kind = item.get("item_type") if isinstance(item, dict) else None
    if not isinstance(item, dict) or kind not in {"circuit", "samplex"}:
        violations.add(path, "must be an item of the type circuit or samplex")
        return
    if version in _CIRCUITS_IN_ITEMS:
        circuit = item.get("circuit")
        if not isinstance(circuit, dict) or not isinstance(circuit.get("circuit_b64"), str):
            violations.add(f"{path}.circuit", "must hold circuit_b64, a text")
    shape = item.get("shape", [])
    if not isinstance(shape, list) or not all(
        type(length) is int and 0 <= length <= MAX_INTEGER for length in shape
    ):
        violations.add(f"{path}.shape", "must be a list of lengths")
    if kind == "circuit":
        _check_tensor(f"{path}.circuit_arguments", item.get("circuit_arguments"), violations)
        return
    samplex, arguments = item.get("samplex"), item.get("samplex_arguments")
    if not isinstance(samplex, dict) or not isinstance(samplex.get("samplex_json"), str):
        violations.add(f"{path}.samplex", "must hold samplex_json, a text")
    if not isinstance(arguments, dict):
        violations.add(f"{path}.samplex_arguments", "must be an object")
        return
    for name, value in arguments.items():
        if isinstance(value, dict) and "sparse_terms" not in value:
            _check_tensor(f"{path}.samplex_arguments.{name[:100]}", value, violations)


def _check_tensor(path: str, tensor: object, violations: _Violations) -> None:
    if not isinstance(tensor, dict):
        violations.add(path, "must be a tensor")
        return
    shape = tensor.get("shape")
    for key in ("data", "dtype"):
        if not isinstance(tensor.get(key, "f64" if key == "dtype" else None), str):
            violations.add(f"{path}.{key}", "must be a text")
    if not isinstance(shape, list) or not all(
        type(length) is int and 0 <= length <= MAX_INTEGER for length in shape
    ):
        violations.add(f"{path}.shape", "must be a list of lengths")


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
    _check_seed(path, options, violations)


def _check_seed(path: str, options: object, violations: _Violations) -> None:
    simulator = options.get("simulator") if isinstance(options, dict) else None
    if isinstance(simulator, dict) and simulator.get("seed_simulator") is not None:
        seed = simulator["seed_simulator"]
        violations.integer(f"{path}.simulator.seed_simulator", seed, 0, 2**63 - 1)


def _estimate(params: dict[str, Any]) -> float:
    """Estimate the seconds that a job takes: 2 ms a circuit and 1 µs a shot, ignoring sweeps."""
    if "quantum_program" in params:
        program = params["quantum_program"]
        return _seconds(len(program["items"]), len(program["items"]) * program["shots"])
    options = params.get("options") or {}
    default = params.get("shots") or options.get("default_shots") or 4096
    pubs = params["pubs"]
    shots = sum(
        (pub[2] or default) if isinstance(pub, list) and len(pub) > 2 else default for pub in pubs
    )
    return _seconds(len(pubs), shots)


def _seconds(circuits: int, shots: int) -> float:
    return round(0.002 * circuits + 1e-6 * shots, 3)

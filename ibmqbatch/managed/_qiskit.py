"""What old programs use of Terra and Qiskit 2 does not have: Qobj, headers as objects, classes."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..circuits._qiskit import installed_versions, is_terra
from ..errors import UsageError
from .caller_warnings import warn_caller

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.qobj import QasmQobj

__all__ = [
    "Header",
    "as_qobj",
    "circuits_of_qobj",
    "client_version",
    "experiment_header",
    "has_qobj",
    "is_qobj",
    "result_header",
    "terra_class",
]

_MICROSECONDS = 1e6  # in a second: a Qobj counts times in them, `run` in seconds
# Entries of a Qobj's config that are not options of a run: its form, and its pulses' frequencies.
# Calibrations become those of the circuits.
_FORM = frozenset(
    {
        "calibrations",
        "meas_lo_range",
        "meas_map",
        "memory_slot_size",
        "memory_slots",
        "n_qubits",
        "parametric_pulses",
        "pulse_library",
        "qubit_lo_range",
    }
)


class Header(dict[str, Any]):
    """A header as in Qiskit 2, a dictionary, whose entries are attributes as well.

    Programs from before Qiskit 2 use `header.name` and `header.to_dict()`. Its pickle is that of a
    plain dictionary, which can be loaded without this package.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return it as a plain dictionary."""
        return dict(self)

    def __getattr__(self, name: str) -> Any:
        # Python calls this for missing attributes only.
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The header has no {name!r}.") from None

    def __setattr__(self, name: str, value: object) -> None:
        self[name] = value

    def __copy__(self) -> Header:
        return Header(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Header:
        return Header(copy.deepcopy(dict(self), memo))

    def __reduce__(self) -> tuple[object, ...]:
        return dict, (dict(self),)


def result_header(values: Mapping[str, Any]) -> Any:
    """Return the header of a `Result`, of the installed Qiskit's class."""
    if not is_terra():
        return Header(values)
    from qiskit.qobj import QobjHeader

    return QobjHeader.from_dict(dict(values))


def experiment_header(values: Mapping[str, Any]) -> Any:
    """Return the header of one experiment in a `Result`, of the installed Qiskit's class."""
    if not is_terra():
        return Header(values)
    from qiskit.qobj import QobjExperimentHeader

    return QobjExperimentHeader.from_dict(dict(values))


def client_version() -> dict[str, str]:
    """Return the versions of this package and of the Qiskit that it uses, by name."""
    return {"ibmqbatch": __version__, **installed_versions()}


def terra_class(module: str, name: str) -> Any:
    """Return Terra's class, as the base of the one that replaces it here; `object` on Qiskit 2.

    It is for the `isinstance` of Terra's tools: all methods are defined here, the same for both.
    """
    return getattr(import_module(module), name) if is_terra() else object


def has_qobj() -> bool:
    """Return whether the installed Qiskit has Qobj; warn where it has not."""
    if not is_terra():
        warn_caller("Qiskit 2 has no Qobj any more: circuits() returns a job's circuits.")
        return False
    return True


def as_qobj(
    circuits: Sequence[QuantumCircuit],
    job_id: str,
    header: Mapping[str, Any],
    options: Mapping[str, Any],
) -> QasmQobj | None:
    """Return circuits as a Qobj; None, with a warning, where they cannot be written as one."""
    from qiskit import assemble
    from qiskit.circuit import ControlFlowOp
    from qiskit.exceptions import QiskitError

    why = f"The circuits of job {job_id} cannot be a Qobj"
    if not circuits:
        warn_caller(f"{why}: they cannot be read.")
        return None
    if any(isinstance(item.operation, ControlFlowOp) for c in circuits for item in c.data):
        # Qiskit would write nonsense.
        warn_caller(f"{why}, which has no control flow: circuits() returns them.")
        return None
    names = ("shots", "memory", "init_qubits", "seed_simulator", "meas_level", "meas_return")
    known = {key: options[key] for key in names if key in options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            qobj = assemble(list(circuits), qobj_id=job_id, qobj_header=dict(header), **known)
        except QiskitError as error:
            warn_caller(f"{why}: {error.message.rstrip('.')}.")
            return None
    if "rep_delay" in options:  # `assemble` writes it for Terra's own backends only
        qobj.config.rep_delay = options["rep_delay"] * _MICROSECONDS
    return qobj


def is_qobj(thing: object) -> bool:
    """Return whether something is a Qobj, which only programs with Terra have."""
    return type(thing).__module__.startswith("qiskit.qobj")


def circuits_of_qobj(qobj: Any) -> tuple[list[QuantumCircuit], dict[str, Any]]:
    """Return the circuits of a Qobj, and its options by the names and in the units of `run`.

    Raises UsageError for a Qobj with features that circuits do not have.
    """
    from qiskit.assembler import disassemble
    from qiskit.qobj import QasmQobj

    if not isinstance(qobj, QasmQobj):
        raise UsageError(
            "A Qobj of pulse schedules cannot be run: IBM retired pulse jobs in 2025.",
            "Give circuits.",
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        circuits, config, header = disassemble(qobj)
    # `disassemble` leaves these out.
    for number, (circuit, experiment) in enumerate(zip(circuits, qobj.experiments, strict=True)):
        _check_own_config(number, experiment.config.to_dict())
        circuit.global_phase = getattr(experiment.header, "global_phase", 0.0)
        circuit.metadata = getattr(experiment.header, "metadata", None) or {}
    options = {n: value for n, value in config.items() if n not in _FORM and _is_given(value)}
    if isinstance(options.get("rep_delay"), int | float):
        options["rep_delay"] /= _MICROSECONDS
    return list(circuits), {**options, "header": header}


def _check_own_config(number: int, config: Mapping[str, Any]) -> None:
    for name, value in config.items():
        if name not in _FORM and _is_given(value):
            raise UsageError(
                f"Experiment {number} of the Qobj has a {name} of its own, which is not possible.",
                "Options are those of the whole run: take it out.",
            )


def _is_given(value: object) -> bool:
    """Return whether an option is given: `assemble` writes empty lists for missing ones."""
    return value is not None and not (isinstance(value, list | dict | tuple) and not value)

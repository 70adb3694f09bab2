"""What old programs know of Terra and Qiskit 2 has no more: Qobj, headers as objects, classes."""

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
# What a Qobj's config says of its form, and of the frequencies that its pulses may have: no option
# of a run. Calibrations become those of the circuits.
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
    """A header as Qiskit 2 has it, a dictionary, whose entries are attributes as well.

    Programs from before Qiskit 2 have `header.name` and `header.to_dict()`. Pickled, it is a plain
    dictionary, which needs nothing of this package where it is read.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return it as a plain dictionary."""
        return dict(self)

    def __getattr__(self, name: str) -> Any:
        # Only what is no attribute comes here.
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
    """Return the header of a `Result`, as the installed Qiskit has it."""
    if not is_terra():
        return Header(values)
    from qiskit.qobj import QobjHeader

    return QobjHeader.from_dict(dict(values))


def experiment_header(values: Mapping[str, Any]) -> Any:
    """Return the header of one experiment in a `Result`, as the installed Qiskit has it."""
    if not is_terra():
        return Header(values)
    from qiskit.qobj import QobjExperimentHeader

    return QobjExperimentHeader.from_dict(dict(values))


def client_version() -> dict[str, str]:
    """Return the versions of this package and of the Qiskit that it uses, by name."""
    return {"ibmqbatch": __version__, **installed_versions()}


def terra_class(module: str, name: str) -> Any:
    """Return Terra's class, as a base of the one here that stands for it; `object` on Qiskit 2.

    What tools of Terra ask with `isinstance` is answered by that. All that they call is defined
    here, so that it is the same on both.
    """
    return getattr(import_module(module), name) if is_terra() else object


def has_qobj() -> bool:
    """Return whether the installed Qiskit has Qobj; a warning tells what to do where it has not."""
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
        # Of which Qiskit would write nonsense.
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
    if "rep_delay" in options:  # which `assemble` writes for backends of its own alone
        qobj.config.rep_delay = options["rep_delay"] * _MICROSECONDS
    return qobj


def is_qobj(thing: object) -> bool:
    """Return whether it is a Qobj, of which only Terra's programs have any."""
    return type(thing).__module__.startswith("qiskit.qobj")


def circuits_of_qobj(qobj: Any) -> tuple[list[QuantumCircuit], dict[str, Any]]:
    """Return the circuits of a Qobj, and the options of a run that it holds, in units of `run`.

    Raises UsageError for what circuits cannot have.
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
    # What that leaves out of the experiments.
    for number, (circuit, experiment) in enumerate(zip(circuits, qobj.experiments, strict=True)):
        _check_own_config(number, experiment.config.to_dict())
        circuit.global_phase = getattr(experiment.header, "global_phase", 0.0)
        circuit.metadata = getattr(experiment.header, "metadata", None) or {}
    told = {name: value for name, value in config.items() if name not in _FORM and _says(value)}
    if isinstance(told.get("rep_delay"), int | float):
        told["rep_delay"] /= _MICROSECONDS
    return list(circuits), {**told, "header": header}


def _check_own_config(number: int, config: Mapping[str, Any]) -> None:
    for name, value in config.items():
        if name not in _FORM and _says(value):
            raise UsageError(
                f"Experiment {number} of the Qobj has a {name} of its own, which cannot be had.",
                "Options are those of the whole run: take it out.",
            )


def _says(value: object) -> bool:
    """Tell whether an option is given: `assemble` writes empty lists where there is none."""
    return value is not None and not (isinstance(value, list | dict | tuple) and not value)

"""What old programs know of Terra and Qiskit 2 has no more: Qobj, headers as objects, classes."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..circuits._qiskit import is_terra
from ..errors import UsageError
from .warn import warn

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.qobj import QasmQobj

__all__ = [
    "Header",
    "as_qobj",
    "circuits_of_qobj",
    "experiment_header",
    "has_qobj",
    "is_qobj",
    "result_header",
    "terra_class",
]

_KNOWN = ("shots", "memory", "seed_simulator", "init_qubits", "rep_delay")


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


def terra_class(module: str, name: str) -> Any:
    """Return Terra's class, as a base of the one here that stands for it; `object` on Qiskit 2.

    What tools of Terra ask with `isinstance` is answered by that. All that they call is defined
    here, so that it is the same on both.
    """
    return getattr(import_module(module), name) if is_terra() else object


def has_qobj() -> bool:
    """Return whether the installed Qiskit has Qobj; a warning tells what to do where it has not."""
    if not is_terra():
        warn("Qiskit 2 has no Qobj any more: circuits() returns a job's circuits.")
        return False
    return True


def as_qobj(
    circuits: Sequence[QuantumCircuit],
    job_id: str,
    header: Mapping[str, Any],
    options: Mapping[str, Any],
) -> QasmQobj | None:
    """Return circuits as a Qobj; None where they cannot be written as one."""
    from qiskit import assemble
    from qiskit.circuit import ControlFlowOp
    from qiskit.exceptions import QiskitError

    flows = any(isinstance(item.operation, ControlFlowOp) for c in circuits for item in c.data)
    if not circuits or flows:  # of which Qiskit would write nonsense
        return None
    known = {key: options[key] for key in ("shots", "memory", "init_qubits")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return assemble(list(circuits), qobj_id=job_id, qobj_header=dict(header), **known)
        except QiskitError:
            return None


def is_qobj(thing: object) -> bool:
    """Return whether it is a Qobj, of which only Terra's programs have any."""
    return type(thing).__module__.startswith("qiskit.qobj")


def circuits_of_qobj(qobj: Any) -> tuple[list[QuantumCircuit], dict[str, Any]]:
    """Return the circuits of a Qobj, and the options of a run that it holds; raises UsageError."""
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
    told = {name: config[name] for name in _KNOWN if config.get(name) is not None}
    return list(circuits), {**told, "header": header}

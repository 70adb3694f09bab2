"""Circuits as they are sent: typed QPY, or OpenQASM 3."""

from __future__ import annotations

import io
import warnings
import zlib
from typing import Any

from .errors import JobError, first_line
from .packed import unpack

__all__ = ["load_circuit"]


def load_circuit(source: Any) -> Any:
    """Return the circuit that a pub holds: a program as text, or a typed QPY blob.

    Raises JobError: 1603 for what is neither, 1506 for a program with a mistake in it.
    """
    return _load_text(source) if isinstance(source, str) else _load_qpy(source["__value__"])


def _load_qpy(text: str) -> Any:
    from qiskit import qpy

    try:
        blob = unpack(text)
    except (zlib.error, ValueError) as error:
        raise JobError(1603, "the circuit is not base64 of compressed QPY.") from error
    if blob[:6] != b"QISKIT":
        raise JobError(1603, "the circuit is not QPY.")
    newest = qpy.common.QPY_VERSION
    if blob[6] > newest:
        raise JobError(
            1603,
            f"the circuit is QPY version {blob[6]}, and this service reads up to {newest}.",
            "Write an older QPY, send OpenQASM 3, or start the service with --worker-python "
            "naming an interpreter with a newer Qiskit.",
        )
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            circuits = qpy.load(io.BytesIO(blob))
    except Exception as error:  # whatever a damaged file makes of the reader
        raise JobError(1603, "the circuit's QPY cannot be read.") from error
    if len(circuits) != 1:
        raise JobError(1603, f"the QPY holds {len(circuits)} circuits instead of one.")
    # Qiskit 2 leaves pulses out, and says so.
    left_out = any("loading pulse gates has been removed" in str(each.message) for each in told)
    if left_out or _has_pulses(circuits[0]):
        raise JobError(
            1517,
            "the circuit has pulses of its own for some gates.",
            "Take its calibrations out: then the device's own gates run.",
        )
    return _with_delays(circuits[0])


def _has_pulses(circuit: Any) -> bool:
    """Tell whether the circuit, or a block of it, defines pulses for gates."""
    if not hasattr(circuit, "calibrations"):
        return False  # Qiskit 2 has none
    return bool(circuit.calibrations) or any(
        _has_pulses(block)
        for item in circuit.data
        for block in getattr(item.operation, "blocks", ())
    )


def _with_delays(circuit: Any) -> Any:
    """Return the circuit with delays that are as long as a parameter says as they were written.

    QPY tells no unit, which stands for dt. Qiskit 2.6 reads these delays such that it cannot give
    them out any more.
    """
    from qiskit.circuit import Delay
    from qiskit.exceptions import QiskitError

    operations, changed = [], False
    for item in circuit.data:
        try:
            operation = item.operation
        except QiskitError:
            if item.name != "delay":
                raise
            operation, changed = Delay(item.params[0], unit="dt"), True
        blocks = getattr(operation, "blocks", ())
        mended = [_with_delays(block) for block in blocks]
        if any(new is not old for new, old in zip(mended, blocks)):  # noqa: B905 - also runs on 3.9
            operation, changed = operation.replace_blocks(mended), True
        operations.append(operation)
    if not changed:
        return circuit
    # Put in place of others they would lead Qiskit 2.6 into a panic.
    fresh = circuit.copy_empty_like()
    for operation, item in zip(operations, circuit.data):  # noqa: B905
        fresh.append(operation, item.qubits, item.clbits)
    return fresh


def _load_text(text: str) -> Any:
    """Return the circuit of an OpenQASM 3 program; `$7` becomes the qubit of index 7."""
    from qiskit import qasm3
    from qiskit.exceptions import MissingOptionalLibraryError

    if "OPENQASM" not in text[:10_000]:
        raise JobError(1603, "the circuit is not OpenQASM 3.", "Begin it with OPENQASM 3.0;")
    try:
        return _with_registers(qasm3.loads(text), text)
    except MissingOptionalLibraryError as error:
        raise JobError(
            1603,
            "this service cannot read OpenQASM 3, because qiskit-qasm3-import is not installed.",
            "Install it beside Qiskit, or send the circuit as QPY.",
        ) from error
    except Exception as error:  # the parser's many kinds of complaint
        reason = f"the OpenQASM 3 program cannot be read: {first_line(error)}."
        raise JobError(1506, reason) from error


def _with_registers(circuit: Any, text: str) -> Any:
    """Return the circuit with a register for every `bit` that is declared alone, of its name.

    The importer makes loose bits of them. Registers stand in the order of declaration.
    """
    loose = [bit for bit in circuit.clbits if not circuit.find_bit(bit).registers]
    if not loose:
        return circuit
    from openqasm3 import ast, parser
    from qiskit.circuit import ClassicalRegister

    registers, bits = iter(circuit.cregs), iter(loose)
    whole = circuit.__class__(global_phase=circuit.global_phase)
    whole.add_bits([*circuit.qubits, *circuit.clbits])
    for register in circuit.qregs:
        whole.add_register(register)
    for statement in parser.parse(text).statements:
        if not isinstance(statement, ast.ClassicalDeclaration):
            continue
        alone = getattr(statement.type, "size", None) is None
        name = statement.identifier.name
        register = ClassicalRegister(bits=[next(bits)], name=name) if alone else next(registers)
        whole.add_register(register)
    for item in circuit.data:
        whole.append(item)
    return whole

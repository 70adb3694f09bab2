"""What is sent, decoded: circuits as typed QPY or OpenQASM 3, and parameter values."""

from __future__ import annotations

import base64
import io
import warnings
import zlib
from typing import Any

from .errors import JobError, first_line
from .traversal import has_blocks

__all__ = ["decode_circuit", "decode_qpy", "decode_values", "decompress"]


def decode_circuit(source: Any) -> Any:
    """Return the circuit of OpenQASM 3 text or of typed QPY.

    Raises JobError: 1603 for anything else, 1506 for a program with an error in it.
    """
    return _decode_qasm3(source) if isinstance(source, str) else _decode_typed(source["__value__"])


def _decode_typed(text: str) -> Any:
    try:
        blob = decompress(text)
    except (zlib.error, ValueError) as error:
        raise JobError(1603, "the circuit is not base64 of compressed QPY.") from error
    circuits = decode_qpy(blob)
    if len(circuits) != 1:
        raise JobError(1603, f"the QPY holds {len(circuits)} circuits instead of one.")
    return circuits[0]


def decode_qpy(blob: bytes) -> list[Any]:
    """Return the circuits of a QPY file. Raises JobError: 1603, or 1517 for pulses."""
    from qiskit import qpy

    if blob[:6] != b"QISKIT":
        raise JobError(1603, "the circuit is not QPY.")
    newest = qpy.common.QPY_VERSION
    if blob[6] > newest:
        raise JobError(
            1603,
            f"the circuit is QPY version {blob[6]}, and this service reads up to {newest}.",
            "Write an older QPY, send OpenQASM 3, or have the service's workers run with a newer "
            "Qiskit.",
        )
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            circuits = qpy.load(io.BytesIO(blob), **_ignoring_annotations())
    except Exception as error:  # a damaged file can set off anything
        raise JobError(1603, "the circuit's QPY cannot be read.") from error
    # Qiskit 2 drops pulses with a warning.
    left_out = any("loading pulse gates has been removed" in str(each.message) for each in told)
    if left_out or any(map(_has_pulses, circuits)):
        raise JobError(
            1517,
            "the circuit has pulses of its own for some gates.",
            "Take its calibrations out: then the device's own gates run.",
        )
    return [_with_delays(circuit) for circuit in circuits]


def _ignoring_annotations() -> dict[str, Any]:
    """Return arguments that have QPY read boxes with annotations, which nothing here looks at."""
    try:
        from qiskit.circuit.annotation import Annotation, QPYSerializer
    except ImportError:
        return {}  # Qiskit has none

    class Ignored(Annotation):  # type: ignore[misc]
        namespace = "ignored"

    class Reader(QPYSerializer):  # type: ignore[misc]
        def dump_annotation(self, _namespace: str, _annotation: Any) -> Any:
            return NotImplemented

        def load_annotation(self, _payload: bytes) -> Any:
            return Ignored()

    return {"annotation_factories": {"": Reader}}  # the parent of all namespaces


def _has_pulses(circuit: Any) -> bool:
    """Return whether the circuit, or a block of it, defines pulses for gates."""
    if not hasattr(circuit, "calibrations"):
        return False  # Qiskit 2 has none
    return bool(circuit.calibrations) or any(
        _has_pulses(block)
        for item in circuit.data
        for block in getattr(item.operation, "blocks", ())
    )


def _with_delays(circuit: Any) -> Any:
    """Return the circuit with its parametrised delays repaired.

    QPY has no unit for them, which stands for dt. Qiskit 2.6 reads these delays in a form that it
    cannot return as operations.
    """
    from qiskit.circuit import Delay
    from qiskit.exceptions import QiskitError

    if "delay" not in circuit.count_ops() and not has_blocks(circuit):
        return circuit
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
    # Replacing operations in place makes Qiskit 2.6 panic.
    fresh = circuit.copy_empty_like()
    for operation, item in zip(operations, circuit.data):  # noqa: B905
        fresh.append(operation, item.qubits, item.clbits)
    return fresh


def _decode_qasm3(text: str) -> Any:
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
    except Exception as error:  # the parser raises many kinds
        reason = f"the OpenQASM 3 program cannot be read: {first_line(error)}."
        raise JobError(1506, reason) from error


def _with_registers(circuit: Any, text: str) -> Any:
    """Return the circuit with a register, of its name, for every single `bit` that is declared.

    The importer makes loose bits of them. Registers are in the order of declaration.
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


def decode_values(values: Any, parameters: list[Any]) -> Any:
    """Return parameter values as an array of floats whose last axis runs over the parameters.

    Raises JobError (3211) for values that do not fit the parameters.
    """
    import numpy as np

    names = [parameter.name for parameter in parameters]
    if isinstance(values, dict) and values.get("__type__") == "ndarray":
        array = _decode_array(values)
    elif isinstance(values, dict):
        if sorted(values) != sorted(names):
            raise JobError(
                3211,
                f"values are given for the parameters {sorted(values)}, "
                f"but the circuit has {sorted(names)}.",
            )
        columns = np.broadcast_arrays(*(_decode_array(values[name]) for name in names))
        array = np.stack(columns, axis=-1) if names else np.zeros(0)
    else:
        array = _decode_array(values if values is not None else [])
    if array.ndim == 0 or array.shape[-1] != len(names):
        given = "one value" if array.ndim == 0 else f"{array.shape[-1]} values"
        raise JobError(3211, f"{given} given for {len(names)} parameters.")
    if not np.isfinite(array).all():
        raise JobError(3211, "a parameter value is not finite.")
    if array.size == 0 and 0 in array.shape[:-1]:
        raise JobError(3211, "the sweep has no parameter set.")
    return array


def _decode_array(value: Any) -> Any:
    """Return a number, a nested list or a typed ndarray as an array of floats."""
    import numpy as np

    try:
        if isinstance(value, dict) and value.get("__type__") == "ndarray":
            value = value.get("__value__")
            if isinstance(value, str):
                blob = decompress(value)
                value = np.load(io.BytesIO(blob), allow_pickle=False)
        array = np.asarray(value)
        # "same_kind" rejects strings, complex numbers and objects.
        return array.astype(float, casting="same_kind") if array.size else array.astype(float)
    except (TypeError, ValueError, zlib.error) as error:
        raise JobError(3211, "the parameter values are not an array of real numbers.") from error


_LARGEST = 2**29  # bytes


def decompress(text: str) -> bytes:
    """Decode base64 of zlib; raises ValueError (binascii.Error is one) and zlib.error."""
    decompressor = zlib.decompressobj()
    blob = decompressor.decompress(base64.b64decode(text, validate=True), _LARGEST)
    if not decompressor.eof:
        raise zlib.error("cut short, or far too large")
    return blob

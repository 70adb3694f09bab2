"""Results as Qiskit's own objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._qiskit import experiment_header, result_header

if TYPE_CHECKING:
    from qiskit.result import Result
    from qiskit.result.models import ExperimentResult

    from ..jobset.results import CircuitResult
    from ..service.outcomes import PubResult

__all__ = ["experiment_result", "qiskit_result"]

_VERSION = "1.0.0"  # of the form of these objects


def qiskit_result(
    *,
    backend_name: str,
    job_id: str,
    experiments: Iterable[ExperimentResult],
    date: str | None = None,
    header: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Result:
    """Return the experiments as one `Result`; it is a success when all of them are."""
    from qiskit.result import Result

    listed = list(experiments)
    return Result(
        backend_name=backend_name,
        backend_version=_VERSION,
        qobj_id=job_id,  # in Qiskit 2 one of the attributes that anyone may add
        job_id=job_id,
        success=all(experiment.success for experiment in listed),
        results=listed,
        date=date,
        status="COMPLETED",
        header=result_header(header or {}),
        metadata=dict(metadata or {}),
    )


def experiment_result(result: CircuitResult, *, with_memory: bool = True) -> ExperimentResult:
    """Return one circuit's outcomes: counts by hexadecimal numbers, and each shot's, in order.

    What was not classified into bits has no counts: its memory is what was measured, complex.
    """
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    if result.outcomes.levels:
        return _measured(result)
    values, distinct = _numbers(result.outcomes)
    counts = np.bincount(values, minlength=len(distinct)).tolist() if len(values) else []
    data: dict[str, Any] = {"counts": dict(zip(distinct, counts, strict=True))}
    if with_memory:
        data["memory"] = [distinct[value] for value in values.tolist()]
    return ExperimentResult(
        shots=result.shots,
        success=True,
        status="DONE",
        data=ExperimentResultData(**data),
        header=_header(result),
        meas_level=2,
        meas_return="single",
    )


def _measured(result: CircuitResult) -> ExperimentResult:
    """Return what was measured: complex numbers as pairs, of shape ([shots,] values, 2)."""
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    levels = np.concatenate(list(result.outcomes.levels.values()), axis=-1)
    averaged = levels.ndim == 1
    return ExperimentResult(
        shots=result.shots,
        success=True,
        status="DONE",
        data=ExperimentResultData(memory=np.stack([levels.real, levels.imag], axis=-1).tolist()),
        header=_header(result),
        meas_level=1,
        meas_return="avg" if averaged else "single",
    )


def _header(result: CircuitResult) -> Any:
    """Return what Qiskit needs to write outcomes register by register."""
    sizes = [(name, bits.num_bits) for name, bits in result.outcomes.registers.items()]
    return experiment_header(
        {
            "name": result.name,
            "metadata": dict(result.metadata),
            "creg_sizes": [list(size) for size in sizes],
            "memory_slots": sum(size for _, size in sizes),
            "clbit_labels": [[name, bit] for name, size in sizes for bit in range(size)],
        }
    )


def _numbers(outcomes: PubResult) -> tuple[np.ndarray[Any, Any], list[str]]:
    """Return for every shot the number of its outcome, and the distinct outcomes in hexadecimal.

    The register that is declared first has the lowest bits.
    """
    registers = list(outcomes.registers.values())
    if not registers:
        return np.zeros(0, np.int64), []
    bits = np.concatenate([register.bits() for register in registers], axis=1)
    packed = np.packbits(bits, axis=1, bitorder="little")
    if not packed.shape[1]:
        return np.zeros(len(packed), np.int64), ["0x0"] if len(packed) else []
    keys = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
    distinct, which = np.unique(keys, return_inverse=True)
    return which.ravel(), [hex(int.from_bytes(key.tobytes(), "little")) for key in distinct]

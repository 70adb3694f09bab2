"""Results as Qiskit's `Result` objects."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from qiskit.result import Result

from ._qiskit import experiment_header, result_header
from .times import local_time

if TYPE_CHECKING:
    from qiskit.result.models import ExperimentResult

    from ..circuits.qpy import CircuitShape
    from ..jobset.results import CircuitResult
    from ..manifest.records import CircuitRecord, SetRecord
    from ..service.outcomes import PubResult

__all__ = [
    "client_version_of",
    "experiment_result",
    "header_of",
    "missing_result",
    "qiskit_result",
]

_VERSION = "1.0.0"  # of the form of these objects


class _DatedResult(Result):  # type: ignore[misc]
    """A result whose date is a datetime, as in older programs, and a text in `to_dict`.

    JSON could not write what Qiskit's own `to_dict` returns. Its pickle is that of a plain
    `Result`, which can be loaded without this package.
    """

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        values: dict[str, Any] = super().to_dict()
        return {**values, "date": None if self.date is None else self.date.isoformat()}

    def __copy__(self) -> Self:
        return self._like(self.__dict__)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._like(copy.deepcopy(self.__dict__, memo))

    def __reduce__(self) -> tuple[object, ...]:
        return object.__new__, (Result,), dict(self.__dict__)

    def _like(self, attributes: Mapping[str, Any]) -> Self:
        other = object.__new__(type(self))
        other.__dict__.update(attributes)
        return other


def qiskit_result(
    *,
    backend_name: str,
    job_id: str,
    experiments: Iterable[ExperimentResult],
    date: str | None = None,
    record: SetRecord | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Result:
    """Return the experiments as one `Result`, a success when all of them are.

    `date` is in ISO 8601, and a local datetime in the result. The header and the versions of the
    client are those that the set's `record` has.
    """
    listed = list(experiments)
    success = all(experiment.success for experiment in listed)
    return _DatedResult(
        backend_name=backend_name,
        backend_version=_VERSION,
        qobj_id=job_id,  # in Qiskit 2 one of the attributes that anyone may add
        job_id=job_id,
        success=success,
        results=listed,
        date=local_time(date),
        status="COMPLETED" if success else "PARTIAL COMPLETED",
        header=result_header({} if record is None else header_of(record)),
        client_version={} if record is None else dict(client_version_of(record)),
        metadata=dict(metadata or {}),
    )


def header_of(record: SetRecord) -> Mapping[str, Any]:
    """Return the header that was given with a set; empty where there was none."""
    return _mapping(record.run_config.get("header"))


def client_version_of(record: SetRecord) -> Mapping[str, str]:
    """Return the versions of the packages that planned a set, by name; empty where unknown."""
    return _mapping(record.run_config.get("client_version"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def experiment_result(
    result: CircuitResult, shape: CircuitShape | None = None, *, with_memory: bool = True
) -> ExperimentResult:
    """Return the outcomes of one circuit: counts by hexadecimal number, and each shot in order.

    Measurements that were not classified into bits have no counts, and complex numbers as memory.
    `shape` is that of the circuit, for the header.
    """
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    if result.outcomes.levels:
        return _measured(result, shape)
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
        header=_header(result.name, result.metadata, _sizes(result), shape),
        meas_level=2,
        meas_return="single",
    )


def missing_result(
    circuit: CircuitRecord, why: str, shape: CircuitShape | None = None
) -> ExperimentResult:
    """Return a failed experiment for a circuit without results: no data, `why` as its status."""
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    sizes = () if shape is None else shape.cregs
    return ExperimentResult(
        shots=circuit.shots,
        success=False,
        status=why,
        data=ExperimentResultData(),
        header=_header(circuit.name, circuit.metadata, sizes, shape),
    )


def _measured(result: CircuitResult, shape: CircuitShape | None) -> ExperimentResult:
    """Return unclassified measurements: complex numbers as pairs, of shape ([shots,] values, 2)."""
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    levels = np.concatenate(list(result.outcomes.levels.values()), axis=-1)
    averaged = levels.ndim == 1
    return ExperimentResult(
        shots=result.shots,
        success=True,
        status="DONE",
        data=ExperimentResultData(memory=np.stack([levels.real, levels.imag], axis=-1).tolist()),
        header=_header(result.name, result.metadata, _sizes(result), shape),
        meas_level=1,
        meas_return="avg" if averaged else "single",
    )


def _sizes(result: CircuitResult) -> list[tuple[str, int]]:
    return [(name, bits.num_bits) for name, bits in result.outcomes.registers.items()]


def _header(
    name: str,
    metadata: Mapping[str, object],
    cregs: Sequence[tuple[str, int]],
    shape: CircuitShape | None,
) -> Any:
    """Return the header of an experiment, with which Qiskit writes outcomes by register."""
    header: dict[str, Any] = {
        "name": name,
        "metadata": dict(metadata),
        "creg_sizes": [list(register) for register in cregs],
        "memory_slots": sum(size for _, size in cregs),
        "clbit_labels": _labels(cregs),
    }
    if shape is not None:
        header["n_qubits"] = shape.num_qubits
        header["qreg_sizes"] = [list(register) for register in shape.qregs]
        header["qubit_labels"] = _labels(shape.qregs)
    return experiment_header(header)


def _labels(registers: Sequence[tuple[str, int]]) -> list[list[str | int]]:
    return [[name, number] for name, size in registers for number in range(size)]


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

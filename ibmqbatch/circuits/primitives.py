"""Results as the primitives of Qiskit 2 give them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import MissingPackage
from ._qiskit import import_qiskit, is_terra

if TYPE_CHECKING:
    import numpy as np
    from qiskit.primitives import PrimitiveResult

__all__ = ["primitive_result"]

Bits = tuple["np.ndarray[Any, Any]", int]


def primitive_result(
    circuits: Iterable[tuple[Mapping[str, Bits], Mapping[str, np.ndarray[Any, Any]], object]],
) -> PrimitiveResult[Any]:
    """Return circuits' outcomes as a `PrimitiveResult`, a `SamplerPubResult` for each.

    Each circuit is its registers by name, its measurements that were not classified, by register,
    and its metadata. A register is its rows, bytes of shape (shots, bytes) whose numbers are
    big-endian, and how many bits it has. Raises MissingPackage where Qiskit 2 is not installed.
    """
    import_qiskit()
    if is_terra():
        raise MissingPackage(
            "Terra 0.46 has no PrimitiveResult.",
            "Install Qiskit 2, or take counts and arrays as they are.",
        )
    from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult

    return PrimitiveResult(
        [
            SamplerPubResult(
                DataBin(
                    **{name: BitArray(rows, bits) for name, (rows, bits) in registers.items()},
                    **levels,
                ),
                metadata={"circuit_metadata": metadata},
            )
            for registers, levels, metadata in circuits
        ]
    )

"""Which Qiskit runs the tests, and what only one of the two can do.

Every test that is marked here stands in the table of CONTRIBUTING.md, with the reason.
"""

from __future__ import annotations

import importlib.util
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

__all__ = [
    "FAKES",
    "RUNTIME",
    "TERRA",
    "VERSION",
    "conditional",
    "fake_backend",
    "models",
    "needs_qiskit2",
    "needs_terra",
]


def _version(package: str) -> tuple[int, ...]:
    return tuple(int(part) for part in metadata.version(package).split(".")[:2])


VERSION = _version("qiskit")
TERRA = VERSION < (1, 0)
# The version of qiskit-ibm-runtime, whose snapshots of devices are rehearsed.
RUNTIME = () if TERRA else _version("qiskit-ibm-runtime")

_FAKES = "qiskit/providers/fake_provider" if TERRA else "qiskit_ibm_runtime/fake_provider"
_package, _, _inside = _FAKES.partition("/")
_spec = importlib.util.find_spec(_package)
assert _spec is not None
# The descriptions of devices that come with this Qiskit, a folder a device.
FAKES = Path(next(iter(_spec.submodule_search_locations or ()))) / _inside / "backends"


def needs_terra(reason: str) -> pytest.MarkDecorator:
    """Leave a test to Qiskit Terra 0.46; `reason` is what Qiskit 2 lacks."""
    return pytest.mark.skipif(not TERRA, reason=reason)


def needs_qiskit2(reason: str) -> pytest.MarkDecorator:
    """Leave a test to Qiskit 2; `reason` is what Terra lacks."""
    return pytest.mark.skipif(TERRA, reason=reason)


def fake_backend(name: str) -> Any:
    """Return one of Qiskit's own fakes of devices, by the name of its class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Terra's announce their own end
        module = importlib.import_module(_FAKES.replace("/", "."))
        return getattr(module, name)()


def models() -> Any:
    """Return the module of IBM's own classes of configurations and properties."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of both, about themselves and each other
        return importlib.import_module(
            "qiskit.providers.models" if TERRA else "qiskit_ibm_runtime.models"
        )


def conditional(circuit: Any, gate: str, *arguments: Any, on: tuple[Any, int]) -> None:
    """Append a gate that is to be done where a bit or register has a value."""
    if TERRA:
        getattr(circuit, gate)(*arguments).c_if(*on)
        return
    with circuit.if_test(on):
        getattr(circuit, gate)(*arguments)

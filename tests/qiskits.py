"""The Qiskit that the tests run with, and marks for what one of them alone can hold.

CONTRIBUTING lists every use of a mark, with its reason.
"""

from __future__ import annotations

import warnings
from importlib import metadata
from typing import Any

import pytest

__all__ = ["QISKIT_2", "models", "needs_qiskit2", "needs_terra"]


def _is_qiskit_2() -> bool:
    try:
        return int(metadata.version("qiskit").partition(".")[0]) >= 1
    except metadata.PackageNotFoundError:
        return False


QISKIT_2 = _is_qiskit_2()


def needs_terra(reason: str) -> pytest.MarkDecorator:
    """Skip with Qiskit 2, which cannot do what the test is about."""
    return pytest.mark.skipif(QISKIT_2, reason=f"needs Terra: {reason}")


def needs_qiskit2(reason: str) -> pytest.MarkDecorator:
    """Skip with Terra, which cannot do what the test is about."""
    return pytest.mark.skipif(not QISKIT_2, reason=f"needs Qiskit 2: {reason}")


def models() -> Any:
    """Return the module of IBM's own classes of configurations and properties."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of both, about themselves and each other
        if QISKIT_2:
            from qiskit_ibm_runtime import models as module
        else:
            from qiskit.providers import models as module
    return module

"""Importing Qiskit without its warning about itself."""

from __future__ import annotations

import functools
import warnings

__all__ = ["import_qiskit"]


@functools.cache
def import_qiskit() -> None:
    """Import Qiskit; to be called before any part of it is imported.

    Terra 0.46 announces its own end at each import, and its part for QPY that of another. It takes
    a second, and not every program needs it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import qiskit
        import qiskit.qpy  # noqa: F401

"""Importing, before it forks, what commands and programs import, so that none of them has to."""

from __future__ import annotations

import gc
import importlib
import pkgutil

__all__ = ["warm"]


def warm() -> None:
    """Import all that the tool may, its embedded service aside."""
    import ibmqbatch
    from ibmqbatch.circuits._qiskit import import_qiskit

    import_qiskit()
    for name in ("httpx", "rich.live", "qiskit.qasm2", "qiskit.qpy"):
        importlib.import_module(name)
    for module in pkgutil.walk_packages(ibmqbatch.__path__, "ibmqbatch."):
        if not module.name.endswith("__main__") and ".local" not in module.name:
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()

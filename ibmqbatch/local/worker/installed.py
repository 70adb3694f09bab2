"""The Qiskit and the Aer of this interpreter, which may be missing, or not fit together."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib import metadata

from .errors import JobError, first_line
from .simulation import warm_up

__all__ = ["load_qiskit"]

_PACKAGES = {"qiskit": "Qiskit", "qiskit_aer": "Qiskit Aer"}
_INSTALL = f"Install it: {sys.executable} -m pip install 'ibmqbatch[qiskit]'"


def load_qiskit() -> str:
    """Import Qiskit and Aer, ready to simulate, and return Qiskit's version.

    Raises JobError (9999) with what is missing, or does not fit together, and what mends it.
    """
    importlib.invalidate_caches()
    for package, name in _PACKAGES.items():
        if package not in sys.modules and importlib.util.find_spec(package) is None:
            raise JobError(
                9999, f"{sys.executable}, which is to run the circuits, has no {name}.", _INSTALL
            )
    try:
        import qiskit

        version = str(qiskit.__version__)
        warm_up()
    except Exception as error:
        raise JobError(
            9999,
            f"{sys.executable}, which is to run the circuits, cannot load what is installed there "
            f"({_installed()}): {first_line(error)}.",
            f"Install it anew: {sys.executable} -m pip uninstall -y qiskit qiskit-terra qiskit-aer "
            f"&& {sys.executable} -m pip install 'ibmqbatch[qiskit]'",
        ) from error
    return version


def _installed() -> str:
    found = []
    for package in ("qiskit", "qiskit-terra", "qiskit-aer"):
        try:
            found.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    return ", ".join(found)

"""What is known of a backend: asked for when it is needed, and then kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..circuits.compile import build_target, simulator_target
from ..clock import Clock
from ..jobset.device import device_of
from ..jobset.job_set import connected
from ..service.models import Backend
from .exceptions import IBMQBackendError, translated

if TYPE_CHECKING:
    from qiskit.transpiler import Target

__all__ = ["BackendFacts"]


class BackendFacts:
    """One backend of one account; `told` and `configuration` are what is known of it already."""

    def __init__(
        self,
        account_name: str,
        name: str,
        told: Backend | None = None,
        configuration: Mapping[str, Any] | None = None,
    ) -> None:
        self._account_name = account_name
        self._name = name
        self._calibrated = told
        self._plain = told
        if told is None and configuration is not None:
            self._plain = Backend.from_wire(configuration)
        self._target: Target | None = None

    def __getstate__(self) -> dict[str, object]:
        # What is Qiskit's own could be read by the same Qiskit only; it is made anew when needed.
        return {**self.__dict__, "_target": None}

    @property
    def known(self) -> bool:
        """Whether what the backend is has been told already."""
        return self._plain is not None

    def backend(self) -> Backend:
        """Return what the backend is, perhaps without its calibration."""
        if self._plain is None:
            with translated(IBMQBackendError), connected(self._account_name, Clock()) as client:
                self._plain = Backend.from_wire(client.configuration(self._name))
        return self._plain

    def calibrated(self) -> Backend:
        """Return what the backend is, with its calibration."""
        if self._calibrated is None:
            with translated(IBMQBackendError), connected(self._account_name, Clock()) as client:
                self._plain = self._calibrated = client.backend(self._name)
        return self._calibrated

    def target(self) -> Target:
        """Return what Qiskit compiles for: qubit i is the device's own."""
        if self._target is None:
            device = device_of(self.calibrated())
            self._target = (
                build_target(replace(device, region=tuple(range(device.num_qubits))))
                if device.instructions
                else simulator_target(device)
            )
        return self._target

    def forget(self) -> None:
        """Have everything asked for anew."""
        self._plain = self._calibrated = self._target = None

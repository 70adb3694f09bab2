"""The defaults of pulses that backends had: each says what came instead."""

from __future__ import annotations

from typing import Any

__all__ = ["NoPulseDefaults"]

_RETIRED = "IBM retired pulses in 2025"
_INSTEAD = {
    "qubit_freq_est": "backend.properties().frequency(qubit) has the calibrated one, in Hz",
    "meas_freq_est": "frequencies of readout are not told any more",
    "instruction_schedule_map": "backend.target has the durations and errors of all gates",
}


class NoPulseDefaults:
    """Stands for the defaults of pulses. It is false, as the None that programs looked for."""

    def __bool__(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        # Only what is no attribute comes here.
        if name.startswith("__"):  # what Python tries
            raise AttributeError(name)
        instead = _INSTEAD.get(name, "backend.configuration() and properties() have what is told")
        raise AttributeError(f"A backend has no '{name}' any more: {_RETIRED}; {instead}.")

    def __repr__(self) -> str:
        return f"<no pulse defaults: {_RETIRED}>"

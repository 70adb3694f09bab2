"""The classes of the old job manager, on the engine of job sets.

They are made of Qiskit's own classes, which are imported here, before any module of this room is:
Qiskit's warning about itself would else come from each of them.
"""

from __future__ import annotations

from ..circuits._qiskit import import_qiskit

import_qiskit()

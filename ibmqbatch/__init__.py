"""Batch circuit submission to IBM Quantum: thousands of circuits, one job set, nothing lost."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"

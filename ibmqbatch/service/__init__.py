"""The HTTP client of IBM's Qiskit Runtime REST API. Knows no job sets."""

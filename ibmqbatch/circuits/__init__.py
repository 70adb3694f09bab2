"""Reading circuits from files, compiling them to a backend, and encoding them for the wire.

This room imports Qiskit, and is itself imported only inside the functions that plan.
"""

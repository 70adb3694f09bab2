"""Classical expressions, as far as Aer evaluates them rightly."""

from __future__ import annotations

from typing import Any

from .errors import JobError

__all__ = ["translated"]

_OPERATIONS = {
    "BIT_AND",
    "BIT_NOT",
    "BIT_OR",
    "BIT_XOR",
    "EQUAL",
    "GREATER",
    "GREATER_EQUAL",
    "LESS",
    "LESS_EQUAL",
    "LOGIC_AND",
    "LOGIC_NOT",
    "LOGIC_OR",
    "NOT_EQUAL",
}
_WIDEST = 32  # bits of a number; Aer cuts off what is beyond


def translated(node: Any, bits: dict[Any, Any], where: str) -> Any:
    """Return an expression on other bits, as `bits` say, and such that Aer evaluates it rightly.

    A number as a truth is written as a comparison: Aer takes every number for true. Raises JobError
    (7001), naming `where` the expression stands, for what Aer does not know, or gets wrong.
    """
    from qiskit.circuit import Clbit
    from qiskit.circuit.classical import expr

    kind = type(node).__name__
    _check_type(node.type, where)
    if kind == "Value":
        return node
    if kind == "Var":
        if isinstance(node.var, Clbit):
            return expr.Var(bits.get(node.var, node.var), node.type)
        if not hasattr(node.var, "size"):
            raise _unknown(where, f"the variable '{node.name}'")
        return node
    if kind == "Cast":
        operand = translated(node.operand, bits, where)
        if type(node.type).__name__ == "Bool" and type(operand.type).__name__ == "Uint":
            return expr.not_equal(operand, 0)
        return expr.Cast(operand, node.type)
    if kind not in {"Unary", "Binary"} or node.op.name not in _OPERATIONS:
        raise _unknown(where, node.op.name if hasattr(node, "op") else kind.lower())
    if kind == "Unary":
        return expr.Unary(node.op, translated(node.operand, bits, where), node.type)
    left, right = (translated(side, bits, where) for side in (node.left, node.right))
    return expr.Binary(node.op, left, right, node.type)


def _check_type(found: Any, where: str) -> None:
    kind = type(found).__name__
    if kind == "Uint" and found.width > _WIDEST:
        raise _unknown(where, f"numbers of {found.width} bits, more than {_WIDEST},")
    if kind not in {"Bool", "Uint"}:
        raise _unknown(where, f"values of the type {kind}")


def _unknown(where: str, what: str) -> JobError:
    return JobError(
        7001,
        f"the simulator cannot evaluate {what} in the condition of '{where}'.",
        "Measure into a register and compare that, or run it on a device.",
    )

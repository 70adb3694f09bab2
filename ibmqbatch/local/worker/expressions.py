"""Classical expressions, as far as Aer evaluates them rightly."""

from __future__ import annotations

import functools
from typing import Any

from .errors import JobError

__all__ = ["Bits", "holds", "translated"]

Bits = dict[Any, Any]  # what stands for bits of a block, and for variables, in the whole circuit

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


def holds(condition: Any, bits: Bits, where: str) -> Any:
    """Return whether a condition holds, as an expression on other bits, as `bits` say.

    A condition is an expression, or a bit, a register or an expression with the number that it is
    to equal. None stands for one that never holds. Raises JobError as `translated` does.
    """
    from qiskit.circuit import Clbit
    from qiskit.circuit.classical import expr

    if not isinstance(condition, tuple):
        return translated(condition, bits, where)
    target, value = condition
    target = getattr(target, "var", target)  # one that is an expression for itself alone
    if isinstance(target, Clbit):
        return _is(bits.get(target, target), value) if value in (0, 1) else None
    if isinstance(target, expr.Expr):
        return _equals(translated(target, bits, where), value)
    if target is not None and hasattr(target, "size"):
        # Bit by bit, because of a wider number Aer cuts something off.
        if not 0 <= value < 2**target.size:
            return None
        found = [_is(bits.get(bit, bit), value >> n & 1) for n, bit in enumerate(target)]
        return functools.reduce(expr.logic_and, found)
    return _equals(translated(condition[0], bits, where), value)


def _is(bit: Any, value: int) -> Any:
    from qiskit.circuit.classical import expr

    return expr.lift(bit) if value else expr.logic_not(expr.lift(bit))


def _equals(found: Any, value: int) -> Any:
    from qiskit.circuit.classical import expr

    width = getattr(found.type, "width", 1)
    if not 0 <= value < 2**width:
        return None
    if hasattr(found.type, "width"):
        return expr.equal(found, expr.Value(int(value), found.type))
    return found if value else expr.logic_not(found)


def translated(node: Any, bits: Bits, where: str) -> Any:
    """Return an expression on other bits, as `bits` say, and such that Aer evaluates it rightly.

    A number as a truth is written as a comparison: Aer takes every number for true. Raises JobError
    (7001), naming `where` the expression stands, for what Aer does not know, or gets wrong.
    """
    from qiskit.circuit import ClassicalRegister
    from qiskit.circuit.classical import expr

    kind = type(node).__name__
    _check_type(node.type, where)
    if kind == "Value":
        return node
    if kind == "Var":
        if node.var in bits:
            return expr.Var(bits[node.var], node.type)
        if not hasattr(node.var, "size"):
            raise _unknown(where, f"the variable '{node.name}'")
        own = [bits.get(bit, bit) for bit in node.var]
        return node if own == [*node.var] else expr.Var(ClassicalRegister(bits=own), node.type)
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
        f"the simulator cannot evaluate {what} in {where}.",
        "Measure into a register and compare that, or run it on a device.",
    )

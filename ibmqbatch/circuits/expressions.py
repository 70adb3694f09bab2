"""Formulas in QPY files, read without running what they may say.

Up to Qiskit 1.4.1 a formula of parameters is stored as text that reading it evaluates as Python
(CVE-2025-2000). Here it may be made of numbers, symbols and functions of them, and of nothing else.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

from ._qiskit import is_terra

__all__ = ["UnsafeFormula", "only_formulas"]

_NUMBERS = {"Float", "Integer", "Rational", "Symbol"}  # these take texts, which they do not run
_FUNCTIONS = {
    *("Abs", "Add", "Mul", "Pow", "conjugate", "exp", "log", "sign", "sqrt"),
    *("sin", "cos", "tan", "asin", "acos", "atan"),
}
_CONSTANTS = {"E", "I", "nan", "oo", "pi", "zoo"}
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow, ast.UAdd, ast.USub)

_guarded: ContextVar[bool] = ContextVar("guarded", default=False)


class UnsafeFormula(Exception):
    """A formula that is none."""


@contextlib.contextmanager
def only_formulas() -> Iterator[None]:
    """Refuse formulas that say anything else, while the block reads QPY in this thread.

    That raises UnsafeFormula, which the reader may pack into an error of its own.
    """
    _install()
    token = _guarded.set(True)
    try:
        yield
    finally:
        _guarded.reset(token)


@functools.cache
def _install() -> None:
    """Guard Qiskit's readers of formulas, which few files need.

    Qiskit 2 evaluates no text any more, and reads symengine's form alone by other means.
    """
    if not is_terra():
        from qiskit.qpy import common

        common.load_symengine_payload = _refuse_symengine(common.load_symengine_payload)
        return
    from qiskit.qpy.binary_io import schedules, value

    for module, name in (
        (value, "_read_parameter_expression"),
        (value, "_read_parameter_expression_v3"),
        (schedules, "_loads_symbolic_expr"),
    ):
        setattr(module, name, _prepared(getattr(module, name)))


def _refuse_symengine(reader: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    @functools.wraps(reader)
    def refusing(payload: bytes) -> Any:
        if _guarded.get():
            raise _symengine()
        return reader(payload)

    return refusing


def _symengine() -> UnsafeFormula:
    # A form of its own, which may hold pickles. Terra writes it on request only.
    return UnsafeFormula("it is in symengine's own form")


def _prepared(reader: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(reader)

    @functools.wraps(reader)
    def prepared(*args: Any, **kwargs: Any) -> Any:
        _guard_evaluation()
        bound = signature.bind(*args, **kwargs).arguments
        if _guarded.get() and bound.get("use_symengine") and bound.get("expr_bytes") != b"":
            raise _symengine()
        return reader(*args, **kwargs)

    return prepared


@functools.cache
def _guard_evaluation() -> None:
    """Stand before what the readers evaluate with, which they look up each time.

    Only now: it takes half a second to import.
    """
    import sympy
    from sympy.parsing import sympy_parser

    parse = sympy_parser.parse_expr

    @functools.wraps(parse)
    def checked(text: Any, *args: Any, **kwargs: Any) -> Any:
        if _guarded.get():
            _check(text)
        return parse(text, *args, **kwargs)

    sympy.parse_expr = sympy_parser.parse_expr = checked


def _check(text: str) -> None:
    """Raise UnsafeFormula unless a text is a formula and nothing else."""
    try:
        _check_node(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise UnsafeFormula("it is no formula") from error


def _check_node(node: ast.AST) -> None:
    match node:
        case ast.Constant(value=bool() | int() | float() | complex()):
            return
        case ast.Name(id=name) if name in _CONSTANTS:
            return
        case ast.Call(func=ast.Name(id=name)) if name in _NUMBERS:
            for inner in (*node.args, *(keyword.value for keyword in node.keywords)):
                if not (isinstance(inner, ast.Constant) and isinstance(inner.value, str)):
                    _check_node(inner)
        case ast.Call(func=ast.Name(id=name), keywords=[]) if name in _FUNCTIONS:
            for inner in node.args:
                _check_node(inner)
        case ast.UnaryOp(op=op, operand=inner) if isinstance(op, _OPERATORS):
            _check_node(inner)
        case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
            _check_node(left)
            _check_node(right)
        case _:
            raise UnsafeFormula("it holds more than numbers, symbols and functions of them")

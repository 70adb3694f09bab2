"""Small programs whose one outcome is told by hand: the shapes that control flow can have."""

from __future__ import annotations

from typing import Any

__all__ = ["SHAPES"]

_FLIP, _READ = ("x", (0,)), ("measure", 0, 0)
_AFTER = (("x", (1,)), ("measure", 1, 1))
# Two qubits and two bits; after `_FLIP` and `_READ` the register is 1.
SHAPES: dict[str, tuple[Any, ...]] = {
    "if without a body": (_FLIP, _READ, ("if", ("bit", 0, 1), (), ()), *_AFTER),
    "if of a register without a body": (_FLIP, _READ, ("if", ("register", 1), (), ()), *_AFTER),
    "else alone, not taken": (_FLIP, _READ, ("if", ("bit", 0, 1), (), _AFTER)),
    "else alone, taken": (_FLIP, _READ, ("if", ("bit", 0, 0), (), _AFTER)),
    "for without a body": (_FLIP, _READ, ("for", 2, ()), *_AFTER),
    "for of no rounds": (_FLIP, _READ, ("for", 0, (_FLIP, _READ)), *_AFTER),
    "while without a body, never": (_FLIP, _READ, ("while", ("bit", 0, 0), ()), *_AFTER),
    "while": (_FLIP, _READ, ("while", ("bit", 0, 1), (_FLIP, _READ)), *_AFTER),
    "switch without bodies": (_FLIP, _READ, ("switch", None, {1: ()}, ()), *_AFTER),
    "switch with one body": (_FLIP, _READ, ("switch", None, {1: (), 2: (_FLIP,)}, ()), *_AFTER),
    "switch with a default alone": (_FLIP, _READ, ("switch", None, {}, _AFTER)),
    "break": (("for", 2, (_FLIP, ("break",), _FLIP)), _READ, *_AFTER),
    "loop of a break alone": (_FLIP, _READ, ("for", 2, (("break",),)), *_AFTER),
    "continue": (("for", 3, (_FLIP, ("continue",), ("x", (1,)))), _READ, ("measure", 1, 1)),
    "measurement that is not made": (_FLIP, ("when", ("bit", 1, 1), _READ), *_AFTER),
    "measurement that is made": (_FLIP, ("when", ("register", 0), _READ), *_AFTER),
    "reset that is not made": (_FLIP, ("when", ("bit", 1, 1), ("reset", 0)), _READ),
    "reset that is made": (_FLIP, ("when", ("bit", 1, 0), ("reset", 0)), _READ),
    "nested switches": (
        _FLIP,
        _READ,
        ("switch", None, {1: (("switch", 0, {0: (), 1: _AFTER}, ()),)}, _AFTER),
    ),
    "jumps behind a jump, beside another case": (
        ("x", (1,)),
        ("switch", 0, {0: (("while", ("bit", 0, 0), (("break",), ("break",))),), 1: ()}, ()),
        ("reset", 1),
        ("measure", 1, 1),
    ),
    "break out of a switch": (("for", 3, (*_AFTER, ("switch", 1, {1: (("break",),)}, ()))),),
    "continue out of a switch": (
        ("for", 3, (_FLIP, ("switch", None, {}, (("continue",),)), *_AFTER)),
        _READ,
    ),
    "break out of the inner loop alone": (
        ("for", 3, (("for", 5, (_FLIP, ("break",))), ("x", (1,)))),
        _READ,
        ("measure", 1, 1),
    ),
    "jumps on no qubits": (_FLIP, _READ, ("while", ("bit", 0, 1), (("break",),)), *_AFTER),
    "break of a loop with a variable": (
        ("for", 3, (("turn", 0), _READ, ("if", ("bit", 0, 1), (("break",),), ()), ("x", (1,)))),
        ("measure", 1, 1),
    ),
    "nothing inside of a branch": (
        _FLIP,
        _READ,
        ("if", ("bit", 0, 1), (("if", ("bit", 1, 0), (), ()), *_AFTER), ()),
    ),
}

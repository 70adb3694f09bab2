"""Control flow and classical expressions, lowered to what the simulator runs.

Aer would lower control flow by itself, to jumps and marks on the bits of a block, and then sort
operations by the bits that they share: those on other bits move into and out of blocks, and past
jumps. Up to Aer 0.18 that loses operations, or never ends. Here every jump and mark is on all bits,
so that nothing moves past it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from .errors import JobError
from .traversal import FAST_VARIANTS, has_blocks, walk

__all__ = [
    "Bits",
    "condition_expression",
    "is_straight_line",
    "lower_control_flow",
    "lower_expression",
]

_MOST = 200_000  # operations and rounds of the unrolled loops of a circuit

_Labels = tuple[str, str]  # where `continue` and `break` lead


def is_straight_line(circuit: Any) -> bool:
    """Return whether a circuit has no control flow, and no operations that need lowering."""
    from qiskit.circuit import Instruction

    names = circuit.count_ops()
    if has_blocks(circuit) or not names.keys().isdisjoint({"store", *FAST_VARIANTS}):
        return False
    if "delay" not in names and not hasattr(Instruction, "condition"):
        return True  # Qiskit 2 has no conditions on gates
    return not any(
        getattr(operation, "condition", None) is not None or _is_stretched(operation)
        for operation in walk(circuit)
    )


def _is_stretched(operation: Any) -> bool:
    return bool(operation.name == "delay" and operation.unit == "expr")


def lower_control_flow(circuit: Any, active: list[int]) -> Any:
    """Return the circuit without blocks, on its active qubits, with its classical registers.

    Boxes are replaced by their contents, classical variables by bits outside of registers.
    Barriers, final delays and delays of a length that scheduling decides are omitted: they change
    no result. So are labels of gates, which Aer takes for the names of other gates, without noise.
    Raises JobError (7001) for what Aer does not evaluate, and for loops of too many operations.
    """
    return _Writer(circuit, active).written()


class _Writer:
    """Writes the operations of a circuit and of its blocks as one sequence."""

    def __init__(self, circuit: Any, active: list[int]) -> None:
        self._source = circuit
        self._qubits = [circuit.qubits[index] for index in active]
        self._bits: Bits = {bit: bit for bit in circuit.clbits}
        self._hidden: list[Any] = []
        for block in _blocks(circuit):
            self._keep_variables(block)
        self._clbits = [*circuit.clbits, *self._hidden]
        self._found: list[tuple[Any, list[Any], list[Any], bool]] = []
        self._labels = 0
        self._loops = 0  # around the current operation
        self._amount = 0  # of their operations and rounds

    def written(self) -> Any:
        """Return the lowered circuit."""
        from qiskit.circuit import CircuitInstruction

        source = self._source
        qubits = {qubit: qubit for qubit in self._qubits}
        self._write(source, qubits, self._bits, None, outermost=True)
        if any(operation.name in {"jump", "aer_store"} for operation, *_ in self._found):
            self._claim_bits()
        straight = source.__class__(global_phase=source.global_phase, metadata=source.metadata)
        straight.add_bits(self._qubits)
        straight.add_bits(source.clbits)
        for register in source.cregs:
            straight.add_register(register)
        straight.add_bits(self._hidden)
        for operation, on, clbits in self._without_last_delays():
            # Qiskit's `append` rejects bits outside of registers.
            straight._append(CircuitInstruction(operation, on, clbits))  # noqa: SLF001
        return straight

    def _keep_variables(self, block: Any) -> None:
        """Allocate bits for every variable that a circuit or a block declares."""
        from qiskit.circuit import ClassicalRegister, Clbit

        for variable in getattr(block, "iter_declared_vars", tuple)():
            width = getattr(variable.type, "width", 1)
            bits = [Clbit() for _ in range(width)]
            numeric = hasattr(variable.type, "width")
            self._bits[variable.var] = ClassicalRegister(bits=bits) if numeric else bits[0]
            self._hidden += bits

    def _claim_bits(self) -> None:
        """Have Aer keep all bits, as a condition may be on any.

        It keeps those up to the last one that is measured into: hence a measurement that is jumped.
        """
        from qiskit.circuit import Measure

        behind = self._label()
        self._jump(behind)
        self._add(Measure(), self._qubits[:1], self._clbits[-1:])
        self._mark(behind)

    def _without_last_delays(self) -> Iterator[tuple[Any, list[Any], list[Any]]]:
        last = {
            qubit: position
            for position, (operation, on, _, _) in enumerate(self._found)
            if operation.name not in {"delay", "jump", "mark", "aer_store"}
            for qubit in on
        }
        for position, (operation, on, clbits, outermost) in enumerate(self._found):
            if not (operation.name == "delay" and outermost and last.get(on[0], -1) < position):
                yield operation, on, clbits

    def _write(
        self, block: Any, qubits: Bits, bits: Bits, loop: _Labels | None, *, outermost: bool = False
    ) -> None:
        """Write a block on these qubits and bits of the circuit, inside of a loop or not."""
        for item in block.data:
            operation = item.operation
            name = operation.name
            inside = getattr(operation, "blocks", ())
            condition = None if inside else getattr(operation, "condition", None)
            unless = "" if condition is None else self._label()
            if unless:
                self._jump_unless(condition, bits, name, unless)
            if inside:
                scopes = [_Scope(body, item, qubits, bits) for body in inside]
                _STATEMENTS[name](self, operation, scopes, bits, loop)
            elif name in _JUMPS:
                assert loop is not None, "Qiskit has jumps in loops only"
                self._jump(loop[_JUMPS[name]])
                if not unless:
                    return  # the rest is unreachable
            elif name == "store":
                self._store(operation, bits)
            elif on := [qubits[qubit] for qubit in item.qubits if qubit in qubits]:
                self._plain(operation, on, [bits[bit] for bit in item.clbits], outermost=outermost)
            if unless:
                self._mark(unless)

    def _plain(
        self, operation: Any, qubits: list[Any], clbits: list[Any], *, outermost: bool
    ) -> None:
        if operation.name == "barrier" or _is_stretched(operation):
            return
        if operation.name in FAST_VARIANTS:
            operation = _standard_variant(operation.name)
        labelled = getattr(operation, "label", None) is not None
        if labelled or getattr(operation, "condition", None) is not None:
            operation = operation.to_mutable()
            operation.label = None
            if hasattr(operation, "condition"):
                operation.condition = None
        self._add(operation, qubits, clbits, outermost=outermost)

    def _store(self, operation: Any, bits: Bits) -> None:
        from qiskit.circuit import Store
        from qiskit_aer.library.control_flow_instructions import AerStore

        if type(operation.lvalue).__name__ != "Var":
            raise JobError(
                7001,
                "the simulator cannot store into a part of a value.",
                "Store into the whole of it, or run it on a device.",
            )
        place, value = (
            lower_expression(e, bits, "'store'") for e in (operation.lvalue, operation.rvalue)
        )
        store = AerStore(len(self._qubits), len(self._clbits), Store(place, value))
        self._add(store, self._qubits, self._clbits)

    def write_box(self, _: Any, scopes: list[_Scope], __: Bits, loop: _Labels | None) -> None:
        """Write the contents of a box."""
        self._write_scope(scopes[0], loop)

    def write_if(
        self, operation: Any, scopes: list[_Scope], bits: Bits, loop: _Labels | None
    ) -> None:
        """Write a conditional block, with an alternative or without."""
        otherwise, end = self._label(), self._label()
        self._jump_unless(operation.condition, bits, operation.name, otherwise)
        self._write_scope(scopes[0], loop)
        self._jump(end)
        self._mark(otherwise)
        for scope in scopes[1:]:
            self._write_scope(scope, loop)
        self._mark(end)

    def write_switch(
        self, operation: Any, scopes: list[_Scope], bits: Bits, loop: _Labels | None
    ) -> None:
        """Write a choice among blocks by a value, evaluated before any of them runs."""
        from qiskit.circuit import CASE_DEFAULT

        end = default = self._label()
        labels = [self._label() for _ in scopes]
        for label, (values, _) in zip(labels, operation.cases_specifier()):  # noqa: B905 - 3.9
            for value in values:
                if value is CASE_DEFAULT:
                    default = label
                else:
                    self._jump_if((operation.target, value), bits, operation.name, label)
        self._jump(default)
        for label, scope in zip(labels, scopes):  # noqa: B905
            self._mark(label)
            self._write_scope(scope, loop)
            self._jump(end)
        self._mark(end)

    def write_while(
        self, operation: Any, scopes: list[_Scope], bits: Bits, _: _Labels | None
    ) -> None:
        """Write a loop that runs while a condition holds."""
        start, end = self._label(), self._label()
        self._mark(start)
        self._jump_unless(operation.condition, bits, operation.name, end)
        self._write_scope(scopes[0], (start, end))
        self._jump(start)
        self._mark(end)

    def write_for(self, operation: Any, scopes: list[_Scope], _: Bits, __: _Labels | None) -> None:
        """Write a loop, unrolled."""
        values, variable, body = operation.params
        used = variable is not None and variable in body.parameters
        end = self._label()
        self._loops += 1
        for value in values:
            self._count()
            after = self._label()
            block = body.assign_parameters({variable: value}) if used else body
            self._write_scope(scopes[0].of(block), (after, end))
            self._mark(after)
        self._loops -= 1
        self._mark(end)

    def _write_scope(self, scope: _Scope, loop: _Labels | None) -> None:
        self._write(scope.block, scope.qubits, scope.bits, loop)

    def _jump_if(self, condition: Any, bits: Bits, where: str, label: str) -> None:
        found = condition_expression(condition, bits, f"the condition of '{where}'")
        if found is not None:
            self._jump(label, found)

    def _jump_unless(self, condition: Any, bits: Bits, where: str, label: str) -> None:
        from qiskit.circuit.classical import expr

        found = condition_expression(condition, bits, f"the condition of '{where}'")
        self._jump(label, None if found is None else expr.logic_not(found))

    def _jump(self, label: str, condition: Any = None) -> None:
        from qiskit_aer.library.control_flow_instructions import AerJump

        jump = AerJump(label, len(self._qubits), len(self._clbits))
        jump = jump if condition is None else jump.set_conditional(condition)
        self._add(jump, self._qubits, self._clbits)

    def _mark(self, label: str) -> None:
        from qiskit_aer.library.control_flow_instructions import AerMark

        mark = AerMark(label, len(self._qubits), len(self._clbits))
        self._add(mark, self._qubits, self._clbits)

    def _add(
        self, operation: Any, qubits: list[Any], clbits: list[Any], *, outermost: bool = False
    ) -> None:
        if self._loops:
            self._count()
        self._found.append((operation, qubits, clbits, outermost))

    def _label(self) -> str:
        self._labels += 1
        return f"place {self._labels}"

    def _count(self) -> None:
        self._amount += 1
        if self._amount > _MOST:
            raise JobError(
                7001,
                f"the rounds of 'for_loop' amount to more than {_MOST} operations, and the "
                "simulator writes them out.",
                "Have fewer rounds, or run it on a device.",
            )


class _Scope:
    """A block, and the mapping of its qubits and bits to the circuit's."""

    def __init__(self, block: Any, item: Any, qubits: Bits, bits: Bits) -> None:
        self.block = block
        pairs = zip(block.qubits, item.qubits)  # noqa: B905 - also runs on 3.9
        self.qubits = {inner: qubits[outer] for inner, outer in pairs if outer in qubits}
        inside = {inner: bits[outer] for inner, outer in zip(block.clbits, item.clbits)}  # noqa: B905
        self.bits = {**bits, **inside}

    def of(self, block: Any) -> _Scope:
        """Return another block in the same place."""
        other = object.__new__(_Scope)
        other.block, other.qubits, other.bits = block, self.qubits, self.bits
        return other


_JUMPS = {"continue_loop": 0, "break_loop": 1}
_STATEMENTS = {
    "box": _Writer.write_box,
    "for_loop": _Writer.write_for,
    "if_else": _Writer.write_if,
    "switch_case": _Writer.write_switch,
    "while_loop": _Writer.write_while,
}


def _blocks(circuit: Any) -> Iterator[Any]:
    yield circuit
    for operation in walk(circuit):
        yield from getattr(operation, "blocks", ())


def _standard_variant(name: str) -> Any:
    from qiskit.circuit import Measure, Reset

    return {"measure": Measure, "reset": Reset}[FAST_VARIANTS[name]]()


Bits = dict[Any, Any]  # of a block, and variables, to the bits and registers of the circuit

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
_WIDEST = 32  # bits of a number, which Aer truncates beyond


def condition_expression(condition: Any, bits: Bits, where: str) -> Any:
    """Return a condition as an expression on the bits that `bits` maps to; None if never true.

    A condition is an expression, or a bit, a register or an expression with the number that it must
    equal. Raises JobError as `lower_expression` does.
    """
    from qiskit.circuit import Clbit
    from qiskit.circuit.classical import expr

    if not isinstance(condition, tuple):
        return lower_expression(condition, bits, where)
    target, value = condition
    target = getattr(target, "var", target)  # an expression of a register or bit alone
    if isinstance(target, Clbit):
        return _is(bits.get(target, target), value) if value in (0, 1) else None
    if isinstance(target, expr.Expr):
        return _equals(lower_expression(target, bits, where), value)
    if target is not None and hasattr(target, "size"):
        # Bit by bit, because Aer truncates wide numbers.
        if not 0 <= value < 2**target.size:
            return None
        found = [_is(bits.get(bit, bit), value >> n & 1) for n, bit in enumerate(target)]
        return functools.reduce(expr.logic_and, found)
    return _equals(lower_expression(condition[0], bits, where), value)


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


def lower_expression(node: Any, bits: Bits, where: str) -> Any:
    """Return an expression on the bits that `bits` maps to, which Aer evaluates correctly.

    Casts of numbers to truth values become comparisons: to Aer every number is true. Raises
    JobError (7001), which names `where` the expression is, for what Aer does not know or gets
    wrong.
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
        operand = lower_expression(node.operand, bits, where)
        if type(node.type).__name__ == "Bool" and type(operand.type).__name__ == "Uint":
            return expr.not_equal(operand, 0)
        return expr.Cast(operand, node.type)
    if kind not in {"Unary", "Binary"} or node.op.name not in _OPERATIONS:
        raise _unknown(where, node.op.name if hasattr(node, "op") else kind.lower())
    if kind == "Unary":
        return expr.Unary(node.op, lower_expression(node.operand, bits, where), node.type)
    left, right = (lower_expression(side, bits, where) for side in (node.left, node.right))
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

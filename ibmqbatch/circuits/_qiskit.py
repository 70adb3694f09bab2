"""The Qiskit that is installed: Qiskit 2, or Terra 0.46. What differs between them stands here."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import MissingPackage
from .device import JUMPS, QUICKER

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

__all__ = [
    "blocks_of",
    "condition_of",
    "copy_variables",
    "free_parameters",
    "has_blocks",
    "import_importer",
    "import_qiskit",
    "installed_versions",
    "is_panic",
    "is_standard",
    "is_terra",
    "name_of",
    "names_in",
    "params_of",
    "patch_terra_compiler",
    "reorders_measurements",
    "with_condition",
]

_TERRA = (0, 46)
_WITH_BLOCKS = frozenset({"if_else", "for_loop", "while_loop", "switch_case", "box"})
_WITHOUT_MATRIX = JUMPS | QUICKER.keys()
_INSTALL = "pip install 'ibmqbatch[qiskit]'"
_MEND = f"pip uninstall -y qiskit qiskit-terra qiskit-aer && {_INSTALL}"


@functools.cache
def import_qiskit() -> None:
    """Import Qiskit; to be called before any part of it is imported.

    It takes a second, and not every program needs it. Raises MissingPackage where there is none
    that this tool works with.
    """
    _check_installation()
    with warnings.catch_warnings():
        # Terra announces its own end at each import, and its part for QPY that of another.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            import qiskit
            import qiskit.qpy  # noqa: F401
        except ImportError as error:
            raise MissingPackage(
                f"Qiskit is installed ({_listed(installed_versions())}) and cannot be imported: "
                f"{error}.",
                f"Install it anew: {_MEND}",
            ) from error


def import_importer() -> None:
    """Import what reads OpenQASM 3; raises MissingPackage where it is not installed."""
    import_qiskit()
    try:
        import qiskit_qasm3_import  # noqa: F401
    except ImportError as error:
        raise MissingPackage(
            "Reading OpenQASM 3 needs the package qiskit-qasm3-import, which is not installed.",
            "Install it with: pip install qiskit-qasm3-import",
        ) from error


def installed_versions() -> dict[str, str]:
    """Return the versions of the packages that Qiskit comes in, without importing it."""
    found = {}
    for name in ("qiskit", "qiskit-terra"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@functools.cache
def is_terra() -> bool:
    """Return whether the Qiskit that is installed is Terra 0.46."""
    import qiskit

    return _numbers(str(qiskit.__version__)) < (1,)


def is_panic(error: BaseException) -> bool:
    """Return whether this is a panic of Qiskit's part in Rust, which is no `Exception`."""
    return type(error).__name__ == "PanicException"


def reorders_measurements() -> bool:
    """Return whether the compiler may swap two last measurements into one bit.

    It does before Qiskit 2.6.
    """
    import qiskit

    return (2,) <= _numbers(str(qiskit.__version__)) < (2, 6)


def name_of(item: Any) -> str:
    """Return the name of an instruction of a circuit.

    Qiskit 2 makes an object of an operation when it is asked for one, and tells its name without.
    """
    try:
        name: str = item.name
    except AttributeError:  # Terra
        name = item.operation.name
    return name


def params_of(item: Any) -> Any:
    """Return the parameters of an instruction of a circuit, as cheaply as its name."""
    try:
        return item.params
    except AttributeError:  # Terra
        return item.operation.params


def blocks_of(item: Any) -> Any:
    """Return the blocks of an instruction of a circuit that holds some, and of others none."""
    return item.operation.blocks if name_of(item) in _WITH_BLOCKS else ()


def has_blocks(circuit: QuantumCircuit) -> bool:
    """Return whether any instruction of a circuit holds blocks, without a look at each of them."""
    return not _WITH_BLOCKS.isdisjoint(circuit.count_ops())


def names_in(circuit: QuantumCircuit) -> set[str]:
    """Return the names of a circuit's instructions, those of its blocks included."""
    names = set(circuit.count_ops())
    if not _WITH_BLOCKS.isdisjoint(names):
        for item in circuit.data:
            for block in blocks_of(item):
                names |= names_in(block)
    return names


def is_standard(item: Any) -> bool:
    """Return whether an instruction is a known gate of Qiskit's own, without making an object."""
    return hasattr(item, "is_standard_gate") and bool(item.is_standard_gate())


def condition_of(operation: Any) -> Any:
    """Return what `c_if` has set on an instruction; Qiskit 2 has `if_else` instead, and None."""
    return getattr(operation, "condition", None)


def with_condition(operation: Any, condition: Any) -> Any:
    """Return the instruction under a condition of another; None: as it is."""
    if condition is None or condition_of(operation) == condition:
        return operation
    return operation.to_mutable().c_if(*condition)


def free_parameters(circuit: QuantumCircuit) -> list[Any]:
    """Return the parameters that a circuit can be given values of, in their order.

    Terra and older releases of Qiskit 2 count the variables of its loops among them.
    """
    if not circuit.num_parameters:
        return []
    parameters = list(circuit.parameters)
    variables = set(_loop_variables(circuit))
    return [parameter for parameter in parameters if parameter not in variables]


def _loop_variables(circuit: QuantumCircuit) -> Iterator[Any]:
    for item in circuit.data:
        if name_of(item) == "for_loop":
            yield item.operation.params[1]
        for block in blocks_of(item):
            yield from _loop_variables(block)


def copy_variables(source: QuantumCircuit, target: QuantumCircuit) -> None:
    """Declare in `target` the classical variables and stretches of `source`, which Terra lacks."""
    if not hasattr(source, "iter_vars"):
        return
    for variable in source.iter_input_vars():
        target.add_input(variable)
    for variable in source.iter_captured_vars():
        target.add_capture(variable)
    for variable in source.iter_declared_vars():
        target.add_uninitialized_var(variable)
    if not hasattr(source, "iter_stretches"):
        return
    for stretch in source.iter_captured_stretches():
        target.add_capture(stretch)
    for stretch in source.iter_declared_stretches():
        target.add_stretch(stretch)


@functools.cache
def patch_terra_compiler() -> None:
    """Patch Terra's compiler, for this process, where it fails on control flow."""
    _translate_blocks_of_blocks()
    _commute_nothing_without_matrix()


def _commute_nothing_without_matrix() -> None:
    """Keep Terra's compiler from asking for matrices that jumps out of loops, say, do not have."""
    from qiskit.circuit import CommutationChecker

    commute = CommutationChecker.commute

    def checked(self: Any, op1: Any, on1: Any, to1: Any, op2: Any, *rest: Any, **more: Any) -> bool:
        if {op1.name, op2.name} & _WITHOUT_MATRIX:
            return False
        return bool(commute(self, op1, on1, to1, op2, *rest, **more))

    CommutationChecker.commute = checked


def _translate_blocks_of_blocks() -> None:
    """Make Terra's compiler keep what it translates in a block that ends in other blocks.

    It would leave such a block as it was where nothing has to be translated in the last of them.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import ControlFlowOp
    from qiskit.converters import circuit_to_dag, dag_to_circuit
    from qiskit.transpiler.passes import BasisTranslator

    translate = BasisTranslator.run

    def run(self: Any, dag: Any) -> Any:
        for node in dag.op_nodes(ControlFlowOp):
            blocks = [on_its_own(self, block, node.qargs, dag) for block in node.op.blocks]
            node.op = node.op.replace_blocks(blocks)
        return translate(self, dag)

    def on_its_own(self: Any, block: Any, qubits: Any, dag: Any) -> Any:
        """Translate a block, which is on some of the qubits, as a circuit on all of them."""
        within = dict(zip(block.qubits, qubits, strict=True))
        wide = QuantumCircuit(dag.qubits, block.clbits, *block.cregs)
        for item in block.data:
            wide.append(item.replace(qubits=[within[qubit] for qubit in item.qubits]))
        translated = dag_to_circuit(run(self, circuit_to_dag(wide)))
        narrow = block.copy_empty_like()
        back = {outer: inner for inner, outer in within.items()}
        for item in translated.data:
            narrow.append(item.replace(qubits=[back[qubit] for qubit in item.qubits]))
        return narrow

    BasisTranslator.run = run


def _check_installation() -> None:
    """Raise MissingPackage unless there is one Qiskit, and one that this tool works with."""
    found = installed_versions()
    if not found or importlib.util.find_spec("qiskit") is None:
        raise MissingPackage(
            "These circuits need Qiskit, and none is installed.",
            f"Install it with: {_INSTALL}",
        )
    qiskit, terra = found.get("qiskit"), found.get("qiskit-terra")
    if qiskit is not None and terra is not None and _numbers(qiskit) >= (1,):
        raise MissingPackage(
            f"The environment holds two Qiskits ({_listed(found)}), and neither works.",
            f"Install one of them anew: {_MEND}",
        )
    version = terra or qiskit
    assert version is not None
    files = _version_of_files()
    if files is not None and _numbers(files)[:1] != _numbers(version)[:1]:
        raise MissingPackage(
            f"Qiskit {version} is installed, and the files of Qiskit {files} lie in its place.",
            f"Install it anew: {_MEND}",
        )
    if _numbers(version) < _TERRA or (1,) <= _numbers(version) < (2,):
        raise MissingPackage(
            f"Qiskit {version} is installed; ibmqbatch works with Qiskit 2 and with Terra 0.46.",
            f"Install a newer one with: {_INSTALL}",
        )


def _version_of_files() -> str | None:
    """Return the version that Qiskit's own files tell, whatever was installed last."""
    spec = importlib.util.find_spec("qiskit")
    folders = (spec and spec.submodule_search_locations) or ()
    for folder in folders:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return Path(folder, "VERSION.txt").read_text().strip() or None
    return None


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(int(part) for part in parts if part.isdecimal())

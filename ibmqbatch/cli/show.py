"""`ibmqbatch show`: the circuits of a set, as they were given and as they were sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from ..errors import UsageError
from ..jobset.catalog import find_set
from ..jobset.documents import circuit_data, circuit_view_data
from ..jobset.inspect import view_circuit
from ..jobset.results import find_circuits
from ..render.console import is_terminal, out
from . import _options
from ._lifecycle import Context, running
from .completion import candidates

if TYPE_CHECKING:
    from ..manifest.manifest import Manifest

_PAPER = 100  # columns of a drawing where there is no terminal


def command(
    job_set: _options.JobSet,
    circuit: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--circuit",
            metavar="NAME|INDEX",
            help="Show this circuit (repeatable).",
            autocompletion=candidates.circuits,
        ),
    ] = None,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="Show it as sent, not as submitted.")
    ] = False,
    draw: Annotated[bool, typer.Option("--draw", help="Draw it.")] = False,
    device: Annotated[
        bool,
        typer.Option("--device", help="Show the device that it was compiled for, as it was then."),
    ] = False,
    json: _options.Json = False,
    verbose: _options.Verbose = 0,
) -> int:
    """List a set's circuits, or show some of them: the program, or a drawing.

    Example: ibmqbatch show latest --circuit 0 --compiled --draw
    """
    with running("show", json=json, verbose=verbose) as context, find_set(job_set) as manifest:
        if device:
            circuits = {"--circuit": circuit, "--compiled": compiled, "--draw": draw}
            _options.check_idle("--device", circuits)
            _show_device(context, manifest)
        elif circuit:
            _show(context, manifest, circuit, compiled=compiled, draw=draw)
        elif compiled or draw:
            raise UsageError("No circuit is named.", "Name one with --circuit.")
        else:
            _list(context, manifest)
    return context.exit_code


def _show_device(context: Context, manifest: Manifest) -> None:
    from ..jobset.backends import backend_data
    from ..render.backends import show_backend
    from ..service.models import Backend

    kept = manifest.device()
    if kept is None:
        raise UsageError(
            "The set was compiled for no device.", "`ibmqbatch backends NAME` shows what is now."
        )
    context.data["backend"] = backend_data(Backend.from_wire(*kept))
    if not context.json:
        show_backend(context.data["backend"], context.clock.now())


def _list(context: Context, manifest: Manifest) -> None:
    from ..render.circuits import show_circuits

    context.data["circuits"] = [circuit_data(circuit) for circuit in manifest.circuits()]
    if not context.json:
        show_circuits(context.data["circuits"])


def _show(
    context: Context, manifest: Manifest, wanted: list[str], *, compiled: bool, draw: bool
) -> None:
    from ..render.circuits import show_circuit

    circuits = manifest.circuits()
    width = (out().width if is_terminal() else _PAPER) if draw else None
    shown: list[dict[str, Any]] = []
    for index in find_circuits(circuits, wanted):
        view = view_circuit(manifest, circuits[index], compiled=compiled, width=width)
        shown.append(circuit_view_data(view))
        if not context.json:
            show_circuit(shown[-1])
    context.data["circuits"] = shown

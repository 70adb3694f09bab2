"""The flags of `submit` that are about the service's sampler, and about what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from .completion import candidates

__all__ = [
    "Batch",
    "Decoupling",
    "Fractional",
    "InitQubits",
    "MaxCost",
    "MaxExecutionTime",
    "MeasType",
    "OptionsFile",
    "Private",
    "RepDelay",
    "Twirl",
    "sampler_options",
]

_SAMPLER = "What the service does with the circuits"
_COST = "What it may cost"

OptionsFile = Annotated[
    Optional[Path],  # noqa: UP045 - the parser reads this
    typer.Option(
        "--options",
        metavar="FILE",
        help="Options of the sampler, in a TOML file; flags have the last word.",
        rich_help_panel=_SAMPLER,
    ),
]
Decoupling = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--dynamical-decoupling",
        metavar="XX|XpXm|XY4",
        help="Decouple idle qubits by this sequence.",
        autocompletion=candidates.one_of("XX", "XpXm", "XY4"),
        rich_help_panel=_SAMPLER,
    ),
]
Twirl = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--twirl",
        metavar="gates|measure|all",
        help="Twirl gates, measurements, or both.",
        autocompletion=candidates.one_of("gates", "measure", "all"),
        rich_help_panel=_SAMPLER,
    ),
]
RepDelay = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(
        "--rep-delay",
        metavar="SECONDS",
        help="Time from one shot to the next.",
        rich_help_panel=_SAMPLER,
    ),
]
InitQubits = Annotated[
    bool,
    typer.Option(
        "--init-qubits/--no-init-qubits",
        help="Reset all qubits before each shot.",
        rich_help_panel=_SAMPLER,
    ),
]
MeasType = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option(
        "--meas-type",
        metavar="TYPE",
        help="classified (bits), kerneled or avg_kerneled (levels).",
        autocompletion=candidates.one_of("classified", "kerneled", "avg_kerneled"),
        rich_help_panel=_SAMPLER,
    ),
]
Fractional = Annotated[
    bool,
    typer.Option(
        "--fractional-gates",
        help="Compile to rx and rzz of any angle as well, where the device has them.",
        rich_help_panel=_SAMPLER,
    ),
]
Private = Annotated[
    bool,
    typer.Option(
        "--private",
        help="The service shows nobody the circuits, and gives each result once.",
        rich_help_panel=_SAMPLER,
    ),
]
Batch = Annotated[
    bool,
    typer.Option(
        "--batch",
        help="Have all jobs run in one batch; its plan limits how long that may take.",
        rich_help_panel=_SAMPLER,
    ),
]
MaxExecutionTime = Annotated[
    Optional[int],  # noqa: UP045
    typer.Option(
        "--max-execution-time",
        metavar="SECONDS",
        help="Have a job cancelled that takes longer, on the quantum processor.",
        rich_help_panel=_COST,
    ),
]
MaxCost = Annotated[
    Optional[float],  # noqa: UP045
    typer.Option(
        "--max-cost",
        metavar="SECONDS",
        help="Send nothing if the set is estimated to take longer than this.",
        rich_help_panel=_COST,
    ),
]


def sampler_options(
    file: Path | None,
    *,
    decoupling: str | None,
    twirl: str | None,
    rep_delay: float | None,
    init_qubits: bool,
    meas_type: str | None,
) -> dict[str, dict[str, Any]]:
    """Return the options that the file and the flags ask for; raises UsageError."""
    from ..errors import UsageError
    from ..jobset.options import check_options, merged, read_options

    flags: dict[str, dict[str, Any]] = {}
    if decoupling is not None:
        flags["dynamical_decoupling"] = {"enable": True, "sequence_type": decoupling}
    if twirl is not None:
        if twirl not in {"gates", "measure", "all"}:
            raise UsageError(f"--twirl '{twirl}' is not known.", "Use gates, measure or all.")
        flags["twirling"] = {
            "enable_gates": twirl != "measure",
            "enable_measure": twirl != "gates",
        }
    execution: dict[str, Any] = {}
    if rep_delay is not None:
        execution["rep_delay"] = rep_delay
    if not init_qubits:
        execution["init_qubits"] = False
    if meas_type is not None:
        execution["meas_type"] = meas_type
    if execution:
        flags["execution"] = execution
    check_options(flags, "On the command line")
    return merged({} if file is None else read_options(file), flags)

"""What a user asks to submit: checked before any work, and told apart from other requests."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Argument, UsageError, Words
from ..manifest.records import LONGEST_EXECUTION
from .tags import MAX_NAME, check_name, check_tags

if TYPE_CHECKING:
    from ..circuits.observables import Observable

__all__ = [
    "AUTO",
    "COMPILER_SEED_BITS",
    "EXECUTOR",
    "PROGRAMS",
    "SAMPLER",
    "Request",
    "as_rows",
    "check_request",
    "fingerprint",
]

COMPILER_SEED_BITS = 31  # what all of the compiler's passes take
_SEED_BITS = 63
# The service's programs that run circuits, and the choice of whichever it takes.
SAMPLER, EXECUTOR, AUTO = "sampler", "executor", "auto"
PROGRAMS = (SAMPLER, EXECUTOR)
_STDIN = Path("-")
# What does not change what is run: where it comes from is read, and its labels can be changed.
_NOT_IN_PRINT = frozenset(
    {
        "given",
        "rows",
        "paths",
        "table",
        "sweep",
        "observables_file",
        "stdin",
        "name",
        "tags",
        "once_key",
        "max_cost",
        "run_config",
        "cached",
        "compute",
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """What to submit, and how.

    Circuits are `given` (see `circuits.in_memory`), come from `paths` (`stdin` holds what the path
    `-` stands for) and from a `table` of them, and are run once, or once for each row of a `sweep`,
    or of `rows` of values. `level` None leaves circuits as they are where that will do, and
    `compiling` False in any case; `cached` has them taken from those that were compiled before,
    and the Dask cluster at the address `compute` does what is left (see `circuits.cluster`).
    `program` is that of the service which runs them. `options` are those of the sampler.
    `observables`, or those of a file, have circuits measured for their expectation values: with a
    `precision` as often as it takes for standard errors of that size, else `shots` times in each
    basis.
    `max_execution_time` is that of a job, `max_cost` that of the set by its estimate, both in
    seconds of the quantum processor. After `max_fails` failures that would repeat themselves
    nothing more is sent. `run_config` is kept with the set for the program that asks.
    """

    paths: tuple[Path, ...] = ()
    given: Sequence[object] = field(default=(), repr=False)
    rows: Sequence[Mapping[str, float]] | None = field(default=None, repr=False)
    table: Path | None = None
    sweep: Path | None = None
    observables: tuple[Observable, ...] = ()
    observables_file: Path | None = None
    precision: float | None = None
    recursive: bool = False
    stdin: bytes | None = field(default=None, repr=False)
    shots: int = 4096
    name: str | None = None
    tags: tuple[str, ...] = ()
    max_circuits: int | None = None
    compiling: bool = True
    cached: bool = True
    compute: str | None = None
    level: int | None = None
    seed: int | None = None
    seed_transpiler: int | None = None
    initial_layout: tuple[int, ...] | None = None
    measure_all: bool = False
    fractional: bool = False
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_execution_time: int | None = None
    max_cost: float | None = None
    program: str = AUTO
    private: bool = False
    batch: bool = False
    max_fails: int | None = None
    once_key: str | None = None
    run_config: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_observed(self) -> bool:
        """Whether expectation values are asked for."""
        return bool(self.observables) or self.observables_file is not None


def as_rows(given: object, called: str) -> list[dict[str, float]]:
    """Return rows of values by the names of parameters, as `Request.rows` has them.

    Each is given as a mapping of parameters, or their names, to numbers. `called` is what errors
    call them. Raises UsageError for anything else, and for rows of different parameters.
    """
    if not isinstance(given, Iterable) or isinstance(given, Mapping | str):
        raise UsageError(f"{called} is no list.", "Give a list of dictionaries, one for each run.")
    rows: list[dict[str, float]] = []
    for number, row in enumerate(given):
        if not isinstance(row, Mapping):
            raise UsageError(f"{called}[{number}] is not a dictionary.", "Give one.")
        where = f"{called}[{number}]"
        rows.append({str(getattr(k, "name", k)): _finite(v, where) for k, v in row.items()})
        if len(rows[-1]) < len(row):
            raise UsageError(f"{where} gives a parameter two values.", "Give it one.")
        if rows[-1].keys() != rows[0].keys():
            raise UsageError(
                f"{where} gives values to other parameters than the rows before it.",
                "Give every parameter a value in each of them.",
            )
    return rows


def _finite(value: Any, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UsageError(f"{where} holds {value!r}.", "Give finite numbers.")
    return number


def check_request(request: Request) -> Request:
    """Return the request with its name and tags in order; raises UsageError before any work."""
    if not request.paths and request.table is None and not request.given:
        raise UsageError("No circuits are named.", "Name files, folders of them, or - for stdin.")
    _check_compiling(request)
    if request.program not in {AUTO, *PROGRAMS}:
        raise UsageError(
            f"'{request.program}' is not a program that runs circuits.",
            f"Use {', '.join(PROGRAMS)}, or {AUTO} for the one that the service takes.",
        )
    if request.shots < 1:
        raise UsageError(f"{request.shots} shots cannot be run.", "Ask for 1 or more.")
    if request.max_circuits is not None and request.max_circuits < 1:
        raise UsageError(
            Words(
                "{} leaves no room for a circuit.", Argument("max_circuits", request.max_circuits)
            ),
            "Give 1 or more, or leave it out.",
        )
    if request.level is not None and request.level not in range(4):
        raise UsageError(f"There is no optimization level {request.level}.", "Use 0, 1, 2 or 3.")
    for seed, bits in ((request.seed, _SEED_BITS), (request.seed_transpiler, COMPILER_SEED_BITS)):
        if seed is not None and not 0 <= seed < 2**bits:
            raise UsageError(f"The seed {seed} cannot be used.", f"Give 0 to 2**{bits} - 1.")
    layout = request.initial_layout
    if layout is not None and (len(set(layout)) < len(layout) or min(layout) < 0):
        raise UsageError(
            Words("{} names a qubit twice, or none.", Argument("initial_layout", layout)),
            "Name another qubit of the device for each qubit of the circuit, as 5,6,7.",
        )
    _check_precision(request)
    _check_time(request)
    if request.max_fails is not None and request.max_fails < 1:
        raise UsageError(
            Words("{} would send nothing.", Argument("max_fails", request.max_fails)),
            "Give 1 or more.",
        )
    if request.once_key is not None and not request.once_key.strip():
        raise UsageError(
            Words("The key given with {} is empty.", Argument("once")), "Is a variable not set?"
        )
    name = request.name
    if name is None:
        # The first path's own name, cut to fit and without what a name may not hold.
        first = request.paths[0] if request.paths else request.table or Path("circuits")
        name = "stdin" if first == _STDIN else first.absolute().stem
        name = "".join(c if c.isprintable() else "_" for c in name)[:MAX_NAME].strip() or "circuits"
    return replace(request, name=check_name(name), tags=check_tags(request.tags))


def _check_compiling(request: Request) -> None:
    """Refuse what only a compiler would heed where nothing is compiled."""
    heeded = {
        Argument("optimization_level"): request.level is not None,
        Argument("initial_layout"): request.initial_layout is not None,
        Argument("seed_transpiler"): request.seed_transpiler is not None,
        Argument("fractional_gates"): request.fractional,
        Argument("cache", value=False): not request.cached,
        Argument("compute"): request.compute is not None,
    }
    given = [argument for argument, is_given in heeded.items() if is_given]
    if given and not request.compiling:
        raise UsageError(
            Words(
                f"{{}} contradicts {', '.join(['{}'] * len(given))}.",
                Argument("compile", value=False),
                *given,
            ),
            "Leave one or the other out.",
        )


def _check_precision(request: Request) -> None:
    precision = request.precision
    if precision is None:
        return
    if not request.is_observed:
        raise UsageError(
            Words("{} is that of expectation values.", Argument("precision", precision)),
            Words("Name them with {}, or leave it out.", Argument("observables")),
        )
    if not 0 < precision < math.inf:
        raise UsageError(
            Words("{} is not a standard error.", Argument("precision", precision)),
            "Give a number above 0.",
        )


def _check_time(request: Request) -> None:
    most = request.max_execution_time
    if most is not None and not 1 <= most <= LONGEST_EXECUTION:
        raise UsageError(
            Words("{} is not a time that a job may take.", Argument("max_execution_time", most)),
            f"Give 1 to {LONGEST_EXECUTION} seconds.",
        )
    if request.max_cost is not None and not 0 <= request.max_cost < math.inf:
        raise UsageError(
            Words("{} is not a limit.", Argument("max_cost", request.max_cost)),
            "Give a number of seconds.",
        )


def fingerprint(request: Request) -> str:
    """Return what tells two requests apart: the bytes of their files, and how to run them."""
    from ..circuits.sources import find_sources
    from ..circuits.tables import read_sources

    how = {f.name: getattr(request, f.name) for f in fields(request) if f.name not in _NOT_IN_PRINT}
    digest = hashlib.sha256(repr(how).encode())
    digest.update(request.stdin or b"")
    sources = find_sources(request.paths, [], recursive=request.recursive)
    # Planning says what is wrong with them.
    with contextlib.suppress(Exception):
        sources += [] if request.table is None else read_sources(request.table)
    named = (request.table, request.sweep, request.observables_file)
    tables = [path for path in named if path is not None]
    for path in [*tables, *(source.path for source in sources)]:
        with contextlib.suppress(OSError):
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]

"""The front door for programs: submitting circuits, and finding the sets that there are."""

from __future__ import annotations

import contextlib
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from warnings import warn

from .arguments import qubits, seconds, switch, text, texts, whole_number
from .clock import Clock
from .errors import IbmqbatchError, InputError, UsageError
from .jobset.catalog import check_state, matches, set_paths
from .jobset.documents import set_data
from .jobset.job_set import JobSet, Progress, connected
from .jobset.options import check_options
from .jobset.request import AUTO, Request, as_rows, check_request
from .manifest.manifest import Manifest

if TYPE_CHECKING:
    from .circuits.observables import Observable
    from .service.models import BackendEntry

__all__ = ["backends", "job_sets", "open", "submit"]

T = TypeVar("T")


def submit(
    circuits: object,
    *,
    backend: str | BackendEntry | None = None,
    account: str | None = None,
    shots: int = 4096,
    name: str | None = None,
    tags: Iterable[str] = (),
    parameters: str
    | PathLike[str]
    | Mapping[Any, Sequence[float]]
    | Iterable[Mapping[Any, float]]
    | None = None,
    observables: Any = None,
    precision: float | None = None,
    max_circuits: int | None = None,
    optimization_level: int | None = None,
    initial_layout: Sequence[int] | None = None,
    seed: int | None = None,
    seed_transpiler: int | None = None,
    compile: bool = True,  # noqa: A002 - what it is called everywhere
    cache: bool = True,
    compute: str | None = None,
    fractional_gates: bool = False,
    measure_all: bool = False,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    max_execution_time: int | None = None,
    max_cost: float | None = None,
    max_fails: int | None = None,
    program: str = AUTO,
    private: bool = False,
    batch: bool = False,
    once: str | None = None,
    detach: bool = False,
    progress: Progress | None = None,
) -> JobSet:
    """Split circuits into jobs, send them as one job set, and return it when all are sent.

    `circuits` is one or several of: a `QuantumCircuit`, OpenQASM as a text, the path of a file or
    of a folder of files. They run on `backend` of `account`, by default the account in use and what
    it prefers, `shots` times each; `max_circuits` of them at most are in a job.

    `parameters` has each circuit run once for every row of values: rows that map parameters, or
    their names, to numbers; one mapping of parameters to as many numbers each; a data frame; or a
    CSV or JSON file of them. On a device circuits are compiled unless they are in its instruction
    set; at `optimization_level` 0 to 3 (2 where none is given) they are in any case, and with
    `compile` False in none. `initial_layout[i]` is the device's qubit for qubit i. `seed` is that
    of simulators and of the compiler, unless that has its own. With `cache`, what was compiled
    before is taken from there; the rest is compiled by the Dask cluster at the address `compute`
    ("dask://HOST:PORT", or the file of its scheduler), or else by this machine. `options` are those
    of the sampler, by group, as in `{"dynamical_decoupling": {"enable": True}}`. `program` is that
    of the service which runs the jobs: "sampler", "executor", or "auto" for the sampler as long as
    the service takes it.

    `observables` has the circuits measured for expectation values, see
    `Results.expectation_values`: a sum of Pauli operators as a text, as in "0.5*ZZI - 1.2*XIX", an
    operator of Qiskit, or the path of a CSV or JSON file of them; several in a list, or by names in
    a dictionary; or such ones by the circuits that they are of (index or name, "*" for all). The
    leftmost letter is the circuit's highest qubit. Circuits must not measure these at their ends.
    With a `precision` they get as many shots as it takes for standard errors of that size, else
    `shots` in each basis.

    `max_execution_time` is that of a job, `max_cost` that of the whole set by its estimate, in
    seconds of the quantum processor; after `max_fails` failures that would repeat themselves
    nothing more is sent. The service keeps nothing of `private` jobs once their results are read; a
    `batch` runs them as one. With `once`, a second call with the same key returns the first one's
    set. `detach` plans the set and sends nothing: `resume` or `wait` of what is returned do, and
    the commands `resume` and `collect`.

    `progress` is called with a stage ("finding", "reading", "compiling", "sending") and how much of
    how much of it is done. Raises InputError with all that is wrong with the circuits, UsageError,
    LimitError where it would cost more than it may, and ServiceErrors. What is planned by then is
    kept, and `resume` goes on with it; Ctrl-C raises KeyboardInterrupt once what is in flight has
    landed.
    """
    from .circuits.errors import BadInput
    from .circuits.in_memory import in_a_list
    from .jobset.plan import plan_set

    try:
        given = in_a_list(circuits)
    except BadInput as error:
        raise InputError([error.problem]) from error
    paths = tuple(Path(item) for item in given) if all(map(_is_path, given)) else ()
    rows, sweep = _values(parameters)
    observed, observables_file = _observables(observables)
    request = check_request(
        Request(
            paths=paths,
            given=() if paths else given,
            rows=rows,
            sweep=sweep,
            observables=observed,
            observables_file=observables_file,
            precision=_maybe(_number, precision, "precision"),
            shots=whole_number(shots, "shots"),
            name=_maybe(text, name, "name"),
            tags=texts(tags, "tags"),
            max_circuits=_maybe(whole_number, max_circuits, "max_circuits"),
            compiling=switch(compile, "compile"),
            cached=switch(cache, "cache"),
            compute=_maybe(text, compute, "compute"),
            level=_maybe(whole_number, optimization_level, "optimization_level"),
            seed=_maybe(whole_number, seed, "seed"),
            seed_transpiler=_maybe(whole_number, seed_transpiler, "seed_transpiler"),
            initial_layout=_maybe(qubits, initial_layout, "initial_layout"),
            measure_all=switch(measure_all, "measure_all"),
            fractional=switch(fractional_gates, "fractional_gates"),
            options=_options(options),
            max_execution_time=_maybe(whole_number, max_execution_time, "max_execution_time"),
            max_cost=_maybe(seconds, max_cost, "max_cost"),
            program=text(program, "program"),
            private=switch(private, "private"),
            batch=switch(batch, "batch"),
            max_fails=_maybe(whole_number, max_fails, "max_fails"),
            once_key=_maybe(text, once, "once"),
        )
    )
    detached = switch(detach, "detach")
    tell = progress or (lambda *_: None)
    planned = plan_set(
        request,
        _maybe(text, account, "account"),
        _maybe(text, getattr(backend, "name", backend), "backend"),
        Clock(),
        tell,
    )
    assert planned.path is not None
    found = JobSet(planned.path, planned=planned.fresh)
    if not detached:
        found.resume(progress=progress)
    notes = [] if planned.plan is None else [*planned.plan.notes]
    if planned.changed:
        notes.append(
            f"The set {found.id} was made with the key '{once}' before, of other circuits or with "
            "other options than these. Another key makes a set of these."
        )
    for note in notes:  # last: where warnings are errors, all is sent
        warn(note, stacklevel=2)
    return found


def open(reference: str | PathLike[str]) -> JobSet:  # noqa: A001 - a set's
    """Return the job set of an id, the beginning of one, a name, `latest`, or a file's path.

    Raises NoSuchSet, and AmbiguousSet where several are meant.
    """
    if isinstance(reference, JobSet):
        return reference
    return JobSet.find(text(fspath(reference), "reference"))


def job_sets(
    *, name: str | None = None, tags: Iterable[str] = (), state: str | None = None
) -> list[JobSet]:
    """Return the job sets of this machine, newest first; the service is not asked.

    Those whose name contains `name`, which have all of `tags`, and are in a `state`: planned,
    submitting, running, done, failed, cancelled, or open, which is any of the first three. A file
    that cannot be read is left out. Raises UsageError for a state that there is not.
    """
    check_state(state)
    wanted = texts(tags, "tags")
    found = []
    for path in set_paths():
        with contextlib.suppress(IbmqbatchError), Manifest.open(path) as manifest:
            item = set_data(manifest.job_set(), manifest.jobs(), with_jobs=False)
            if matches(item, _maybe(text, name, "name"), wanted, state):
                found.append(JobSet(path))
    return found


def backends(account: str | None = None) -> list[BackendEntry]:
    """Return the backends of an account, by default the one in use, in the order to choose them.

    Those that take jobs come first, and of them the account's own choice, then short queues.
    Raises UnknownAccount and ServiceErrors.
    """
    from .accounts.find import find_account
    from .jobset.backends import in_order

    found = find_account(account)
    with connected(found.name, Clock()) as client:
        return in_order(client.backends(), found.default_backend)


def _is_path(item: object) -> bool:
    if isinstance(item, PathLike):
        return True
    return isinstance(item, str) and "OPENQASM" not in item and "\n" not in item


def _maybe(check: Callable[[object, str], T], value: object, what: str) -> T | None:
    """Return an argument as it is checked; None where it is not given."""
    return None if value is None else check(value, what)


def _number(value: object, what: str) -> float:
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        raise UsageError(f"{what} is {value!r}, no number.", "Give one.")
    return float(value)


def _options(options: object) -> dict[str, Any]:
    """Return sampler options in plain values; raises UsageError."""
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise UsageError(f"options is {options!r}, no dictionary.", "Give the options by group.")
    plain = {
        text(group, "a group of options"): {key: _plain(value) for key, value in entries.items()}
        if isinstance(entries, Mapping)
        else entries
        for group, entries in options.items()
    }
    check_options(plain, "The options")
    return plain


def _plain(value: Any) -> Any:
    """Return a number of NumPy's as one of Python's."""
    return value.item() if hasattr(value, "item") else value


def _observables(given: Any) -> tuple[tuple[Observable, ...], Path | None]:
    """Return the observables that are given, or the file that holds them; raises InputError."""
    from .circuits.errors import BadInput
    from .circuits.observables import as_observables

    if given is None:
        return (), None
    is_text = isinstance(given, str)
    if isinstance(given, PathLike) or (is_text and given.lower().endswith((".csv", ".json"))):
        return (), Path(given)
    if hasattr(given, "to_dicts"):  # a data frame of polars
        given = given.to_dicts()
    elif hasattr(given, "columns") and hasattr(given, "to_dict"):  # one of pandas
        given = given.to_dict("records")
    try:
        return tuple(as_observables(given)), None
    except BadInput as error:
        raise InputError([error.problem]) from error


def _values(parameters: Any) -> tuple[list[dict[str, float]] | None, Path | None]:
    """Return the rows of values that are given, or the file that holds them."""
    if parameters is None:
        return None, None
    if isinstance(parameters, str | PathLike):
        return None, Path(parameters)
    if hasattr(parameters, "to_dicts"):  # a data frame of polars
        parameters = parameters.to_dicts()
    elif hasattr(parameters, "columns") and hasattr(parameters, "to_dict"):  # one of pandas
        parameters = parameters.to_dict("records")
    elif isinstance(parameters, Mapping):
        if not any(isinstance(values, Iterable) for values in parameters.values()):
            parameters = [parameters]  # one row
        else:
            columns = {
                key: [*values] if isinstance(values, Iterable) else [values]
                for key, values in parameters.items()
            }
            if len({len(values) for values in columns.values()}) > 1:
                raise UsageError(
                    "The parameters do not have as many values each.",
                    "Give one of each for every run.",
                )
            runs = zip(*columns.values(), strict=True)
            parameters = [dict(zip(columns, run, strict=True)) for run in runs]
    rows = as_rows(parameters, "parameters")
    if not rows or not rows[0]:
        raise UsageError("parameters holds no values.", "Give a row of them, or leave it out.")
    return rows, None

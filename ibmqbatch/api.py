"""The front door for programs: submitting circuits, and finding the sets that there are."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import warn

from .clock import Clock
from .errors import IbmqbatchError, InputError, UsageError
from .jobset.catalog import set_paths
from .jobset.job_set import JobSet, Progress, connected
from .jobset.options import check_options
from .jobset.request import Request, as_rows, check_request
from .manifest.records import SetState

if TYPE_CHECKING:
    from .service.types import BackendEntry

__all__ = ["backends", "job_sets", "open", "submit"]


def submit(
    circuits: object,
    *,
    backend: str | None = None,
    account: str | None = None,
    shots: int = 4096,
    name: str | None = None,
    tags: Iterable[str] = (),
    parameters: str
    | PathLike[str]
    | Mapping[Any, Sequence[float]]
    | Iterable[Mapping[Any, float]]
    | None = None,
    max_circuits: int | None = None,
    optimization_level: int | None = None,
    initial_layout: Sequence[int] | None = None,
    seed: int | None = None,
    seed_transpiler: int | None = None,
    compile: bool = True,  # noqa: A002 - what it is called everywhere
    cache: bool = True,
    fractional_gates: bool = False,
    measure_all: bool = False,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    max_execution_time: int | None = None,
    max_cost: float | None = None,
    max_fails: int | None = None,
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
    their names, to numbers; one mapping of parameters to as many numbers each; or a CSV or JSON
    file of them. On a device circuits are compiled unless they are in its instruction set; at
    `optimization_level` 0 to 3 (2 where none is given) they are in any case, and with `compile`
    False in none. `initial_layout[i]` is the device's qubit for qubit i. `seed` is that of
    simulators and of the compiler, unless that has its own. With `cache`, what was compiled before
    is taken from there. `options` are those of the sampler, by group, as in
    `{"dynamical_decoupling": {"enable": True}}`.

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
    from .circuits.given import in_a_list
    from .jobset.plan import plan_set

    try:
        given = in_a_list(circuits)
    except BadInput as error:
        raise InputError([error.problem]) from error
    paths = tuple(Path(item) for item in given) if all(map(_is_path, given)) else ()
    if options is not None:
        check_options(options, "The options")
    rows, sweep = _values(parameters)
    request = check_request(
        Request(
            paths=paths,
            given=() if paths else given,
            rows=rows,
            sweep=sweep,
            shots=shots,
            name=name,
            tags=tuple(tags),
            max_circuits=max_circuits,
            compiling=compile,
            cached=cache,
            level=optimization_level,
            seed=seed,
            seed_transpiler=seed_transpiler,
            initial_layout=None if initial_layout is None else tuple(initial_layout),
            measure_all=measure_all,
            fractional=fractional_gates,
            options=options or {},
            max_execution_time=max_execution_time,
            max_cost=max_cost,
            private=private,
            batch=batch,
            max_fails=max_fails,
            once_key=once,
        )
    )
    tell = progress or (lambda *_: None)
    planned = plan_set(request, account, backend, Clock(), tell)
    assert planned.path is not None
    if planned.plan is not None:
        for note in planned.plan.notes:
            warn(note, stacklevel=2)
    found = JobSet(planned.path, planned=planned.fresh)
    return found if detach else found.resume(progress=progress)


def open(reference: str | PathLike[str]) -> JobSet:  # noqa: A001 - a set's
    """Return the job set of an id, the beginning of one, a name, `latest`, or a file's path.

    Raises NoSuchSet, and AmbiguousSet where several are meant.
    """
    return JobSet.find(reference)


def job_sets(
    *, name: str | None = None, tags: Iterable[str] = (), state: str | None = None
) -> list[JobSet]:
    """Return the job sets of this machine, newest first; the service is not asked.

    Those whose name contains `name`, which have all of `tags`, and are in a `state`: planned,
    submitting, running, done, failed, cancelled, or open, which is any of the first three. A file
    that cannot be read is left out. Raises UsageError for a state that there is not.
    """
    states = {"open", *SetState}
    if state is not None and state not in states:
        raise UsageError(f"There is no state '{state}'.", f"Use one of {', '.join(states)}.")
    wanted = set(tags)
    found = []
    for path in set_paths():
        job_set = JobSet(path)
        with contextlib.suppress(IbmqbatchError):
            record = job_set.record()
            if (name is None or name in record.name) and wanted <= set(record.tags):
                if state is not None:
                    now = job_set.status(refresh=False).state
                    if not (now == state or (state == "open" and not now.final)):
                        continue
                found.append(job_set)
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


def _values(parameters: object) -> tuple[list[dict[str, float]] | None, Path | None]:
    """Return the rows of values that are given, or the file that holds them."""
    if parameters is None:
        return None, None
    if isinstance(parameters, str | PathLike):
        return None, Path(parameters)
    if isinstance(parameters, Mapping):
        columns = {key: [*values] for key, values in parameters.items()}
        if len({len(values) for values in columns.values()}) != 1:
            raise UsageError(
                "The parameters do not have as many values each.", "Give one of each for every run."
            )
        parameters = [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
    return as_rows(parameters, "parameters"), None

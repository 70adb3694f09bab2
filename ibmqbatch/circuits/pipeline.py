"""From files to circuits that are ready for the wire, one at a time and on all processors."""

from __future__ import annotations

import contextlib
import gc
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Argument, InputError, Problem, Words
from .bases import shots_for
from .cache import CompileCache
from .device import Device
from .errors import BadInput
from .in_memory import as_programs
from .measured import measured_circuits
from .observables import Choice, Observable
from .pool import ProcessPool, available_processors
from .preparer import Compiled, Preparation, Preparer, ReadyProgram, label_of
from .programs import Program, read_programs
from .qasm_text import text_of
from .sources import Source, find_sources
from .tables import read_observables, read_sources, read_sweep

if TYPE_CHECKING:
    from .cluster import ClusterPool

__all__ = ["Inputs", "prepare"]

_LOOKED_UP = 100  # programs that are looked up at a time
_FILES_AHEAD, _BYTES_AHEAD = 50, 250_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where circuits come from: what is given, paths, a table of them, and the values of a sweep.

    Values come from a file (`sweep`), or as `rows`. Observables come from a file
    (`observables_file`), or as `observables`; with a `precision` their circuits get as many shots
    as it takes for standard errors of that size, unless a table says otherwise.

    What was compiled before is taken from where it was `cached`, and what is compiled now is kept
    there. A Dask cluster at the address `compute` compiles, without one this machine.
    """

    paths: tuple[Path, ...] = ()
    table: Path | None = None
    sweep: Path | None = None
    given: Sequence[object] = ()
    rows: Sequence[Mapping[str, float]] | None = None
    recursive: bool = False
    stdin: bytes | None = field(default=None, repr=False)
    cached: bool = False
    observables: Sequence[Observable] = ()
    observables_file: Path | None = None
    precision: float | None = None
    compute: str | None = None


Progress = Callable[[str, int, int], None]


def prepare(
    inputs: Inputs,
    device: Device,
    preparation: Preparation,
    progress: Progress,
) -> Iterator[ReadyProgram]:
    """Yield the programs of `inputs` in their order, ready for `device`.

    `progress` is called with a stage ("finding", "reading", "compiling"), how much of it is done,
    and of how much. Raises InputError in the end if anything could not be used, with all that was
    found: what was yielded until then is then void.
    """
    problems: list[Problem] = []
    sources = _sources(inputs, problems, progress)
    sweep = inputs.rows
    try:
        sweep = sweep if inputs.sweep is None else read_sweep(inputs.sweep)
        observables = inputs.observables
        if inputs.observables_file is not None:
            observables = read_observables(inputs.observables_file)
        _check_layout(preparation, device)
    except BadInput as error:
        # Every circuit would be blamed for it.
        raise InputError([*problems, error.problem]) from error
    work = Preparer(device, preparation, sweep)
    observing = _Observing(observables, inputs.precision, runs=len(sweep or (0,)))
    feed = _Feed(inputs.given, sources, inputs.stdin, observing, device.dt)
    stage = "compiling" if work.compiles else "reading"
    with contextlib.ExitStack() as stack:
        cache = None
        if inputs.cached and work.compiles:
            cache = stack.enter_context(CompileCache(device, preparation, sweep))
        answers = _compiled(feed.programs(), work, cache, inputs.compute)
        for done, (task, answer) in enumerate(answers, 1):
            progress(stage, done, feed.total)
            if isinstance(answer, Problem):
                # What is wrong with a circuit is wrong with all of its measured ones.
                told = problems and (problems[-1].code, problems[-1].about)
                if not (_is_later_part(task) and told == (answer.code, answer.about)):
                    problems.append(answer)
            elif not problems:
                assert not isinstance(task, Problem)
                index, program = task
                yield ReadyProgram.of(program, answer, label_of(index, program), sweep)
    gc.unfreeze()
    if problems:
        raise InputError(problems)


_Task = tuple[int, Program] | Problem


def _compiled(
    tasks: Iterator[_Task], work: Preparer, cache: CompileCache | None, compute: str | None
) -> Iterator[tuple[_Task, Compiled | Problem]]:
    """Yield every task with its answer, in their order: from the cache, or else from `work`."""
    if not work.compiles:
        for task in tasks:
            yield task, work(task)
        return
    fresh: list[tuple[str, Compiled]] = []
    asked, to_answer = itertools.tee(_looked_up(tasks, cache))
    with _pool(work, compute) as pool:
        answers = pool.map((task, known) for task, _, known in to_answer)
        for (task, key, known), answer in zip(asked, answers, strict=True):
            yield task, answer
            if cache is None or key is None or known is not None or isinstance(answer, Problem):
                continue
            fresh.append((key, answer))
            if len(fresh) >= _LOOKED_UP:
                cache.keep(fresh)
                fresh.clear()
    if cache is not None:
        cache.keep(fresh)


def _pool(
    work: Preparer, compute: str | None
) -> ProcessPool[_Task, Compiled | Problem] | ClusterPool[_Task, Compiled | Problem]:
    if compute is None:
        return ProcessPool(work, _died, available_processors())
    from .cluster import ClusterPool

    return ClusterPool(compute, work, _died, _stays)


def _stays(task: _Task) -> bool:
    """Return whether a task must be done here: it needs other files of this machine."""
    return not isinstance(task, Problem) and task[1].includes_others


def _looked_up(
    tasks: Iterator[_Task], cache: CompileCache | None
) -> Iterator[tuple[_Task, str | None, Compiled | None]]:
    """Yield every task with its key in the cache, and with what is there of it."""
    if cache is None:
        yield from ((task, None, None) for task in tasks)
        return
    while some := list(itertools.islice(tasks, _LOOKED_UP)):
        keys = [None if isinstance(task, Problem) else cache.key(task[1]) for task in some]
        found = cache.find([key for key in keys if key is not None])
        for task, key in zip(some, keys, strict=True):
            yield task, key, None if key is None else found.get(key)


def _sources(inputs: Inputs, problems: list[Problem], progress: Progress) -> list[Source]:
    found = find_sources(
        inputs.paths,
        problems,
        recursive=inputs.recursive,
        listed=lambda count: progress("finding", count, count),
    )
    if inputs.table is not None:
        try:
            found += read_sources(inputs.table)
        except BadInput as error:
            problems.append(error.problem)
    return found


def _check_layout(preparation: Preparation, device: Device) -> None:
    layout = preparation.initial_layout
    if layout is None:
        return
    if not device.instructions:
        raise BadInput(
            "bad_layout",
            f"{device.name} has no qubits to choose from: all are alike.",
            Words("Leave {} out.", Argument("initial_layout")),
        )
    twice = [qubit for number, qubit in enumerate(layout) if qubit in layout[:number]]
    if twice:
        raise BadInput(
            "bad_layout",
            f"Qubit {twice[0]} of {device.name} is named twice.",
            Words("Name another with {}.", Argument("initial_layout")),
        )
    useless = [qubit for qubit in layout if qubit not in device.region]
    if useless:
        there = useless[0] in range(device.num_qubits)
        raise BadInput(
            "bad_layout",
            f"Qubit {useless[0]} of {device.name} "
            + ("does not work, or is cut off from the others." if there else "does not exist."),
            Words("Name others with {}.", Argument("initial_layout")),
        )


def _is_later_part(task: _Task) -> bool:
    if isinstance(task, Problem):
        return False
    measured = task[1].measured
    return measured is not None and measured.part > 0


class _Observing:
    """Makes the measured circuits that observables need of programs, which are asked for once."""

    def __init__(
        self, observables: Sequence[Observable], precision: float | None, *, runs: int
    ) -> None:
        self._choice = Choice(observables)
        self._precision = precision
        self.runs = runs  # of each program
        self._count = 0

    def parts(self, program: Program) -> list[Program]:
        """Return what is to be run of the next program: itself where nothing is asked of it.

        Raises BadInput.
        """
        number = self._count
        self._count += 1
        observables = self._choice.of(number, program.name)
        if not observables:
            return [program]
        measured = measured_circuits(
            program.name, observables, index=number * self.runs, runs=self.runs
        )
        if not measured:
            raise BadInput(
                "bad_observable",
                f"The observables of {program.where} are constants: there is nothing to measure.",
                "Leave them out.",
            )
        shots = program.shots
        if shots is None and self._precision is not None:
            shots = shots_for([each.sum for each in observables], self._precision)
        return [replace(program, name=m.name, shots=shots, measured=m) for m in measured]

    def problems(self) -> list[Problem]:
        """Tell, when all programs have been asked for, what fits none of them."""
        return self._choice.problems()


class _Feed:
    """The programs that are given and of all sources, and how many there are, as far as is known.

    A program is numbered by the first circuit that it stands for; what cannot be read is passed on
    as the problem that it is.
    """

    def __init__(
        self,
        given: Sequence[object],
        sources: Sequence[Source],
        stdin: bytes | None,
        observing: _Observing,
        dt: float | None,
    ) -> None:
        self.total = len(given) + len(sources)
        self._given = given
        self._sources = sources
        self._stdin = stdin
        self._observing = observing
        self._dt = dt

    def programs(self) -> Iterator[_Task]:
        index = 0
        items = itertools.chain(as_programs(self._given, self._dt), self._sources)
        for found in _read_ahead(items, self._stdin):
            if isinstance(found, Problem):
                yield found
                continue
            self.total += max(0, len(found) - 1)
            for program in found:
                try:
                    parts = self._observing.parts(program)
                except BadInput as error:
                    yield replace(error.problem, about=program.where)
                    continue
                self.total += len(parts) - 1
                for part in parts:
                    yield index, part
                    index += self._observing.runs
        yield from self._observing.problems()


def _read_ahead(
    items: Iterable[Program | Source | BadInput], stdin: bytes | None
) -> Iterator[list[Program] | Problem]:
    """Yield the programs of each item, or what is wrong with it.

    Some files are read in a row, before the first of them is worked on: that takes half of the
    time.
    """
    ahead: list[list[Program] | Problem] = []
    size = 0
    for item in items:
        found = _read(item, stdin)
        ahead.append(found)
        size += 0 if isinstance(found, Problem) else sum(len(each.content) for each in found)
        if len(ahead) == _FILES_AHEAD or size > _BYTES_AHEAD:
            yield from ahead
            ahead.clear()
            size = 0
    yield from ahead


def _read(item: Program | Source | BadInput, stdin: bytes | None) -> list[Program] | Problem:
    if isinstance(item, BadInput):
        return item.problem
    if isinstance(item, Program):
        return [item]
    try:
        return read_programs(item, stdin)
    except BadInput as error:
        return replace(error.problem, about=text_of(item.path))


def _died(task: _Task) -> Compiled | Problem:
    if isinstance(task, Problem):
        return task
    return Problem(
        "out_of_memory",
        f"The process that compiled {task[1].where} died.",
        "It may have run out of memory: is the circuit very large?",
        about=task[1].where,
    )

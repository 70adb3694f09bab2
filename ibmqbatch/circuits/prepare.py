"""From files to circuits that are ready for the wire, one at a time."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InputError, Problem
from .device import Device
from .errors import BadInput
from .given import as_programs
from .parallel import Helpers, available_processors
from .programs import Program, read_programs
from .ready import Preparation, ReadyProgram, Work
from .sources import Source, find_sources
from .tables import read_sources, read_sweep

__all__ = ["Inputs", "prepare"]

_WORTH_SHARING = 12  # circuits; below it other processes take longer to start than they save


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where circuits come from: what is given, paths, a table of them, and the values of a sweep.

    Values come from a file (`sweep`), or as `rows`.
    """

    paths: tuple[Path, ...] = ()
    table: Path | None = None
    sweep: Path | None = None
    given: Sequence[object] = ()
    rows: Sequence[Mapping[str, float]] | None = None
    recursive: bool = False
    stdin: bytes | None = field(default=None, repr=False)


Progress = Callable[[str, int, int], None]


def prepare(
    inputs: Inputs,
    device: Device,
    preparation: Preparation,
    progress: Progress,
) -> Iterator[ReadyProgram]:
    """Yield the programs of `inputs` in their order, ready for `device`.

    `progress` is told a stage ("finding", "reading", "compiling") and how much of how much of it
    is done. Raises InputError in the end if anything could not be used, with all that was found:
    what was yielded until then is then void.
    """
    problems: list[Problem] = []
    sources = _sources(inputs, problems, progress)
    sweep = inputs.rows
    try:
        sweep = sweep if inputs.sweep is None else read_sweep(inputs.sweep)
        _check_layout(preparation, device)
    except BadInput as error:
        # Every circuit would be blamed for it.
        raise InputError([*problems, error.problem]) from error
    work = Work(device, preparation, sweep)
    feed = _Feed(inputs.given, sources, inputs.stdin, len(sweep or (0,)))
    tasks = feed.programs()
    few = list(itertools.islice(tasks, _WORTH_SHARING)) if work.compiles else []
    processes = available_processors() if len(few) == _WORTH_SHARING else 1
    stage = "compiling" if work.compiles else "reading"
    with Helpers(work, _died, processes) as helpers:
        for done, answer in enumerate(helpers.map(itertools.chain(few, tasks)), 1):
            progress(stage, done, feed.total)
            if isinstance(answer, Problem):
                problems.append(answer)
            elif not problems:
                yield answer
    gc.unfreeze()
    if problems:
        raise InputError(problems)


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
            "Leave --initial-layout out.",
        )
    twice = [qubit for number, qubit in enumerate(layout) if qubit in layout[:number]]
    if twice:
        raise BadInput(
            "bad_layout",
            f"Qubit {twice[0]} of {device.name} is named twice.",
            "Name another with --initial-layout.",
        )
    useless = [qubit for qubit in layout if qubit not in device.region]
    if useless:
        there = useless[0] in range(device.num_qubits)
        raise BadInput(
            "bad_layout",
            f"Qubit {useless[0]} of {device.name} "
            + ("does not work, or is cut off from the others." if there else "does not exist."),
            "Name others with --initial-layout.",
        )


class _Feed:
    """The programs that are given and of all sources, and how many there are, as far as is known.

    A program is numbered by the first circuit that it stands for; what cannot be read is passed on
    as the problem that it is.
    """

    def __init__(
        self, given: Sequence[object], sources: Sequence[Source], stdin: bytes | None, runs: int
    ) -> None:
        self.total = len(given) + len(sources)
        self._given = given
        self._sources = sources
        self._stdin = stdin
        self._runs = runs

    def programs(self) -> Iterator[tuple[int, Program] | Problem]:
        index = 0
        for item in itertools.chain(as_programs(self._given), self._sources):
            found: list[Program] = []
            if isinstance(item, BadInput):
                yield item.problem
            elif isinstance(item, Program):
                found = [item]
            else:
                try:
                    found = list(read_programs(item, self._stdin))
                except BadInput as error:
                    yield error.problem
            self.total += max(0, len(found) - 1)
            for program in found:
                yield index, program
                index += self._runs


def _died(task: tuple[int, Program] | Problem) -> ReadyProgram | Problem:
    if isinstance(task, Problem):
        return task
    return Problem(
        "out_of_memory",
        f"The process that compiled {task[1].where} died.",
        "It may have run out of memory: is the circuit very large?",
    )

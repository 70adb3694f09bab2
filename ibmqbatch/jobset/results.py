"""Reading the results that are here, in pieces or as a whole."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import threading
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, overload

from ..arguments import as_index
from ..errors import Argument, MissingPackage, UsageError, Words
from ..manifest.manifest import Manifest, StoredResultError
from ..manifest.records import CircuitRecord, JobRecord
from ..suggestions import with_suggestion
from .errors import MissingResults
from .expectation_values import ExpectationValue, Observed, expectation_values, find_observed
from .inspect import shapes_of
from .split import repeat_shots

if TYPE_CHECKING:
    import numpy as np

    from ..service.outcomes import PubResult

__all__ = [
    "CircuitIndex",
    "CircuitResult",
    "ResultReader",
    "Results",
    "check_registers",
    "find_circuits",
    "find_runs",
    "raw_bodies",
    "read_results",
    "read_values",
    "repair",
]

_MOST_GROUPS = 32  # of each repeat, of which a job's results are in memory
_NAME = "name:"
_LABEL = "label"  # in metadata: that of a row of values


@dataclass(frozen=True, slots=True)
class CircuitResult:
    """One circuit's outcomes, of all its shot repeats that are here.

    `asked` are the shots that it was to get.
    """

    index: int
    name: str
    metadata: Mapping[str, object]
    outcomes: PubResult = field(repr=False)
    asked: int

    @property
    def shots(self) -> int:
        """How many shots are here; an average does not tell of how many it is."""
        return self.outcomes.shots or self.asked

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each outcome came, written as Qiskit does, sorted by outcome."""
        return self.outcomes.counts()

    @property
    def registers(self) -> tuple[str, ...]:
        """The classical registers in the order of their declaration."""
        return (*self.outcomes.registers, *self.outcomes.levels)

    def memory(self) -> list[str]:
        """Return the outcome of every shot, in their order, written as in `counts`."""
        return self.outcomes.memory()

    def array(self, register: str | None = None) -> np.ndarray[Any, Any]:
        """Return the shots of a register, or of the only one, as an array of NumPy.

        It holds 0 and 1 as uint8, of shape (shots, bits), bit k of the register in column k; where
        measurements were not classified, complex numbers: (shots, values), or (values,) of
        averages. Raises UsageError where there is no such register, or several and none is named.
        """
        there = self.registers
        name = there[0] if register is None and len(there) == 1 else register
        if name not in there:
            raise UsageError(
                f"Circuit {self.index} ({self.name}) has no register '{register}'."
                if register is not None
                else f"Circuit {self.index} ({self.name}) has {len(there)} registers.",
                f"Name one of: {', '.join(there)}.",
            )
        if name in self.outcomes.levels:
            return self.outcomes.levels[name].numpy()
        return self.outcomes.registers[name].bits().numpy()


class Results:
    """The results of a set's circuits, in the order in which these were given.

    A circuit is meant by its index, from 0, or by its name; a slice gives the results of some of
    them, counted from 0 again. To go through them yields the circuits whose results are here, and
    leaves out the others; those of one job are in memory at a time. May be used from several
    threads, and pickled for other programs on this machine.
    """

    def __init__(
        self,
        circuits: Sequence[CircuitRecord],
        jobs: Sequence[JobRecord],
        opened: Callable[[], AbstractContextManager[Manifest]],
        indexes: range | None = None,
    ) -> None:
        self._parts = circuits, jobs, opened
        self._circuits = circuits
        self._indexes = range(len(circuits)) if indexes is None else indexes
        self._known = CircuitIndex(circuits)
        self._reader = ResultReader(circuits, jobs, opened)
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (*self._parts, self._indexes)

    def __repr__(self) -> str:
        return f"<Results of {len(self)} circuits, {len(self.missing)} jobs missing>"

    def __len__(self) -> int:
        """Return how many circuits these are, whether or not their results are here."""
        return len(self._indexes)

    def __iter__(self) -> Iterator[CircuitResult]:
        for index in self._indexes:
            found = self._read(index)
            if found is not None:
                yield found

    @overload
    def __getitem__(self, which: int | str) -> CircuitResult: ...

    @overload
    def __getitem__(self, which: slice) -> Results: ...

    def __getitem__(self, which: int | str | slice) -> CircuitResult | Results:
        """Return the results of a circuit, or of those of a slice.

        Raises IndexError for an index that there is not, UsageError for a name that no circuit has,
        or several, and MissingResults where they are not here.
        """
        if isinstance(which, slice):
            return Results(*self._parts, self._indexes[which])
        index = self._known.named(which) if isinstance(which, str) else self._at(which)
        if index not in self._indexes:
            raise self._known.unknown(which)
        found = self._read(index)
        if found is None:
            job = self._reader.missing(index)[0]
            reason = f": {job.reason}" if job.reason else "."
            raise MissingResults(
                f"The results of circuit {index} are not here: job {job.index} is "
                f"{job.status}{reason}",
                "`missing` lists all such jobs.",
            )
        return found

    def _at(self, position: object) -> int:
        number = as_index(position)
        if number is None:
            raise TypeError(f"A circuit is meant by its index or its name, not by {position!r}.")
        if not -len(self) <= number < len(self):
            raise IndexError(
                f"There is no circuit {number}: there are {len(self)}, counted from 0."
            )
        return self._indexes[number]

    @property
    def missing(self) -> list[JobRecord]:
        """The jobs of these circuits whose results are not here, for whatever reason."""
        found = {job.index: job for index in self._indexes for job in self._reader.missing(index)}
        return list(found.values())

    def expectation_values(self) -> list[ExpectationValue]:
        """Return the values of the observables of these circuits, with their standard errors.

        They are in the order of the circuits as they were given, of their runs, and of the
        observables; the value is None where results are missing. Of a slice they are those whose
        measured circuits are all in it. There are none where no observables were given, or where
        they are lost: see `recover`.
        """
        _, _, opened = self._parts
        with opened() as manifest:
            observed, _ = find_observed(manifest.measured())
        inside = [each for each in observed if all(n in self._indexes for n in each.measured())]
        return list(expectation_values(inside, self._circuits, self._outcomes))

    def to_dataframe(self, library: str | None = None, *, counts: bool = False) -> Any:
        """Return a data frame with a row for each outcome of each circuit that is here.

        Its columns are index, name, outcome (the bits as a text), count (shots), and the circuits'
        metadata, in the order of the circuits; a key that is called as one of these stands behind
        `metadata.`. In a column of polars whose values do not go together they are JSON. `library`
        is "pandas" or "polars"; without it whichever is installed, pandas first. Raises
        MissingPackage.

        Of circuits with observables there is a row for each of these instead, unless `counts` are
        asked for: index, name, observable, value, standard_error, shots, and the metadata.
        """
        values = [] if counts else self.expectation_values()
        if values:
            fields = ("index", "name", "observable", "value", "standard_error", "shots")
            rows = [tuple(getattr(value, field) for field in fields) for value in values]
            columns = [(field, _KINDS.get(field, "Float64")) for field in fields]
            return _frame(columns, rows, [value.metadata for value in values], library)
        outcomes = [
            (result, outcome, count) for result in self for outcome, count in result.counts.items()
        ]
        return _frame(
            [(field, _KINDS[field]) for field in ("index", "name", "outcome", "count")],
            [(result.index, result.name, outcome, count) for result, outcome, count in outcomes],
            [result.metadata for result, _, _ in outcomes],
            library,
        )

    def primitive_result(self) -> Any:
        """Return the outcomes as Qiskit's `PrimitiveResult`, a `SamplerPubResult` for each circuit.

        Raises MissingPackage where Qiskit 2 is not installed, MissingResults where results of any
        of the circuits are not here.
        """
        from ..circuits.primitives import primitive_result

        if self.missing:
            job = self.missing[0]
            raise MissingResults(
                f"The results of job {job.index}, which is {job.status}, are not here.",
                "`missing` lists all such jobs; a slice leaves their circuits out.",
            )
        whole = (self[position] for position in range(len(self)))
        return primitive_result(
            (
                {
                    name: (bits.flat().numpy(), bits.num_bits)
                    for name, bits in result.outcomes.registers.items()
                },
                {name: values.numpy() for name, values in result.outcomes.levels.items()},
                dict(result.metadata),
            )
            for result in whole
        )

    def _read(self, index: int) -> CircuitResult | None:
        circuit = self._circuits[index]
        outcomes = self._outcomes(index)
        if outcomes is None:
            return None
        return CircuitResult(index, circuit.name, circuit.metadata, outcomes, circuit.shots)

    def _outcomes(self, index: int) -> PubResult | None:
        try:
            with self._lock:
                return self._reader.outcomes(index)
        except StoredResultError as error:
            raise MissingResults(
                f"The results of circuit {index} are damaged on disk.",
                "`results()` of the set fetches them again.",
            ) from error


_FRAMES = ("pandas", "polars")
_KINDS = {"index": "Int64", "count": "Int64", "shots": "Int64"}
_KINDS |= dict.fromkeys(("name", "outcome", "observable"), "String")
_OF_PANDAS = {"Int64": "int64", "Float64": "float64", "String": "str"}


def _frame(
    columns: Sequence[tuple[str, str]],
    rows: Sequence[tuple[object, ...]],
    metadata: Sequence[Mapping[str, object]],
    library: str | None,
) -> Any:
    """Return a data frame of rows, whose columns have a name and a kind, and their metadata."""
    name = library or next((each for each in _FRAMES if importlib.util.find_spec(each)), _FRAMES[0])
    if name not in _FRAMES:
        raise UsageError(f"There are no data frames of '{name}'.", f"Use {' or '.join(_FRAMES)}.")
    try:
        frames: Any = importlib.import_module(name)
    except ImportError as error:
        raise MissingPackage(
            f"Data frames need {name}, which is not installed.", f"pip install {name}"
        ) from error
    kinds = dict(columns)
    data = {column: [row[at] for row in rows] for at, column in enumerate(kinds)}
    for key in dict.fromkeys(key for each in metadata for key in each):
        named = f"metadata.{key}" if key in kinds else key
        data[named] = [each.get(key) for each in metadata]
    if name == "polars":
        frame = frames.DataFrame({key: _series(frames, data[key]) for key in data})
        return frame.cast({column: getattr(frames, kind) for column, kind in columns})
    return frames.DataFrame(data).astype({column: _OF_PANDAS[kind] for column, kind in columns})


def _series(polars: Any, values: list[object]) -> Any:
    """Return a column; where its values are of kinds that do not go together, they are JSON."""
    if len({type(value) for value in values} - {type(None)}) > 1:
        values = [
            value if value is None or isinstance(value, str) else json.dumps(value)
            for value in values
        ]
    return polars.Series(values, strict=False)


def find_circuits(circuits: Sequence[CircuitRecord], wanted: Sequence[str]) -> list[int]:
    """Return the indexes that `wanted` (indexes or names) mean, in that order, each once.

    A number is an index; behind `name:` it is a name. Raises UsageError for one that fits none, or
    a name that stands several times.
    """
    known = CircuitIndex(circuits)
    indexes: dict[int, None] = {}
    for key in wanted:
        if key.isascii() and key.isdecimal() and int(key) < len(known):
            indexes[int(key)] = None
        else:
            indexes[known.named(key if key in known else key.removeprefix(_NAME))] = None
    return list(indexes)


def read_results(
    manifest: Manifest,
    indexes: Sequence[int] | None = None,
    registers: Sequence[str] | None = None,
    *,
    repeat: int | None = None,
) -> Iterator[CircuitResult]:
    """Yield the results that are here, of all circuits in input order, or of `indexes`.

    `registers` leaves only those of each circuit; `check_registers` tells whether all have them.
    The repeats of a circuit are merged, unless one `repeat` is wanted. One job's results of each
    repeat are in memory at a time; circuits whose results are not here are left out.
    """
    circuits = manifest.circuits()
    jobs = [job for job in manifest.jobs() if repeat in {None, job.repeat}]
    reader = ResultReader(circuits, jobs, lambda: contextlib.nullcontext(manifest))
    for index in range(len(circuits)) if indexes is None else indexes:
        circuit, outcomes = circuits[index], reader.outcomes(index)
        if outcomes is None:
            continue
        if registers:
            outcomes = outcomes.only(registers)
        yield CircuitResult(index, circuit.name, circuit.metadata, outcomes, circuit.shots)


def read_values(
    manifest: Manifest, observed: Sequence[Observed], runs: Collection[int] | None = None
) -> Iterator[ExpectationValue]:
    """Yield the values of observables, of all circuits in input order, or of `runs` by index."""
    circuits = manifest.circuits()
    reader = ResultReader(circuits, manifest.jobs(), lambda: contextlib.nullcontext(manifest))
    return expectation_values(observed, circuits, reader.outcomes, runs)


def find_runs(
    observed: Sequence[Observed], circuits: Sequence[CircuitRecord], wanted: Sequence[str]
) -> list[int]:
    """Return the indexes that `wanted` mean of circuits with observables, see `find_circuits`."""
    records = [
        replace(circuits[first], index=each.index + run, name=each.name(run, circuits))
        for each in observed
        for run, first in enumerate(range(each.firsts[0], each.firsts[0] + each.runs))
    ]
    known, indexes = CircuitIndex(records), {record.index for record in records}
    found: dict[int, None] = {}
    for key in wanted:
        if key.isascii() and key.isdecimal() and int(key) in indexes:
            found[int(key)] = None
        else:
            name = key if key in known else key.removeprefix(_NAME)
            try:
                found[known.named(name)] = None
            except UsageError as error:
                if name in known or not any(_is_called(circuit, name) for circuit in circuits):
                    raise
                raise UsageError(
                    f"The circuit '{name}' was measured for observables: it has counts alone.",
                    Words(
                        "Ask for them with {}, or name the circuit that was given.",
                        Argument("counts", value=True),
                    ),
                ) from error
    return list(found)


def _is_called(circuit: CircuitRecord, name: str) -> bool:
    return name in {circuit.name, circuit.name.rpartition("@")[0]}


def raw_bodies(manifest: Manifest) -> Iterator[tuple[JobRecord, bytes]]:
    """Yield every result body that is here, as the service sent it, with its job."""
    for job in manifest.jobs():
        if job.remote is not None and job.stored:
            body = manifest.result(job.remote.id)
            assert body is not None
            yield job, body


def check_registers(
    manifest: Manifest, indexes: Sequence[int] | None, registers: Sequence[str]
) -> None:
    """Raise UsageError for the first circuit that lacks one of the registers."""
    for result in read_results(manifest, indexes):
        there = {**result.outcomes.registers, **result.outcomes.levels}
        lacking = [name for name in registers if name not in there]
        if lacking:
            raise UsageError(
                f"Circuit {result.index} ({result.name}) has no register '{lacking[0]}'.",
                with_suggestion(
                    Words(
                        "Its registers are: {}. Name others with {}.",
                        ", ".join(there),
                        Argument("circuit"),
                    ),
                    lacking[0],
                    there,
                ),
            )


def repair(manifest: Manifest) -> int:
    """Check every stored body; forget those that are damaged, so that they are fetched again.

    Return how many that is. Of a private job the service has no second copy: its result is lost.
    """
    damaged = []
    known = manifest.snapshot()
    for job in known.jobs:
        if job.remote is None or not job.stored:
            continue
        try:
            # It passed its check before it was stored: that it is unchanged is enough.
            if manifest.result(job.remote.id) is None:
                damaged.append(job.remote)
        except StoredResultError:
            damaged.append(job.remote)
    if damaged:
        with manifest.transaction() as change:
            for remote in damaged:
                reason = "its stored results were damaged on disk"
                if known.record.private or remote.private:
                    # There is no other copy: what is left of this one stays in the set's file.
                    change.jobs.lose_result(remote, reason)
                else:
                    change.jobs.drop_result(remote, reason)
    return len(damaged)


Opened = Callable[[], AbstractContextManager[Manifest]]


class ResultReader:
    """The jobs of a set by the circuits that they hold, and the results that were read last.

    Of each repeat one job's results are in memory at a time; where circuits of equal shots stand
    together in what is sent, one of each such group, since in input order these take turns.
    `opened` opens the manifest for the block of a `with`, whenever it has to be read. Not for
    several threads at once.
    """

    def __init__(
        self, circuits: Sequence[CircuitRecord], jobs: Sequence[JobRecord], opened: Opened
    ) -> None:
        self._circuits = circuits
        self._sent = sorted(circuits, key=attrgetter("place"))
        self._opened = opened
        self._jobs: dict[int, list[JobRecord]] = {}  # by repeat
        for job in jobs:
            self._jobs.setdefault(job.repeat, []).append(job)
        self._starts = {
            repeat: [job.first_place for job in listed] for repeat, listed in self._jobs.items()
        }
        # The group at each place: where the index falls, circuits begin that were moved behind.
        falls = (after.index < before.index for before, after in pairwise(self._sent))
        self._groups = [*accumulate(falls, initial=0)]
        self._read: dict[tuple[int, int], tuple[int, Sequence[PubResult]]] = {}

    def jobs(self, circuit: int) -> list[JobRecord]:
        """Return the jobs that hold a circuit, one for each repeat that it takes."""
        found, record = [], self._circuits[circuit]
        for repeat, jobs in self._jobs.items():
            position = bisect_right(self._starts[repeat], record.place) - 1
            if position >= 0 and jobs[position].holds(record):
                found.append(jobs[position])
        return found

    def missing(self, circuit: int) -> list[JobRecord]:
        """Return those of them whose results are not here."""
        return [job for job in self.jobs(circuit) if not job.stored]

    def outcomes(self, circuit: int) -> PubResult | None:
        """Return a circuit's outcomes, of all its repeats that are here; None where none is.

        Raises StoredResultError where they are damaged on disk.
        """
        place = self._circuits[circuit].place
        found = [
            self._results(job)[place - job.first_place] for job in self.jobs(circuit) if job.stored
        ]
        return found[0].joined(found[1:]) if found else None

    def _results(self, job: JobRecord) -> Sequence[PubResult]:
        from ..service.results import decode_circuits

        group = job.repeat, self._groups[job.first_place]
        last = self._read.pop(group, None)
        if last is None or last[0] != job.index:
            assert job.remote is not None
            shots = [
                repeat_shots(circuit.shots, job.shots, job.repeat)
                for circuit in self._sent[job.first_place : job.last_place + 1]
            ]
            with self._opened() as manifest:
                body = manifest.result(job.remote.id)
                if body is None:
                    raise StoredResultError  # it was dropped since the jobs were looked at
                found = _as_declared(manifest, job, decode_circuits(body, shots))
            last = job.index, found
        if len(self._read) >= _MOST_GROUPS * len(self._jobs):
            self._read.pop(next(iter(self._read)))  # the one that was read least recently
        self._read[group] = last
        return last[1]


def _as_declared(
    manifest: Manifest, job: JobRecord, found: Sequence[PubResult]
) -> Sequence[PubResult]:
    """Return outcomes with registers in the order of the circuits, whatever that of the answer."""
    if all(len(result.registers) < 2 and len(result.levels) < 2 for result in found):
        return found
    shapes = shapes_of(manifest, job)
    return [
        result.ordered([name for name, _ in shape.cregs]) if shape is not None else result
        for result, shape in zip(found, shapes, strict=False)
    ]


_MOST_LISTED = 20


class CircuitIndex:
    """The circuits of a set by their names."""

    def __init__(self, circuits: Sequence[CircuitRecord]) -> None:
        self._total = len(circuits)
        self._named: dict[str, list[int]] = {}
        self._labelled = {circuit.index for circuit in circuits if _LABEL in circuit.metadata}
        self._runs: dict[str, list[int]] | None = None
        for circuit in circuits:
            self._named.setdefault(circuit.name, []).append(circuit.index)

    def __len__(self) -> int:
        return self._total

    def __contains__(self, name: object) -> bool:
        return name in self._named

    def named(self, name: str) -> int:
        """Return the index of the circuit of this name.

        The name of a circuit that was run with several values, `name@0` and so on, may be given
        without its number. Raises UsageError, with the indexes where there are several.
        """
        found = self._named.get(name) or self._numbered().get(name, [])
        if len(found) > 1:
            listed = ", ".join(map(str, found[:_MOST_LISTED]))
            more = ", …" if len(found) > _MOST_LISTED else ""
            raise UsageError(
                f"{len(found)} circuits are named '{name}': {listed}{more}.",
                "Use the index of one.",
            )
        if not found:
            raise self.unknown(name)
        return found[0]

    def unknown(self, what: object) -> UsageError:
        """Return the error that tells that there is no such circuit."""
        if self._total == 1:
            (only,) = self._named
            hint = f"Its only circuit is '{only}', of index 0."
        else:
            hint = f"Use a circuit's name, or an index from 0 to {self._total - 1}."
        known = {*self._named, *self._numbered()}
        return UsageError(
            f"The set has no circuit '{what}'.", with_suggestion(hint, str(what), sorted(known))
        )

    def _numbered(self) -> dict[str, list[int]]:
        """Return the runs of each circuit that was run with values, by its own name."""
        if self._runs is None:
            self._runs = {}
            for name, indexes in self._named.items():
                own, mark, number = name.rpartition("@")
                counted = number.isascii() and number.isdecimal()
                if mark and (counted or not self._labelled.isdisjoint(indexes)):
                    self._runs.setdefault(own, []).extend(indexes)
        return self._runs

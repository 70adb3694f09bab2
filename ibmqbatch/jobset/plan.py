"""Planning: from files to a manifest, before anything is sent."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..alike import Groups, shape
from ..errors import Argument, InputError, LimitError, Problem, UsageError, Words
from ..manifest.draft import Draft, DraftCircuit, DraftJob, DraftSet
from ..manifest.files import manifest_path
from ..manifest.ids import new_set_id
from .backends import find_backend
from .device import device_of
from .errors import TooManyJobs
from .estimate import JOB_SECONDS, check_budget, shot_seconds, usage_of
from .job_writer import make_randomizer
from .notes import fits
from .once import is_changed, reserved
from .options import is_twirled
from .request import COMPILER_SEED_BITS, EXECUTOR, SAMPLER, Request, fingerprint
from .sampler import pub_size, row_size
from .split import Chunk, Limits, Splitter, repeats
from .tags import MAX_REPEATS

if TYPE_CHECKING:
    from ..circuits.device import Device
    from ..circuits.preparer import Preparation, ReadyProgram
    from ..service.client import Client
    from ..service.endpoint import Account
    from ..service.models import Backend, Usage

__all__ = ["Plan", "PlannedSet", "make_plan", "plan_set"]

# A circuit with what draws its twirling is so many times as large, at 20 layers of 30 qubits.
_TEMPLATE_SIZE = 20
# What is said of observables for which a note has no room.
_LONG = (
    "has observables that are too long to be kept on the service: they are in the set's file "
    "alone, and a set that is recovered has counts in their place."
)
_SEED_BITS = 30
_COMPUTE = "IBMQBATCH_COMPUTE"  # the variable that names a cluster for all sets
_MICRO = 1e-6
_ROUNDING = 1e-12  # seconds


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent. `minutes` is the time that the account's pace makes it take.

    `shots` are those of a circuit that has none of its own, or, with a precision, the most.
    `seconds` is an estimate of what the quantum processor takes (see `estimate.shot_seconds`), None
    where there is none. `usage` is what the instance has. `extra_jobs` are those that there are
    only because the circuits of a job have equal shots and are of one kind. `notes` are what the
    owner of the circuits should know; of many that are alike the first.
    """

    name: str
    total_circuits: int
    shots: int
    chunks: tuple[Chunk, ...] = field(repr=False)
    minutes: float
    seconds: float | None = None
    usage: Usage | None = None
    extra_jobs: int = 0
    notes: tuple[str, ...] = ()

    @property
    def total_jobs(self) -> int:
        """How many jobs there are."""
        return len(self.chunks)

    @property
    def executions(self) -> int:
        """The shots of all circuits, over all jobs."""
        return sum(chunk.executions for chunk in self.chunks)

    @property
    def bytes(self) -> int:
        """The encoded circuits' size, over all jobs."""
        return sum(chunk.bytes for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class PlannedSet:
    """The set that was planned, or found: `path` is that of its file, None on a dry run.

    `plan` is None where it was found, made with the same key before; `changed` tells that it was
    made of something else then. `fresh`: nobody can have sent anything of it yet.
    """

    set_id: str
    path: Path | None
    plan: Plan | None
    fresh: bool
    changed: bool = False


def plan_set(
    request: Request,
    client: Client,
    account_name: str | None,
    backend_name: str | None,
    progress: Callable[[str, int, int], None],
    *,
    chosen: Callable[[Account, Backend], None] = lambda *_: None,
    dry_run: bool = False,
    most_jobs: int | None = None,
) -> PlannedSet:
    """Plan a set for a backend of an account, or find the one that was made with the same key.

    The account is that of `client`, to which `account_name` has led; without a name of a backend it
    is the account's own. `chosen` is called with both before the circuits are read. A dry run
    writes nothing. Raises what `find_backend` and `make_plan` do, and ServiceErrors.
    """
    account = client.account
    key = None if dry_run else request.once_key
    mark = fingerprint(request) if key else ""
    with reserved(key, mark) as (set_id, fresh):
        path = manifest_path(set_id)
        if path.exists():
            changed = key is not None and is_changed(key, mark)
            return PlannedSet(set_id, path, None, fresh=False, changed=changed)
        backend = find_backend(client, account_name, backend_name)
        chosen(account, backend)
        plan, written = make_plan(
            request,
            account,
            backend,
            client.instance,
            progress,
            usage=usage_of(client, backend),
            dry_run=dry_run,
            set_id=set_id,
            most_jobs=most_jobs,
        )
        # A set whose id was handed out before may have been sent, though its file is gone.
        return PlannedSet(set_id, written, plan, fresh=fresh)


def make_plan(
    request: Request,
    account: Account,
    backend: Backend,
    instance: str,
    progress: Callable[[str, int, int], None],
    *,
    usage: Usage | None = None,
    dry_run: bool = False,
    set_id: str | None = None,
    most_jobs: int | None = None,
) -> tuple[Plan, Path | None]:
    """Read the circuits, split them into jobs, and write the manifest unless `dry_run`.

    The request has passed `check_request`; `usage` is what the instance has used. Circuits go to
    disk as they are read: memory does not grow with the set. Raises InputError with all that is
    wrong with the input, LimitError where it would cost too much, and TooManyJobs where it would
    take more than `most_jobs`.
    """
    assert request.name is not None
    seed = secrets.randbits(_SEED_BITS) if request.seed is None else request.seed
    _check_measurements(request, backend)
    _check_rep_delay(request, backend)
    preparation = _preparation(request)
    device = device_of(backend)
    rep_delay = request.options.get("execution", {}).get("rep_delay", device.rep_delay)
    limits = Limits(
        circuits=_most_circuits(request, backend),
        shots=backend.max_shots,
        alike=request.program != SAMPLER,
    )
    splitter = Splitter(limits)
    twirled_here = request.program == EXECUTOR and is_twirled(request.options)
    notes: Groups[str] = Groups()
    total = most_shots = 0
    seconds = 0.0 if device.instructions else None
    with contextlib.ExitStack() as stack:
        original: int | None = None
        draft = None if dry_run else stack.enter_context(Draft(set_id or new_set_id()))
        for program in _ready_programs(request, device, preparation, progress):
            for note in _notes_of(program):
                notes.add(shape(note), f"{program.where} {note}")
            shots = program.shots or request.shots
            _check_repeats(shots, backend)
            most_shots = max(most_shots, shots)
            total += len(program.circuits)
            if seconds is not None and program.cost.duration is not None:
                per_shot = shot_seconds(program.cost.duration, rep_delay)
                seconds += len(program.circuits) * shots * per_shot
            # Where a table or a precision gives shots, a circuit may have others than its job.
            given = request.table is not None or request.precision is not None
            own = given or shots > (backend.max_shots or shots)
            for number, circuit in enumerate(program.circuits):
                values = len(circuit.values) if circuit.values else None
                size = pub_size(len(program.body), values=values, own_shots=own)
                size *= _TEMPLATE_SIZE if twirled_here else 1
                row = row_size(values) if number and values else None
                splitter.add(program.cost, shots, size, row, program.body_kind)
            if draft is not None:
                original = _write_program(draft, program, shots, original)
        chunks, extra = splitter.finish()
        if not total:
            raise InputError(
                [Problem("no_circuits", "There are no circuits to submit.", "Name other files.")]
            )
        if most_jobs is not None and len(chunks) > most_jobs:
            raise TooManyJobs(
                f"{total} circuits of {most_shots} shots take {len(chunks)} jobs of "
                f"{backend.name}, not {most_jobs}.",
                "Give fewer circuits, or ask for fewer shots.",
            )
        if seconds is not None:
            seconds += JOB_SECONDS * len(chunks)
        budget_note = check_budget(seconds, request.max_cost, usage, dry_run=dry_run)
        plan = Plan(
            name=request.name,
            total_circuits=total,
            shots=request.shots if request.precision is None else most_shots,
            chunks=tuple(chunks),
            minutes=account.minutes_to_send(len(chunks)),
            seconds=seconds,
            usage=usage,
            extra_jobs=extra,
            notes=(
                *_shown(notes),
                *filter(None, [_cost_of_equal_shots(len(chunks), extra), budget_note]),
            ),
        )
        if draft is None:
            return plan, None
        if device.instructions:
            draft.add_device(backend.configuration, backend.properties)
        most = min(most_shots, backend.max_shots or most_shots)
        path = draft.commit(
            DraftSet(
                account=account.name,
                instance=instance,
                backend=backend.name,
                calibrated_at=backend.calibrated_at,
                once_key=request.once_key,
                shots=plan.shots,
                seed=seed,
                options=_options(request, backend, seed),
                name=request.name,
                tags=request.tags,
                compilation=_compilation(preparation, backend),
                max_fails=request.max_fails,
                program=request.program,
                private=request.private,
                max_execution_time=request.max_execution_time,
                batch=request.batch,
                estimated_seconds=seconds,
                run_config=request.run_config,
                grouped=splitter.grouped,
            ),
            [DraftJob(chunk.first, chunk.last, chunk.repeat, most) for chunk in chunks],
        )
        return plan, path


def _preparation(request: Request) -> Preparation:
    """Return how circuits are compiled: with one seed for all, a fixed one unless another is given.

    Then the same circuits are compiled to the same, and need not be compiled again.
    """
    from ..circuits.preparer import Preparation

    return Preparation(
        compiling=request.compiling,
        level=request.level,
        seed=(
            (request.seed or 0) % 2**COMPILER_SEED_BITS
            if request.seed_transpiler is None
            else request.seed_transpiler
        ),
        initial_layout=request.initial_layout,
        measure_all=request.measure_all,
        fractional=request.fractional,
        decoupled=request.options.get("dynamical_decoupling", {}).get("enable") is True,
        twirled=request.options.get("twirling", {}).get("enable_gates") is True,
    )


def _ready_programs(
    request: Request,
    device: Device,
    preparation: Preparation,
    progress: Callable[[str, int, int], None],
) -> Iterator[ReadyProgram]:
    from ..circuits.pipeline import Inputs, prepare

    # What it needs to be installed is looked for before anything is read.
    randomizer = make_randomizer(
        request.program, request.options, device if device.instructions else None
    )
    inputs = Inputs(
        paths=request.paths,
        table=request.table,
        sweep=request.sweep,
        recursive=request.recursive,
        stdin=request.stdin,
        given=request.given,
        rows=request.rows,
        observables=request.observables,
        observables_file=request.observables_file,
        precision=request.precision,
        # What is private is nowhere but in its set.
        cached=request.cached and not request.private,
        compute=request.compute or os.environ.get(_COMPUTE) or None,
    )
    for program in prepare(inputs, device, preparation, progress):
        if randomizer is not None and program.body_kind == "openqasm3":
            raise _not_randomized(program)
        yield program


def _not_randomized(program: ReadyProgram) -> InputError:
    """Return the refusal of a text that would have to be twirled or decoupled here."""
    return InputError(
        [
            Problem(
                "cannot_randomize",
                f"{program.where} names physical qubits and is sent as text, which cannot be "
                "twirled or decoupled on this machine.",
                Words("Use {}, or leave these options out.", Argument("program", SAMPLER)),
                about=program.where,
            )
        ]
    )


def _cost_of_equal_shots(jobs: int, extra: int) -> str:
    """Return what it costs that the circuits of a job are alike, if anything."""
    if not extra:
        return ""
    return Words(
        "a job holds circuits of equal shots and of one kind, which takes {} jobs; with {} there "
        "would be {}.",
        jobs,
        Argument("program", SAMPLER),
        jobs - extra,
    )


def _notes_of(program: ReadyProgram) -> Iterator[str]:
    """Yield what the owner of a program should know of it."""
    yield from program.notes
    if program.measured is not None and not fits(program.measured.document()):
        yield _LONG


def _shown(notes: Groups[str]) -> Iterator[str]:
    """Yield the notes, of many alike the first ones and how many more there are."""
    for group in notes:
        yield from group.shown
        if group.hidden:
            yield f"The same is true of {group.hidden} more circuits."


def _check_measurements(request: Request, backend: Backend) -> None:
    """Refuse what the backend cannot measure, or what could not be put together again."""
    level = request.options.get("execution", {}).get("meas_type", "classified")
    if level == "classified":
        return
    if request.is_observed:
        raise UsageError(
            f"Observables take classified measurements, not {level} ones.",
            Words("Leave {} out.", Argument("meas_type")),
        )
    if backend.seeded:
        raise UsageError(
            f"{backend.name} is simulated: its measurements are classified.",
            Words("Leave {} out, or use a device.", Argument("meas_type")),
        )
    if level == "avg_kerneled" and request.shots > (backend.max_shots or request.shots):
        raise UsageError(
            f"{request.shots} shots take several repeats, whose averages cannot be merged.",
            f"Ask for {backend.max_shots} or fewer, or for kerneled measurements.",
        )


def _check_rep_delay(request: Request, backend: Backend) -> None:
    """Refuse a time between shots that the device does not have."""
    asked = request.options.get("execution", {}).get("rep_delay")
    allowed = backend.configuration.get("rep_delay_range")
    if asked is None or not isinstance(allowed, list) or len(allowed) != 2:
        return
    if not all(isinstance(end, int | float) for end in allowed):
        return
    low, high = (end * _MICRO for end in allowed)
    if not low - _ROUNDING <= asked <= high + _ROUNDING:
        raise UsageError(
            f"A rep delay of {asked:g} s is none that {backend.name} has.",
            f"It takes {low:g} to {high:g} s.",
        )


def _check_repeats(shots: int, backend: Backend) -> None:
    if backend.max_shots is not None and repeats(shots, backend.max_shots) > MAX_REPEATS:
        raise LimitError(
            f"{shots} shots are more than {MAX_REPEATS} repeats of what {backend.name} takes "
            f"at a time ({backend.max_shots}).",
            f"Ask for {MAX_REPEATS * backend.max_shots} or fewer, or split them over several sets.",
        )


def _write_program(
    draft: Draft, program: ReadyProgram, shots: int, original: int | None
) -> int | None:
    """Write a program and the circuits that it stands for.

    Return the number of what it was made of. `original` is that of the program before it, which
    later parts of a circuit with observables share.
    """
    if program.measured is None or not program.measured.part:
        original = (
            None if program.original is None else draft.add_program(program.kind, program.original)
        )
    body = draft.add_body(
        program.sha256,
        program.body,
        program.layout,
        kind=program.body_kind,
        measured=None if program.measured is None else program.measured.document(),
    )
    draft.add_circuits(
        [
            DraftCircuit(
                name=circuit.name,
                metadata=circuit.metadata,
                source=program.source,
                position=program.position,
                shots=shots,
                body=body,
                values=circuit.values,
                program=original,
            )
            for circuit in program.circuits
        ]
    )
    return original


def _compilation(preparation: Preparation, backend: Backend) -> dict[str, object]:
    """Return how the circuits were compiled, for the record; nothing where they were not."""
    if not preparation.compiling or (backend.simulator and preparation.level is None):
        return {}
    return {
        "level": preparation.level,
        "seed_transpiler": preparation.seed,
        "initial_layout": preparation.initial_layout,
        "fractional_gates": preparation.fractional,
    }


def _most_circuits(request: Request, backend: Backend) -> int | None:
    limits = [n for n in (request.max_circuits, backend.max_circuits) if n is not None]
    return min(limits, default=None)


def _options(request: Request, backend: Backend, seed: int) -> dict[str, object]:
    """Return the sampler options of the set. A simulator's seed is a base: see `JobWriter`."""
    asked: dict[str, object] = {group: dict(entries) for group, entries in request.options.items()}
    if not backend.seeded:
        return asked
    # Spread, so that seeds 1 and 2 do not give two sets the same streams one circuit apart.
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8).digest()
    base = int.from_bytes(digest, "big") >> (64 - _SEED_BITS)
    return {**asked, "simulator": {"seed_simulator": base}}
